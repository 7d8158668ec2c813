"""Texts for a classifier on a decoder, which reads their last token."""

from typing import Any

import keras
import keras_hub
import tensorflow as tf

from tfq_hybrid.data import begin_tokens

# No token: where there is padding, whose own token may be in a text too.
_NONE = -1
_LINE_FEED = "Ċ"  # as byte-level byte pairs write it


@keras.saving.register_keras_serializable("tfq_hybrid")
class DecoderTextPreprocessor(keras_hub.models.TextClassifierPreprocessor):
    """From texts, or pairs of them, to the inputs of a decoder.

    A text begins with the start token, where the tokenizer adds one, and ends
    with its own last token. A line feed stands between the texts of a pair,
    which are cut off in turns.

    Args:
        tokenizer: a byte-pair tokenizer.
        sequence_length: in tokens. Defaults to 512.

    Example:

    >>> from tfq_hybrid.models import HyQuTTokenizer
    >>> tokenizer = HyQuTTokenizer.from_merges(["h i"])
    >>> prepare = DecoderTextPreprocessor(tokenizer, sequence_length=4)
    >>> tokens = prepare(["hi"])
    >>> tokens["padding_mask"].numpy().tolist()
    [[True, True, False, False]]
    """

    def __init__(
        self, tokenizer: Any, sequence_length: int = 512, **kwargs: Any
    ):
        super().__init__(tokenizer, sequence_length, **kwargs)

    def build(self, input_shape):
        self.packer = keras_hub.layers.MultiSegmentPacker(
            start_value=begin_tokens(self.tokenizer),
            end_value=[],
            sep_value=self.tokenizer.token_to_id(_LINE_FEED),
            pad_value=_NONE,
            truncate=self.truncate,
            sequence_length=self.sequence_length,
        )
        self.built = True

    def call(self, x, y=None, sample_weight=None):
        x = x if isinstance(x, tuple) else (x,)
        tokens, _ = self.packer(tuple(self.tokenizer(text) for text in x))
        is_text = tokens != _NONE
        pad = tf.cast(self.tokenizer.pad_token_id, tokens.dtype)
        inputs = {
            "token_ids": tf.where(is_text, tokens, pad),
            "padding_mask": is_text,
        }
        return keras.utils.pack_x_y_sample_weight(inputs, y, sample_weight)
