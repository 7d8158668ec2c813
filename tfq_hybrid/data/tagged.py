"""`encode_tagged`: words with labels as the tokens of a model."""

import dataclasses
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.data.conllu import TaggedSentences
from tfq_hybrid.data.datasets import Batches
from tfq_hybrid.data.words import tokens_of_words


@dataclasses.dataclass(frozen=True)
class TaggedTokens(Batches):
    """Sentences as tokens in memory, one a row.

    A word is one or more tokens, the first of which has its label.

    Attributes:
        token_ids: int32 array of shape (sentences, length).
        padding_mask: bool array of that shape, false where there is no text.
        targets: int32 array of that shape: the label of each word's first
            token, and 0 elsewhere.
        weights: float32 array of that shape: 1 where a word begins, else 0.
        places: for each sentence an int array of the place of each of its
            words, -1 for one that was cut off.
        more: what a model takes beside the tokens. Defaults to nothing.
    """

    token_ids: np.ndarray
    padding_mask: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    places: list[np.ndarray]
    more: dict[str, tf.Tensor] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def missed(self) -> int:
        """How many words have no token, being cut off."""
        return sum(int((row < 0).sum()) for row in self.places)

    def inputs(self, count: int) -> dict[str, tf.Tensor]:
        """What a model takes for the first `count` sentences."""
        return {
            "token_ids": tf.constant(self.token_ids[:count]),
            "padding_mask": tf.constant(self.padding_mask[:count]),
            **{name: rows[:count] for name, rows in self.more.items()},
        }

    def arrays(self) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """Inputs, targets and weights of all sentences."""
        inputs = self.inputs(len(self))
        return inputs, tf.constant(self.targets), tf.constant(self.weights)

    def of_words(self, tokens: np.ndarray) -> list[np.ndarray]:
        """For each sentence what its words' first tokens have, -1 if none.

        Args:
            tokens: int array of shape (sentences, length).
        """
        return [
            np.where(places >= 0, row[places], -1)
            for row, places in zip(tokens, self.places, strict=True)
        ]


def encode_tagged(
    sentences: TaggedSentences, tokenizer: Any, length: int
) -> TaggedTokens:
    """Turns words into tokens, between a start and an end token.

    Args:
        sentences: the words and their labels.
        tokenizer: a keras-hub tokenizer with start, end and pad tokens, which
            is asked a word at a time.
        length: tokens that a model takes. A word whose first token does not
            fit is cut off.

    Returns:
        The tokens.
    """
    words = tf.ragged.constant(sentences.texts, tf.string, ragged_rank=1)
    token_ids, mask, starts = tokens_of_words(
        words.to_tensor(), tokenizer, length
    )
    shape = len(sentences), length
    targets = np.zeros(shape, np.int32)
    weights = np.zeros(shape, np.float32)
    places = []
    rows = zip(sentences.labels, starts.numpy(), strict=True)
    for row, (labels, found) in enumerate(rows):
        found = found[: len(labels)]
        has = found >= 0
        targets[row, found[has]] = labels[has]
        weights[row, found[has]] = 1
        places.append(found)
    return TaggedTokens(
        token_ids.numpy(), mask.numpy(), targets, weights, places
    )
