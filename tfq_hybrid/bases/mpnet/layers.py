"""The layers of MPNet: positions, relative positions, attention, the block.

Their arithmetic is that of `MPNetModel` of Hugging Face
(transformers, models/mpnet/modeling_mpnet.py).
"""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError, check_integer

# What T5 and MPNet call the largest distance that has a bucket of its own.
FARTHEST = 128
OFFSET = 2  # the position of the first token; 1 is that of padding
_HIDDEN = -1e9  # the score of a key that is padding


def kernel_initializer() -> keras.initializers.Initializer:
    """The initializer of all kernels and embeddings."""
    return keras.initializers.TruncatedNormal(stddev=0.02)


def bucket_starts(buckets: int) -> list[int]:
    """The distance from which on each bucket after the first reaches.

    The first half of the buckets of one direction have a distance each; the
    others grow by a constant factor, up to 128. T5's own formula (Raffel et
    al. 2020, arXiv 1910.10683, section 2.1) takes logarithms, whose rounding
    may put a distance on a border into either bucket; here are integers.

    Args:
        buckets: of both directions together.

    >>> bucket_starts(32)
    [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91]
    """
    half = buckets // 2
    exact = half // 2
    steps = half - exact
    starts = list(range(1, exact + 1))
    for step in range(1, steps):
        # (distance / exact) ** steps >= (FARTHEST / exact) ** step
        least = FARTHEST**step * exact ** (steps - step)
        distance = starts[-1]
        while distance**steps < least:
            distance += 1
        starts.append(distance)
    return starts


def relative_buckets(offsets: tf.Tensor, buckets: int = 32) -> tf.Tensor:
    """The buckets of offsets between positions, key minus query.

    Args:
        offsets: integers of any shape.
        buckets: how many, of both directions together. Defaults to 32.

    Returns:
        int32 of the same shape: the first half of the buckets for keys up to
        the query, the second for those after it.

    >>> relative_buckets([0, -1, 1, -8, 8, -128, 128]).numpy().tolist()
    [0, 1, 17, 8, 24, 15, 31]
    """
    offsets = keras.ops.convert_to_tensor(offsets, "int32")
    starts = keras.ops.convert_to_tensor(bucket_starts(buckets), "int32")
    reached = keras.ops.abs(offsets)[..., None] >= starts
    found = keras.ops.sum(keras.ops.cast(reached, "int32"), axis=-1)
    after = keras.ops.cast(offsets > 0, "int32")
    return found + buckets // 2 * after


@keras.saving.register_keras_serializable("tfq_hybrid")
class CountedPositionEmbedding(keras.layers.Embedding):
    """Embeddings of positions, which count the tokens that are no padding.

    A text has the same positions, from 2 on, whatever padding is around it.
    Padding has the position 1.

    Call arguments:
        padding_mask: of shape (batch, tokens), 1 for a token.
    """

    def call(self, padding_mask):
        mask = keras.ops.cast(padding_mask, "int32")
        counted = keras.ops.cumsum(mask, axis=1) * mask
        return super().call(counted + OFFSET - 1)


@keras.saving.register_keras_serializable("tfq_hybrid")
class RelativePositionBias(keras.layers.Layer):
    """What a head adds to the score of a key at a distance from the query.

    Args:
        num_heads: attention heads.
        num_buckets: of distances; see `relative_buckets`. Defaults to 32.

    Call arguments:
        inputs: of shape (batch, tokens). Only the shape is used.

    Returns:
        Of shape (1, heads, tokens, tokens), by query and key.
    """

    def __init__(self, num_heads: int, num_buckets: int = 32, **kwargs: Any):
        check_integer("num_buckets", num_buckets, minimum=4, maximum=256)
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.num_buckets = num_buckets

    def build(self, input_shape):
        self.table = self.add_weight(
            shape=(self.num_buckets, self.num_heads),
            initializer=kernel_initializer(),
            name="table",
        )

    def call(self, inputs):
        tokens = keras.ops.shape(inputs)[1]
        places = keras.ops.arange(tokens)
        # A row for each offset, from the last query and first key on.
        offsets = keras.ops.arange(1 - tokens, tokens)
        biases = keras.ops.take(
            self.table, relative_buckets(offsets, self.num_buckets), axis=0
        )
        rows = places[None, :] - places[:, None] + tokens - 1
        biases = keras.ops.take(biases, rows, axis=0)
        return keras.ops.transpose(biases, (2, 0, 1))[None]

    def compute_output_spec(self, inputs):
        shape = (1, self.num_heads, inputs.shape[1], inputs.shape[1])
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "num_buckets": self.num_buckets,
        }


