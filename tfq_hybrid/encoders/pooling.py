"""Poolings: from the tokens of a backbone to one vector for each text."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.adapters.families import family_of
from tfq_hybrid.errors import UserError, check_choice


def sequence_output(outputs: Any) -> tf.Tensor:
    """The hidden states of a backbone's outputs: (batch, tokens, width).

    Raises:
        UserError: they are those of two sequences.
    """
    if not isinstance(outputs, Mapping):
        return outputs
    if "sequence_output" not in outputs:
        raise UserError(
            "Expected an encoder or a decoder, which reads one sequence. "
            f"Received: a backbone with the outputs {', '.join(outputs)}"
        )
    return outputs["sequence_output"]


def first_token(inputs: Mapping, outputs: Any) -> tf.Tensor:
    """The hidden state of the first token, [CLS], without BERT's pooler.

    >>> states = keras.ops.array([[[1.0], [3.0]]])
    >>> first_token({}, {"sequence_output": states}).numpy().tolist()
    [[1.0]]
    """
    return sequence_output(outputs)[:, 0, :]


def last_token(inputs: Mapping, outputs: Any) -> tf.Tensor:
    """The hidden state of the last token that is no padding.

    In a decoder it alone has seen the whole text. Padding may stand before
    the text or after it.

    >>> states = keras.ops.array([[[10.0], [20.0], [30.0], [40.0]]] * 2)
    >>> mask = keras.ops.array([[0, 0, 1, 1], [1, 1, 0, 0]])
    >>> last_token({"padding_mask": mask}, states).numpy().ravel().tolist()
    [40.0, 20.0]
    """
    states = sequence_output(outputs)
    mask = keras.ops.cast(inputs["padding_mask"], "int32")
    seen = keras.ops.cumsum(mask, axis=1)
    count = keras.ops.sum(mask, axis=1, keepdims=True)
    is_last = mask * keras.ops.cast(keras.ops.equal(seen, count), "int32")
    is_last = keras.ops.cast(is_last, states.dtype)
    return keras.ops.einsum("bt,btw->bw", is_last, states)


def pooled_output(inputs: Mapping, outputs: Any) -> tf.Tensor:
    """BERT's own vector for a text: its pooler on the first token."""
    return outputs["pooled_output"]


def mean_of_tokens(inputs: Mapping, outputs: Any) -> tf.Tensor:
    """The mean of the hidden states of all tokens that are no padding.

    What sentence-transformers calls mean pooling: of the states of shape
    (batch, tokens, width), where the `"padding_mask"` is 1.

    >>> states = keras.ops.array([[[1.0], [3.0], [9.0]]])
    >>> mask = keras.ops.array([[1, 1, 0]])
    >>> mean = mean_of_tokens(
    ...     {"padding_mask": mask}, {"sequence_output": states}
    ... )
    >>> mean.numpy().tolist()
    [[2.0]]
    """
    states = sequence_output(outputs)
    mask = keras.ops.cast(inputs["padding_mask"], states.dtype)[..., None]
    total = keras.ops.sum(states * mask, axis=1)
    return total / keras.ops.maximum(keras.ops.sum(mask, axis=1), 1)


# From the inputs and outputs of a backbone to one vector for each text.
POOLINGS: dict[str, Callable[[Mapping, Any], tf.Tensor]] = {
    "cls": first_token,
    "last": last_token,
    "mean": mean_of_tokens,
    "pooled": pooled_output,
}


def pooling_for(backbone: keras.Model, pooling: str | None = None) -> str:
    """The pooling of a backbone: the one that is asked for, or its usual one.

    That is the last token of a decoder, and the mean of an encoder.

    Raises:
        UserError: there is no such pooling, or the backbone has no pooler.
    """
    family = family_of(backbone)
    if pooling is None:
        return "last" if family is not None and family.is_causal else "mean"
    check_choice("pooling", pooling, POOLINGS)
    if pooling == "pooled" and not hasattr(backbone, "pooled_dense"):
        kind = getattr(backbone, "adapted_from", type(backbone)).__name__
        raise UserError(
            "Expected the pooling cls, last or mean of a backbone without a "
            f"pooler. Received: pooling='pooled' with a {kind}"
        )
    return pooling
