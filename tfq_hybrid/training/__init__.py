"""Fit, watch, checkpoint and resume."""

from tfq_hybrid.training.callbacks import ResumableEarlyStopping, StopOnNaN
from tfq_hybrid.training.checkpoint import Checkpoint
from tfq_hybrid.training.config import CLASSICAL, MODELS, TrainConfig
from tfq_hybrid.training.evaluate import evaluate, load_trained
from tfq_hybrid.training.run_folder import RunFolder
from tfq_hybrid.training.telemetry import Telemetry, gradient_groups
from tfq_hybrid.training.train import train

__all__ = [
    "CLASSICAL",
    "MODELS",
    "Checkpoint",
    "ResumableEarlyStopping",
    "RunFolder",
    "StopOnNaN",
    "Telemetry",
    "TrainConfig",
    "evaluate",
    "gradient_groups",
    "load_trained",
    "train",
]
