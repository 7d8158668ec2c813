"""The published systems and their classical twins."""

from tfq_hybrid.models.options import Options
from tfq_hybrid.models.qffn_bert import (
    FEED_FORWARDS,
    QFFNBert,
    QFFNBertTextClassifier,
)
from tfq_hybrid.models.systems import SYSTEMS, Setting, System

__all__ = [
    "FEED_FORWARDS",
    "Options",
    "QFFNBert",
    "QFFNBertTextClassifier",
    "SYSTEMS",
    "Setting",
    "System",
]
