"""The recipes behind `tfq-hybrid reproduce`."""

from tfq_hybrid.experiments.reproduce import reproduce
from tfq_hybrid.experiments.statistics import (
    Interval,
    mean_interval,
    paired_difference,
    ratio_interval,
)

__all__ = [
    "Interval",
    "mean_interval",
    "paired_difference",
    "ratio_interval",
    "reproduce",
]
