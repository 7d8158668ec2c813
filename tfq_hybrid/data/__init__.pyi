__all__ = [
    "Corpus",
    "DIALOGUE_TOKENS",
    "Rows",
    "TextDataset",
    "TokenDataset",
    "byte_pair_vocabulary",
    "encode_corpus",
    "is_data_file",
    "is_local",
    "learn_merges",
    "learn_vocabulary",
    "load_corpus",
    "load_dataset",
    "read_rows_of_texts",
    "rows_of_lines",
    "splits_of",
    "token_bytes",
]

from .corpora import Corpus, TokenDataset, encode_corpus, load_corpus
from .datasets import TextDataset, is_local, load_dataset, splits_of
from .texts import Rows, is_data_file, read_rows_of_texts, rows_of_lines
from .vocabulary import (
    DIALOGUE_TOKENS,
    byte_pair_vocabulary,
    learn_merges,
    learn_vocabulary,
    token_bytes,
)
