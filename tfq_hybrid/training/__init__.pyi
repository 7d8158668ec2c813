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

from .callbacks import ResumableEarlyStopping, StopOnNaN
from .checkpoint import Checkpoint
from .cluster import join
from .config import TrainConfig
from .evaluation import evaluate
from .fit import train
from .residuals import ResidualMonitor, residual_ratio
from .run_folder import RunFolder, check_task, load_trained
from .tasks import TASKS, Task
from .telemetry import Telemetry, gradient_groups
from .workers import Workers
