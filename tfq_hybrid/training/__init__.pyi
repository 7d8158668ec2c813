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
    "evaluate_on_device",
    "gradient_groups",
    "join",
    "load_trained",
    "residual_ratio",
    "train",
]

from .checkpoint import Checkpoint, ResumableEarlyStopping, StopOnNaN
from .cluster import join
from .config import TrainConfig
from .fit import train
from .on_device import evaluate_on_device
from .run_folder import RunFolder, check_task, load_trained
from .tasks import TASKS, Task, evaluate
from .telemetry.readings import gradient_groups
from .telemetry.residuals import ResidualMonitor, residual_ratio
from .telemetry.watch import Telemetry
from .workers import Workers
