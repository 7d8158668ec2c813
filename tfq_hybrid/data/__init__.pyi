__all__ = [
    "Corpus",
    "DIALOGUE_TOKENS",
    "TextDataset",
    "TokenDataset",
    "byte_pair_vocabulary",
    "encode_corpus",
    "is_local",
    "learn_merges",
    "learn_vocabulary",
    "load_corpus",
    "load_dataset",
    "splits_of",
    "token_bytes",
]

from .corpora import Corpus, TokenDataset, encode_corpus, load_corpus
from .datasets import TextDataset, is_local, load_dataset, splits_of
from .vocabulary import (
    DIALOGUE_TOKENS,
    byte_pair_vocabulary,
    learn_merges,
    learn_vocabulary,
    token_bytes,
)
