"""What the circuits do while a model trains: readings, pictures, alarms."""

from tfq_hybrid.training.telemetry.watch import Telemetry
from tfq_hybrid.training.telemetry.watched import (
    gradient_groups,
    watched_circuits,
)

__all__ = ["Telemetry", "gradient_groups", "watched_circuits"]
