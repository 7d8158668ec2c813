"""WordPiece vocabularies learned from a training split."""

import functools

import keras_hub
import tensorflow as tf

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def learn_vocabulary(texts, size=8192):
    """Learns a lowercase WordPiece vocabulary.

    Args:
        texts: sequence of str. The training split only.
        size: int. An upper bound on the entries. Defaults to 8192.

    Returns:
        A list of str that begins with BERT's special tokens.

    Example:

    >>> vocabulary = learn_vocabulary(["a fine film", "a fine cast"] * 30, 80)
    >>> vocabulary[:5], "fine" in vocabulary
    (['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'], True)
    """
    return list(_learn(tuple(texts), size))


@functools.lru_cache(maxsize=2)  # the trials of a search share their texts
def _learn(texts, size):
    dataset = tf.data.Dataset.from_tensor_slices(list(texts)).batch(1024)
    return keras_hub.tokenizers.compute_word_piece_vocabulary(
        dataset,
        vocabulary_size=size,
        lowercase=True,
        strip_accents=True,
        reserved_tokens=list(SPECIAL_TOKENS),
    )
