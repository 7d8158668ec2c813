"""What the circuits do while a model trains: readings, pictures, alarms."""

from tfq_hybrid.training.telemetry.readings import (
    gradient_groups,
    watched_circuits,
)
from tfq_hybrid.training.telemetry.residuals import (
    ResidualMonitor,
    residual_monitors,
    residual_ratio,
)
from tfq_hybrid.training.telemetry.watch import Telemetry

__all__ = [
    "ResidualMonitor",
    "Telemetry",
    "gradient_groups",
    "residual_monitors",
    "residual_ratio",
    "watched_circuits",
]
