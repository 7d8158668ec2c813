"""How texts are split into the pieces that byte pairs are merged in.

A vocabulary's merges hold for one rule: by another the same text has other
tokens, and more. The rules by the names that GGUF files have for them, as in
llama.cpp's `llama-vocab.cpp`, in Python and in a TensorFlow graph alike.
"""

from typing import NamedTuple

import tensorflow as tf
import tensorflow_text as tf_text
import tokenizers
from tokenizers import pre_tokenizers

# All of Unicode's, in a class. `\s` of TensorFlow's engine is ASCII's alone.
SPACES = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
)
# No UTF-8 text holds this byte.
_CUT = b"\xff"


class Split(NamedTuple):
    """One pass over the pieces so far.

    Attributes:
        pattern: of a piece; what is between two is one too.
        last: a class of spaces, of which the last one before another
            character begins a new piece, so that it can be a part of the
            word. Other spaces stay together. Without one, all of them are
            between pieces.
    """

    pattern: str
    last: str = ""


_WORDS = rf" ?\p{{L}}+| ?\p{{N}}+| ?[^{SPACES}\p{{L}}\p{{N}}]+"
_GPT2 = Split(rf"'s|'t|'re|'ve|'m|'ll|'d|{_WORDS}", SPACES)
_LLAMA3 = Split(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    rf"| ?[^{SPACES}\p{{L}}\p{{N}}]+[\r\n]*|[{SPACES}]*[\r\n]+",
    SPACES.replace("\n", "").replace("\r", ""),
)
RULES = {
    "gpt-2": (_GPT2,),
    "smollm": (Split(r"\p{N}"), _GPT2),
    "llama-bpe": (_LLAMA3,),
    "default": (
        Split(r"[\p{P}\$\+<=>\^~\|]+"),
        _GPT2,
        Split(r"\p{N}+"),
        Split("[0-9][0-9][0-9]"),
    ),
}
# Other names of the same rules.
ALIASES = {"llama3": "llama-bpe", "llama-v3": "llama-bpe"}
# Rules by which a piece that is a word of the vocabulary is not merged.
WHOLE_WORDS = ("llama-bpe",)


def pre_tokenizer(rule: str) -> pre_tokenizers.PreTokenizer:
    """A rule as the `tokenizers` package takes it, with bytes as letters.

    Example:

    >>> pieces = pre_tokenizer("smollm").pre_tokenize_str("a  b 12")
    >>> [piece for piece, _ in pieces]
    ['a', 'Ġ', 'Ġb', 'Ġ', '1', '2']
    """
    splits = []
    for split in RULES[rule]:
        pattern = split.pattern
        if split.last:
            pattern += rf"|[{SPACES}]+(?![^{SPACES}])|[{SPACES}]+"
        splits.append(
            pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
        )
    to_letters = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    )
    return pre_tokenizers.Sequence([*splits, to_letters])


def split_in_graph(texts: tf.Tensor, rule: str) -> tf.RaggedTensor:
    """The pieces of texts, of shape (texts,), by a rule.

    Returns:
        A string tensor of shape (texts, pieces).

    Example:

    >>> split_in_graph(tf.constant(["a  b 12"]), "smollm").to_list()
    [[b'a', b' ', b' b', b' ', b'1', b'2']]
    """
    pieces = tf.RaggedTensor.from_tensor(texts[:, None])
    for split in RULES[rule]:
        pattern = split.pattern
        if split.last:
            # The engine has no lookahead: what it would find is cut before.
            pieces = tf.strings.regex_replace(
                pieces,
                f"([{split.last}])([^{SPACES}])",
                _CUT + rb"\1\2",
            )
            pieces = tf.strings.split(pieces, _CUT).merge_dims(1, 2)
            pattern += f"|[{SPACES}]+"
        pieces = tf_text.regex_split(pieces, pattern, "(?s).+")
        pieces = pieces.merge_dims(1, 2)
    return pieces
