"""The tokenizer of HyQuT: byte pairs, learned from the training text."""

from collections.abc import Sequence
from typing import Any

import keras
import keras_hub

from tfq_hybrid.data import (
    DIALOGUE_TOKENS,
    ChatFormat,
    byte_pair_vocabulary,
)


@keras.saving.register_keras_serializable("tfq_hybrid")
class HyQuTTokenizer(keras_hub.tokenizers.BytePairTokenizer):
    """A byte-level byte-pair tokenizer with the tokens of a dialogue.

    It takes every text, in any language, and gives it back unchanged. The
    special tokens are `<|pad|>`; `<|endoftext|>`, which begins and ends
    every text; `<|user|>` and `<|assistant|>`, before what each says.

    Args:
        vocabulary: dict of a token and its id. Defaults to `None`: set when
            a preset is loaded.
        merges: pairs of tokens with a space between them, the first to be
            merged first. Defaults to `None`, as above.

    Example:

    >>> tokenizer = HyQuTTokenizer.from_merges(["h i", "Ġ hi"])
    >>> tokenizer.tokenize("hi hi")
    [260, 261]
    >>> tokenizer.detokenize([260, 261])
    'hi hi'
    """

    def __init__(
        self,
        vocabulary: dict[str, int] | None = None,
        merges: list[str] | None = None,
        **kwargs: Any,
    ):
        names = ("pad_token", "end_token", "user_token", "assistant_token")
        for token, name in zip(DIALOGUE_TOKENS, names, strict=True):
            self._add_special_token(token, name)
        self._add_special_token(self.end_token, "start_token")
        super().__init__(vocabulary=vocabulary, merges=merges, **kwargs)

    @property
    def chat(self) -> ChatFormat:
        """How a dialogue is written."""
        return ChatFormat(
            "",
            {"user": self.user_token, "assistant": self.assistant_token},
            {"user": "", "assistant": self.end_token},
        )

    @classmethod
    def from_merges(cls, merges: Sequence[str]) -> "HyQuTTokenizer":
        """The tokenizer that merges make, with all bytes as its base."""
        return cls(byte_pair_vocabulary(merges), list(merges))


@keras.saving.register_keras_serializable("tfq_hybrid")
class HyQuTCausalLMPreprocessor(keras_hub.models.CausalLMPreprocessor):
    """From strings to tokens with a padding mask, and back.

    Args:
        tokenizer: `HyQuTTokenizer`.
        sequence_length: in tokens. Defaults to 1024.
    """

    tokenizer_cls = HyQuTTokenizer
