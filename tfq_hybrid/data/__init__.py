"""Labelled text: TFDS, local files and the embedded corpus."""

from tfq_hybrid.data.datasets import TextDataset, load_dataset
from tfq_hybrid.data.vocabulary import learn_vocabulary

__all__ = ["TextDataset", "learn_vocabulary", "load_dataset"]
