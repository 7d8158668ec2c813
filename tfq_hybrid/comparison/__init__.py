"""Comparisons of methods, and the recipes of the published systems."""

from tfq_hybrid.comparison.compare import compare
from tfq_hybrid.comparison.found import Comparison
from tfq_hybrid.comparison.join import join
from tfq_hybrid.comparison.reproduce import reproduce
from tfq_hybrid.comparison.statistics import (
    mean_interval,
    paired_difference,
    ratio_interval,
)
from tfq_hybrid.estimate import Estimate

__all__ = [
    "Comparison",
    "Estimate",
    "compare",
    "join",
    "mean_interval",
    "paired_difference",
    "ratio_interval",
    "reproduce",
]
