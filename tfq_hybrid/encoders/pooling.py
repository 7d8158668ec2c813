"""Poolings: from the tokens of a BERT to one vector for each text."""

from collections.abc import Callable

import keras
import tensorflow as tf


def first_token(inputs: dict, outputs: dict) -> tf.Tensor:
    """The hidden state of the first token, [CLS], without BERT's pooler.

    >>> states = keras.ops.array([[[1.0], [3.0]]])
    >>> first_token({}, {"sequence_output": states}).numpy().tolist()
    [[1.0]]
    """
    return outputs["sequence_output"][:, 0, :]


def pooled_output(inputs: dict, outputs: dict) -> tf.Tensor:
    """BERT's own vector for a text: its pooler on the first token."""
    return outputs["pooled_output"]


def mean_of_tokens(inputs: dict, outputs: dict) -> tf.Tensor:
    """The mean of the hidden states of all tokens that are no padding.

    What sentence-transformers calls mean pooling: of the `"sequence_output"`,
    of shape (batch, tokens, width), where the `"padding_mask"` is 1.

    >>> states = keras.ops.array([[[1.0], [3.0], [9.0]]])
    >>> mask = keras.ops.array([[1, 1, 0]])
    >>> mean = mean_of_tokens(
    ...     {"padding_mask": mask}, {"sequence_output": states}
    ... )
    >>> mean.numpy().tolist()
    [[2.0]]
    """
    states = outputs["sequence_output"]
    mask = keras.ops.cast(inputs["padding_mask"], states.dtype)[..., None]
    total = keras.ops.sum(states * mask, axis=1)
    return total / keras.ops.maximum(keras.ops.sum(mask, axis=1), 1)


# From the inputs and outputs of a BERT to one vector for each text.
POOLINGS: dict[str, Callable[[dict, dict], tf.Tensor]] = {
    "cls": first_token,
    "mean": mean_of_tokens,
    "pooled": pooled_output,
}
