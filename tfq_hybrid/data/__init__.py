"""Labelled text: TFDS, local files and the embedded corpus."""

from tfq_hybrid.data.datasets import (
    TextDataset,
    is_local,
    load_dataset,
    splits_of,
)
from tfq_hybrid.data.vocabulary import learn_vocabulary

__all__ = [
    "TextDataset",
    "is_local",
    "learn_vocabulary",
    "load_dataset",
    "splits_of",
]
