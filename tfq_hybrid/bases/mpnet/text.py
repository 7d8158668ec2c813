"""The tokenizer of MPNet, and the preprocessor of a text classifier."""

from typing import Any

import keras
import keras_hub
import tensorflow as tf

from tfq_hybrid.bases.mpnet.backbone import MPNetBackbone

# What the tokenizer of Hugging Face drops: control characters, all but tab
# and line ends; format and private-use characters; U+0000 and U+FFFD.
_DROPPED = (
    r"[\x{0}-\x{8}\x{b}\x{c}\x{e}-\x{1f}\x{7f}-\x{9f}\p{Cf}\p{Co}\x{fffd}]"
)
_SPACES = r"\p{Z}"


@keras.saving.register_keras_serializable("tfq_hybrid")
class MPNetTokenizer(keras_hub.tokenizers.WordPieceTokenizer):
    """WordPiece with the special tokens of MPNet.

    Its ids are those of the tokenizer of Hugging Face: keras-hub's own
    WordPiece folds case further (`ß` is `ss`), splits a word at a soft hyphen
    and leaves it whole at a no-break space. Two things differ still: a word
    of more than 100 bytes is unknown, there one of more than 100 characters;
    and `<mask>` in a text is text.

    Args:
        vocabulary: the tokens in the order of their ids, or the path of a
            file with one in each line; among them `<s>`, `</s>`, `<pad>`,
            `<mask>` and `[UNK]`.
        uncased: whether upper case is read as lower case. Defaults to `True`.
        strip_accents: whether accents are dropped. Defaults to `True`.
        **kwargs: those of `keras_hub.tokenizers.WordPieceTokenizer`.

    Raises:
        ValueError: a special token is not in the vocabulary.

    Example:

    >>> words = ["<s>", "<pad>", "</s>", "[UNK]", "straße", "<mask>"]
    >>> MPNetTokenizer(words)("Stra\\u00adße\\u00a0Straße").numpy().tolist()
    [4, 4]
    """

    backbone_cls = MPNetBackbone

    def __init__(
        self,
        vocabulary: list[str] | str | None = None,
        uncased: bool = True,
        strip_accents: bool = True,
        **kwargs: Any,
    ):
        self._add_special_token("<s>", "start_token")
        self._add_special_token("</s>", "end_token")
        self._add_special_token("<pad>", "pad_token")
        self._add_special_token("<mask>", "mask_token")
        super().__init__(vocabulary, strip_accents=strip_accents, **kwargs)
        self.uncased = uncased

    def tokenize(self, inputs):
        text = tf.strings.regex_replace(inputs, _DROPPED, "")
        text = tf.strings.regex_replace(text, _SPACES, " ")
        if self.uncased:
            # ASCII first: the Unicode one would follow the machine's
            # language, which may have another `I`; and the end of a word.
            text = tf.strings.lower(text)
            text = tf.strings.regex_replace(text, "Σ", "σ")
            text = tf.strings.lower(text, encoding="utf-8")
        return super().tokenize(text)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["lowercase"]
        return {
            **config,
            "uncased": self.uncased,
            "split_on_cjk": self.split_on_cjk,
        }


@keras.saving.register_keras_serializable("tfq_hybrid")
class MPNetTextClassifierPreprocessor(
    keras_hub.models.TextClassifierPreprocessor
):
    """From texts, or pairs of them, to the inputs of `MPNetBackbone`.

    A text becomes `<s> text </s>` and a pair `<s> a </s></s> b </s>`, padded
    on the right. What does not fit is cut off: of a pair the longer text
    first. Labels and sample weights are handed on.

    Args:
        tokenizer: `MPNetTokenizer`.
        sequence_length: tokens of a text, special ones included. Defaults to
            512.
        truncate: `"round_robin"` or `"waterfall"`, which cuts off the end of
            the last text. Defaults to `"round_robin"`.

    Returns:
        A dict of `token_ids` and `padding_mask`, each of shape (batch,
        sequence_length).

    Example:

    >>> words = ["<s>", "<pad>", "</s>", "[UNK]", "good", "film", "<mask>"]
    >>> layer = MPNetTextClassifierPreprocessor(MPNetTokenizer(words), 8)
    >>> layer(("Good", "film"))["token_ids"].numpy().tolist()
    [0, 4, 2, 2, 5, 2, 1, 1]
    """

    backbone_cls = MPNetBackbone
    tokenizer_cls = MPNetTokenizer

    def build(self, input_shape):
        super().build(input_shape)
        self.packer.sep_value = [self.tokenizer.end_token_id] * 2

    def call(self, x, y=None, sample_weight=None):
        output = super().call(x, y=y, sample_weight=sample_weight)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(output)
        x = {name: x[name] for name in ("token_ids", "padding_mask")}
        return keras.utils.pack_x_y_sample_weight(x, y, sample_weight)
