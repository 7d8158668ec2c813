__all__ = [
    "ChatFormat",
    "Corpus",
    "DIALOGUE_TOKENS",
    "Rows",
    "LabelSets",
    "ScoredTexts",
    "TaggedSentences",
    "TaggedTokens",
    "TextDataset",
    "TokenDataset",
    "byte_pair_vocabulary",
    "begin_tokens",
    "encode_corpus",
    "encode_prompt",
    "is_data_file",
    "encode_tagged",
    "is_local",
    "is_running_text",
    "learn_merges",
    "learn_vocabulary",
    "load_conllu",
    "load_corpus",
    "load_dataset",
    "read_rows_of_texts",
    "read_rows_of_words",
    "rows_of_lines",
    "load_label_sets",
    "load_scored",
    "split_words",
    "splits_of",
    "stop_tokens",
    "token_bytes",
    "tokens_around",
    "tokens_of_words",
]

from .conllu import TaggedSentences, load_conllu
from .corpora import Corpus, is_running_text, load_corpus
from .datasets import TextDataset, is_local, load_dataset, splits_of
from .dialogues import (
    ChatFormat,
    begin_tokens,
    encode_prompt,
    stop_tokens,
    tokens_around,
)
from .label_sets import LabelSets, load_label_sets
from .scored import ScoredTexts, load_scored
from .tagged import TaggedTokens, encode_tagged
from .texts import (
    Rows,
    is_data_file,
    read_rows_of_texts,
    read_rows_of_words,
    rows_of_lines,
)
from .vocabulary import (
    DIALOGUE_TOKENS,
    byte_pair_vocabulary,
    learn_merges,
    learn_vocabulary,
    token_bytes,
)
from .windows import TokenDataset, encode_corpus
from .words import split_words, tokens_of_words
