"""The published systems and their classical twins."""

from tfq_hybrid.models.qffn_bert import (
    FEED_FORWARDS,
    QFFNBert,
    QFFNBertTextClassifier,
)

__all__ = ["FEED_FORWARDS", "QFFNBert", "QFFNBertTextClassifier"]