class RelativeAttention(keras.layers.Layer):
    """Multi-head self-attention, with a bias for each query and key.

    The bias is added to the scaled scores. Keys that an adapter puts before
    those of the text are at no distance from it, and have the bias 0.

    Args:
        num_heads: attention heads, which divide the width.
        dropout: of the attention's weights. Defaults to 0.
    """

    def __init__(self, num_heads: int, dropout: float = 0.0, **kwargs: Any):
        check_integer("num_heads", num_heads, minimum=1)
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.dropout = dropout

    def build(self, input_shape):
        width = input_shape[-1]
        if width % self.num_heads:
            raise UserError(
                "Expected a hidden_dim that num_heads divides. Received: "
                f"hidden_dim={width!r}, num_heads={self.num_heads!r}"
            )
        size = width // self.num_heads
        heads = (None, None, self.num_heads, size)
        into = ("btd,dnh->btnh", heads[1:], "nh", input_shape)
        self._query_dense = self._dense("query", *into)
        self._key_dense = self._dense("key", *into)
        self._value_dense = self._dense("value", *into)
        self._output_dense = self._dense(
            "attention_output", "btnh,nhd->btd", (None, width), "d", heads
        )
        self._attention_dropout = keras.layers.Dropout(
            self.dropout, dtype=self.dtype_policy, name="attention_dropout"
        )

    def _dense(self, name, equation, output_shape, bias_axes, input_shape):
        layer = keras.layers.EinsumDense(
            equation,
            output_shape,
            bias_axes=bias_axes,
            kernel_initializer=kernel_initializer(),
            dtype=self.dtype_policy,
            name=name,
        )
        layer.build(input_shape)
        return layer

    def call(self, inputs, position_bias, attention_mask=None, training=None):
        mixed = self._compute_attention(
            self._query_dense(inputs),
            self._key_dense(inputs),
            self._value_dense(inputs),
            attention_mask,
            position_bias=position_bias,
            training=training,
        )
        return self._output_dense(mixed)

    def _compute_attention(
        self,
        query,
        key,
        value,
        attention_mask=None,
        *,
        position_bias,
        training=None,
    ):
        """The name and the first arguments are those of Keras's own layer.

        Query, key and value are of shape (batch, tokens, heads, size), the
        mask (batch, 1 or tokens, keys), the bias (1, heads, tokens, tokens).
        """
        # Halves and bfloat16 are not enough to add up all keys.
        precision = keras.backend.result_type(self.compute_dtype, "float32")
        scores = keras.ops.einsum("btnh,bsnh->bnts", query, key)
        scores = keras.ops.cast(scores, precision) / math.sqrt(query.shape[-1])
        scores += _widened(keras.ops.cast(position_bias, precision), scores)
        if attention_mask is not None:
            seen = keras.ops.cast(attention_mask, "bool")[:, None]
            scores = keras.ops.where(seen, scores, _HIDDEN)
        weights = keras.ops.cast(keras.ops.softmax(scores), value.dtype)
        weights = self._attention_dropout(weights, training=training)
        return keras.ops.einsum("bnts,bsnh->btnh", weights, value)

    def compute_output_shape(self, input_shape):
        return input_shape


def _widened(bias, scores):
    """The bias with zeros for the keys before those of the text."""
    before = keras.ops.shape(scores)[-1] - keras.ops.shape(bias)[-1]
    return tf.pad(bias, [[0, 0], [0, 0], [0, 0], [before, 0]])


@keras.saving.register_keras_serializable("tfq_hybrid")
class MPNetBlock(keras.layers.Layer):
    """A transformer block of MPNet: attention and feed-forward, post-norm.

    Its layers have the names of those of keras-hub's `TransformerEncoder`.

    Args:
        intermediate_dim: width of the feed-forward layer.
        num_heads: attention heads, which divide the width.
        dropout: Defaults to 0.
        layer_norm_epsilon: Defaults to 1e-5.

    Call arguments:
        inputs: of shape (batch, tokens, width).
        position_bias: of `RelativePositionBias`.
        padding_mask: of shape (batch, tokens), 1 for a token. Defaults to
            `None`: no padding.

    Returns:
        Of the shape of the inputs.
    """

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        layer_norm_epsilon: float = 1e-5,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.intermediate_dim = intermediate_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.layer_norm_epsilon = layer_norm_epsilon

    def build(self, inputs_shape):
        width = inputs_shape[-1]
        self._self_attention_layer = RelativeAttention(
            self.num_heads,
            self.dropout,
            dtype=self.dtype_policy,
            name="self_attention_layer",
        )
        self._self_attention_layer.build(inputs_shape)
        self._self_attention_layer_norm = self._norm(
            "self_attention_layer_norm", inputs_shape
        )
        self._self_attention_dropout = keras.layers.Dropout(
            self.dropout, dtype=self.dtype_policy, name="self_attention_dropout"
        )
        self._feedforward_intermediate_dense = self._dense(
            "feedforward_intermediate_dense",
            self.intermediate_dim,
            inputs_shape,
            activation="gelu",  # the exact one, by erf
        )
        self._feedforward_output_dense = self._dense(
            "feedforward_output_dense",
            width,
            (*inputs_shape[:-1], self.intermediate_dim),
        )
        self._feedforward_layer_norm = self._norm(
            "feedforward_layer_norm", inputs_shape
        )
        self._feedforward_dropout = keras.layers.Dropout(
            self.dropout, dtype=self.dtype_policy, name="feedforward_dropout"
        )

    def _norm(self, name, shape):
        layer = keras.layers.LayerNormalization(
            epsilon=self.layer_norm_epsilon, dtype=self.dtype_policy, name=name
        )
        layer.build(shape)
        return layer

    def _dense(self, name, units, shape, activation=None):
        layer = keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=kernel_initializer(),
            dtype=self.dtype_policy,
            name=name,
        )
        layer.build(shape)
        return layer

    def call(self, inputs, position_bias, padding_mask=None, training=None):
        mask = None if padding_mask is None else padding_mask[:, None, :]
        mixed = self._self_attention_layer(
            inputs, position_bias, mask, training=training
        )
        mixed = self._self_attention_dropout(mixed, training=training)
        hidden = self._self_attention_layer_norm(mixed + inputs)
        changed = self._feedforward_intermediate_dense(hidden)
        changed = self._feedforward_output_dense(changed)
        changed = self._feedforward_dropout(changed, training=training)
        return self._feedforward_layer_norm(changed + hidden)

    def compute_output_shape(self, inputs_shape):
        return inputs_shape

    def get_config(self) -> Mapping[str, Any]:
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "num_heads": self.num_heads,
            "dropout": self.dropout,
            "layer_norm_epsilon": self.layer_norm_epsilon,
        }
