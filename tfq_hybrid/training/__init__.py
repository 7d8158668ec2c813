"""Fit, watch, checkpoint and resume."""

from tfq_hybrid.training.callbacks import ResumableEarlyStopping, StopOnNaN
from tfq_hybrid.training.checkpoint import Checkpoint
from tfq_hybrid.training.cluster import join
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.training.evaluate import evaluate
from tfq_hybrid.training.residuals import ResidualMonitor, residual_ratio
from tfq_hybrid.training.run_folder import RunFolder, check_task, load_trained
from tfq_hybrid.training.tasks import TASKS, Task
from tfq_hybrid.training.telemetry import Telemetry, gradient_groups
from tfq_hybrid.training.train import train
from tfq_hybrid.training.workers import Workers

__all__ = [
    "Checkpoint",
    "ResidualMonitor",
    "ResumableEarlyStopping",
    "RunFolder",
    "StopOnNaN",
    "TASKS",
    "Task",
    "Telemetry",
    "TrainConfig",
    "Workers",
    "check_task",
    "evaluate",
    "gradient_groups",
    "join",
    "load_trained",
    "residual_ratio",
    "train",
]
