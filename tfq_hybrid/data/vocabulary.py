"""Vocabularies learned from text: WordPiece and byte pairs."""

import functools
import json
from collections.abc import Iterable, Sequence

import keras_hub
import tensorflow as tf
import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from tfq_hybrid.errors import UserError, check_integer

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def learn_vocabulary(texts: Sequence[str], size: int = 8192) -> list[str]:
    """Learns a lowercase WordPiece vocabulary.

    Args:
        texts: the training split only.
        size: an upper bound on the entries. Defaults to 8192.

    Returns:
        The entries, BERT's special tokens first.

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


# Padding; the beginning and the end of a text; who speaks in a dialogue.
DIALOGUE_TOKENS = ("<|pad|>", "<|endoftext|>", "<|user|>", "<|assistant|>")
# Nothing is merged across these pieces. keras-hub splits text in one way in
# Python and in another inside a TensorFlow graph; each piece here is within
# a piece of both, so that both make the same tokens.
PIECES = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\n+|\s"


def learn_merges(texts: Iterable[str], size: int = 8192) -> list[str]:
    """Learns which pairs of bytes, and of what they became, to merge.

    Args:
        texts: the training split only.
        size: an upper bound on the vocabulary, with the special tokens and
            the 256 bytes that it begins with. Defaults to 8192.

    Returns:
        The merges, two tokens with a space between them each, the first to
        be merged first.

    Raises:
        UserError: the vocabulary has no room for a merge, or the texts have
            no two bytes to merge.

    Example:

    >>> learn_merges(["hi hi hi"], 262)
    ['h i', 'Ġ hi']
    """
    check_integer("vocabulary_size", size, 256 + len(DIALOGUE_TOKENS) + 1)
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(DIALOGUE_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(map(_without_special, texts), trainer)
    content = json.loads(tokenizer.to_str())
    merges = [" ".join(pair) for pair in content["model"]["merges"]]
    if not merges:
        raise UserError("Expected a text with words. Received: no two letters")
    return merges


def byte_pair_vocabulary(merges: Iterable[str]) -> dict[str, int]:
    """The tokens that merges lead to: special ones, bytes, merged ones.

    Args:
        merges: as `learn_merges` gives them.

    Returns:
        A dict of a token and its id.

    Example:

    >>> vocabulary = byte_pair_vocabulary(["h i"])
    >>> len(vocabulary), vocabulary["<|pad|>"], vocabulary["hi"]
    (261, 0, 260)
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merged = [merge.replace(" ", "") for merge in merges]
    tokens = dict.fromkeys([*DIALOGUE_TOKENS, *alphabet, *merged])
    return {token: number for number, token in enumerate(tokens)}


def token_bytes(token: str) -> bytes:
    """The bytes that a token of the vocabulary stands for.

    Each byte is one letter there: a printable one its own, the others those
    from U+0100 on, as in GPT-2.

    Example:

    >>> token_bytes("Ġhi"), token_bytes("Ã©").decode("utf-8")
    (b' hi', 'é')
    """
    letters = _letters()
    return bytes(letters[letter] for letter in token)


@functools.cache
def _letters():
    """A dict of a letter and the byte that it stands for."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(256 + n): byte for n, byte in enumerate(others)}


def _without_special(text):
    for token in DIALOGUE_TOKENS:
        text = text.replace(token, "\n")
    return text
