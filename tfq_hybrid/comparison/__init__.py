"""The recipes behind `tfq-hybrid reproduce`."""

from tfq_hybrid.comparison.reproduce import reproduce
from tfq_hybrid.comparison.statistics import (
    mean_interval,
    paired_difference,
    ratio_interval,
)
from tfq_hybrid.estimate import Estimate

__all__ = [
    "Estimate",
    "mean_interval",
    "paired_difference",
    "ratio_interval",
    "reproduce",
]
