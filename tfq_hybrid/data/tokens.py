"""`TokenDataset`: windows of tokens, and which of them are to be learned."""

import dataclasses

import numpy as np
import tensorflow as tf

from tfq_hybrid.data.batches import shuffled_batches
from tfq_hybrid.errors import UserError


@dataclasses.dataclass(frozen=True)
class TokenDataset:
    """Tokenised text in memory, a window a row.

    Attributes:
        token_ids: int32 array of shape (windows, length).
        padding_mask: bool array of that shape, false where there is no text.
        targets: int32 array of that shape: the token that comes next.
        weights: float32 array of that shape: 1 where it is to be learned.
    """

    token_ids: np.ndarray
    padding_mask: np.ndarray
    targets: np.ndarray
    weights: np.ndarray

    def __len__(self):
        return len(self.token_ids)

    @property
    def learned(self):
        """How many tokens are to be learned, an int."""
        return int(self.weights.sum())

    def inputs(self, count):
        """What a model takes for the first `count` windows, a dict."""
        return {
            "token_ids": tf.constant(self.token_ids[:count]),
            "padding_mask": tf.constant(self.padding_mask[:count]),
        }

    def _arrays(self):
        inputs = self.inputs(len(self))
        return inputs, tf.constant(self.targets), tf.constant(self.weights)

    def batches(self, batch_size):
        """A `tf.data.Dataset` of batches for `fit`, in order."""
        dataset = tf.data.Dataset.from_tensor_slices(self._arrays())
        return dataset.batch(batch_size).prefetch(tf.data.AUTOTUNE)

    def shuffled_batches(self, batch_size, seed, first_epoch=0):
        """Batches, epoch after epoch: see `data.batches`."""
        arrays = self._arrays()
        return shuffled_batches(arrays, batch_size, seed, first_epoch)


def encode_corpus(corpus, tokenizer, length, source):
    """Turns text into windows of tokens.

    Plain text is one stream of tokens, cut into windows that overlap by one
    token, so that each token but the first is learned once; the rest at the
    end that fills no window is left out. A dialogue is one window, cut off
    or padded; only what the assistant says, and where it ends, is learned.

    Args:
        corpus: `Corpus`.
        tokenizer: byte-pair tokenizer with the special tokens of dialogues.
        length: int. Tokens that a model takes.
        source: str. Where the text is from, for messages.

    Returns:
        A `TokenDataset`.

    Raises:
        UserError: the text is shorter than a window, or nothing of it is to
            be learned.
    """
    if corpus.format == "plain":
        windows, weights = _stream(corpus, tokenizer, length, source)
    else:
        windows, weights = _dialogues(corpus, tokenizer, length)
    if not weights[:, 1:].any():
        raise UserError(
            "Expected dialogues whose first response begins within "
            f"sequence_length={length} tokens. Received: {source}, where none "
            "does"
        )
    return TokenDataset(
        windows[:, :-1],
        windows[:, :-1] != tokenizer.pad_token_id,
        windows[:, 1:],
        weights[:, 1:],
    )


def _stream(corpus, tokenizer, length, source):
    tokens = tokenizer.tokenize("".join(corpus.rows))
    tokens = np.array([tokenizer.start_token_id, *tokens], np.int32)
    count = (len(tokens) - 1) // length
    if count < 1:
        raise UserError(
            f"Expected a text of more than sequence_length={length} tokens. "
            f"Received: {source}, with {len(tokens) - 1}"
        )
    starts = np.arange(count)[:, None] * length
    windows = tokens[starts + np.arange(length + 1)]
    return windows, np.ones(windows.shape, np.float32)


def _dialogues(corpus, tokenizer, length):
    shape = len(corpus), length + 1
    windows = np.full(shape, tokenizer.pad_token_id, np.int32)
    weights = np.zeros(shape, np.float32)
    contents = iter(tokenizer.tokenize(corpus.texts))
    for row, turns in enumerate(corpus.rows):
        tokens, learned = [tokenizer.start_token_id], [0.0]
        for role, _ in turns:
            content = list(next(contents))
            if role == "user":
                part = [tokenizer.user_token_id, *content]
                learned += [0.0] * len(part)
            else:
                content.append(tokenizer.end_token_id)
                part = [tokenizer.assistant_token_id, *content]
                learned += [0.0] + [1.0] * len(content)
            tokens += part
        cut = min(len(tokens), length + 1)
        windows[row, :cut] = tokens[:cut]
        weights[row, :cut] = learned[:cut]
    return windows, weights
