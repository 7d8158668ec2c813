"""Text, labelled or plain: TFDS, local files and the embedded corpus."""

from tfq_hybrid.data.corpora import Corpus, load_corpus
from tfq_hybrid.data.datasets import (
    TextDataset,
    is_local,
    load_dataset,
    splits_of,
)
from tfq_hybrid.data.tokens import TokenDataset, encode_corpus
from tfq_hybrid.data.vocabulary import (
    DIALOGUE_TOKENS,
    byte_pair_vocabulary,
    learn_merges,
    learn_vocabulary,
    token_bytes,
)

__all__ = [
    "DIALOGUE_TOKENS",
    "Corpus",
    "TokenDataset",
    "byte_pair_vocabulary",
    "encode_corpus",
    "learn_merges",
    "load_corpus",
    "TextDataset",
    "is_local",
    "learn_vocabulary",
    "load_dataset",
    "splits_of",
    "token_bytes",
]
