"""Windows of tokens, which a language model is trained and measured on."""

import dataclasses
import os
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.data.corpora import Corpus
from tfq_hybrid.data.datasets import Batches
from tfq_hybrid.data.dialogues import begin_tokens, encode_turns
from tfq_hybrid.errors import UserError


@dataclasses.dataclass(frozen=True)
class TokenDataset(Batches):
    """Tokenised text in memory, a window a row.

    Attributes:
        token_ids: int32 array of shape (windows, length).
        padding_mask: bool array of that shape, false where there is no text.
        targets: int32 array of that shape: the token that comes next.
        weights: float32 array of that shape: 1 where it is to be learned.
        more: what a model takes beside the tokens. Defaults to nothing.
        places: the name among the inputs for the flat places of the learned
            tokens in a batch; targets and weights are then theirs alone.
            Defaults to `None`: those of all tokens.
    """

    token_ids: np.ndarray
    padding_mask: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    more: dict[str, tf.Tensor] = dataclasses.field(default_factory=dict)
    places: str | None = None

    def __len__(self) -> int:
        return len(self.token_ids)

    @property
    def learned(self) -> int:
        """How many tokens are to be learned."""
        return int(self.weights.sum())

    def inputs(self, count: int) -> dict[str, tf.Tensor]:
        """What a model takes for the first `count` windows."""
        return {
            "token_ids": tf.constant(self.token_ids[:count]),
            "padding_mask": tf.constant(self.padding_mask[:count]),
            **{name: rows[:count] for name, rows in self.more.items()},
        }

    def with_inputs(self, more: dict[str, Any]) -> "TokenDataset":
        """The same windows, with more beside the tokens."""
        return dataclasses.replace(self, more={**self.more, **more})

    def batches(self, batch_size: int) -> tf.data.Dataset:
        return self._batches(super().batches(batch_size))

    def shuffled_batches(
        self, batch_size: int, seed: int, first_epoch: int = 0
    ) -> tf.data.Dataset:
        return self._batches(
            super().shuffled_batches(batch_size, seed, first_epoch)
        )

    def _batches(self, whole):
        """The learned tokens of each batch, where these alone are asked for."""
        if self.places is None:
            return whole

        def learned(inputs, targets, weights):
            flat = tf.reshape(weights, [-1])
            places = tf.cast(tf.where(flat > 0)[:, 0], tf.int32)
            return (
                {**inputs, self.places: places},
                tf.gather(tf.reshape(targets, [-1]), places),
                tf.gather(flat, places),
            )

        return whole.map(learned).prefetch(tf.data.AUTOTUNE)

    def arrays(self) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """Inputs, targets and weights of all windows."""
        inputs = self.inputs(len(self))
        return inputs, tf.constant(self.targets), tf.constant(self.weights)


def encode_corpus(
    corpus: Corpus,
    tokenizer: Any,
    length: int,
    source: str | os.PathLike[str],
) -> TokenDataset:
    """Turns text into windows of tokens.

    Plain text is one stream of tokens, cut into windows that overlap by one
    token, so that each token but the first is learned once; the rest at the
    end that fills no window is left out. A dialogue is one window, cut off
    or padded; only what the assistant says, and where it ends, is learned.

    Args:
        corpus: the text.
        tokenizer: byte-pair tokenizer; for dialogues one with a `chat`.
        length: tokens that a model takes.
        source: where the text is from, for messages.

    Raises:
        UserError: the text is shorter than a window, or nothing of it is to
            be learned.
    """
    if corpus.format == "plain":
        windows, weights = _stream(corpus, tokenizer, length, source)
        lengths = np.full(len(windows), length + 1)
    else:
        windows, weights, lengths = _encoded_dialogues(
            corpus, tokenizer, length
        )
    if not weights[:, 1:].any():
        raise UserError(
            "Expected dialogues whose first response begins within "
            f"sequence_length={length} tokens. Received: {source}, where none "
            "does"
        )
    return TokenDataset(
        windows[:, :-1],
        np.arange(length) < lengths[:, None],
        windows[:, 1:],
        weights[:, 1:],
    )


def _stream(corpus, tokenizer, length, source):
    tokens = tokenizer.tokenize("".join(corpus.rows))
    tokens = np.array([*begin_tokens(tokenizer), *tokens], np.int32)
    count = (len(tokens) - 1) // length
    if count < 1:
        raise UserError(
            f"Expected a text of more than sequence_length={length} tokens. "
            f"Received: {source}, with {len(tokens) - 1}"
        )
    starts = np.arange(count)[:, None] * length
    windows = tokens[starts + np.arange(length + 1)]
    return windows, np.ones(windows.shape, np.float32)


def _encoded_dialogues(corpus, tokenizer, length):
    shape = len(corpus), length + 1
    windows = np.full(shape, tokenizer.pad_token_id, np.int32)
    weights = np.zeros(shape, np.float32)
    lengths = np.zeros(len(corpus), int)
    encoded = encode_turns(corpus.rows, tokenizer)
    for row, (tokens, learned) in enumerate(encoded):
        lengths[row] = cut = min(len(tokens), length + 1)
        windows[row, :cut] = tokens[:cut]
        weights[row, :cut] = learned[:cut]
    return windows, weights, lengths
