"""The words of texts, and their tokens, in a graph too."""

from typing import Any, NamedTuple

import tensorflow as tf

# What keras-hub's BERT tokenizers split a text by, after BERT's own, and spaces
# beyond ASCII: letters of Chinese and Japanese, and signs, are words each.
LETTERS = (
    r"[\x{4E00}-\x{9FFF}]|[\x{3400}-\x{4DBF}]|[\x{20000}-\x{2A6DF}]|"
    r"[\x{2A700}-\x{2B73F}]|[\x{2B740}-\x{2B81F}]|[\x{2B820}-\x{2CEAF}]|"
    r"[\x{F900}-\x{FAFF}]|[\x{2F800}-\x{2FA1F}]"
)
SIGNS = r"[!-/]|[:-@]|[\[-`]|[{-~]|[\p{P}]"
SPACES = r"\s|\p{Z}|\p{Cc}|\p{Cf}"


class WordTokens(NamedTuple):
    """The tokens of sentences, and where each word begins.

    Args:
        token_ids: int32 tensor of shape (sentences, length).
        padding_mask: bool tensor of that shape, false where there is no text.
        places: int32 tensor of shape (sentences, words): the place of each
            word's first token; -1 for a word that was cut off, and for one
            without a token, such as an empty one.
    """

    token_ids: tf.Tensor
    padding_mask: tf.Tensor
    places: tf.Tensor


def split_words(texts: tf.Tensor) -> tf.RaggedTensor:
    """The words of texts: what is between spaces, and each sign.

    Args:
        texts: string tensor of shape (batch,).

    Returns:
        A ragged string tensor of shape (batch, words).

    Example:

    >>> split_words(["Don't go!"]).to_list()
    [[b'Don', b"'", b't', b'go', b'!']]
    """
    import tensorflow_text as tf_text

    kept = f"{SIGNS}|{LETTERS}"
    return tf_text.regex_split(
        tf.convert_to_tensor(texts, tf.string), f"{SPACES}|{kept}", kept
    )


def tokens_of_words(
    words: tf.Tensor, tokenizer: Any, length: int
) -> WordTokens:
    """Turns words into tokens, between a start and an end token.

    Args:
        words: string tensor of shape (sentences, words); empty ones pad it.
        tokenizer: a keras-hub tokenizer with start, end and pad tokens, which
            is asked a word at a time.
        length: tokens that a model takes. A word whose first token does not
            fit is cut off.
    """
    shape = tf.shape(words)
    pieces = tokenizer(tf.reshape(words, [-1]))
    if isinstance(pieces, list):  # outside of a graph
        pieces = tf.ragged.constant(pieces, tf.int32, ragged_rank=1)
    counts = tf.cast(pieces.row_lengths(), tf.int32)
    counts = tf.reshape(counts, shape)
    starts = 1 + tf.cumsum(counts, axis=1, exclusive=True)
    fits = (counts > 0) & (starts < length - 1)
    rows = tf.RaggedTensor.from_row_lengths(
        tf.cast(pieces.values, tf.int32), tf.reduce_sum(counts, axis=1)
    )[:, : length - 2]
    edge = tf.ones([shape[0], 1], tf.int32)
    rows = tf.concat(
        [
            tokenizer.start_token_id * edge,
            rows,
            tokenizer.end_token_id * edge,
        ],
        axis=1,
    )
    ids = rows.to_tensor(tokenizer.pad_token_id, shape=[None, length])
    ends = tf.cast(rows.row_lengths(), tf.int32)
    mask = tf.sequence_mask(ends, length)
    return WordTokens(ids, mask, tf.where(fits, starts, -1))
