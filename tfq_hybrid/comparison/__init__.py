"""The recipes behind `tfq-hybrid reproduce`."""

from tfq_hybrid.comparison.reproduce import reproduce
from tfq_hybrid.comparison.statistics import (
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
