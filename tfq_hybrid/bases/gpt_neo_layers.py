"""The block of GPT-Neo: attention to all of the text, or to a local window."""

import keras
from keras import ops

# The score of a key that is not seen, instead of minus infinity: a row of
# padding that sees no key has a softmax all the same.
HIDDEN = -1e30


class GPTNeoAttention(keras.layers.Layer):
    """Multi-head attention with unscaled scores and a cache.

    The scores `q k` are not divided by the root of a head's size, and are
    computed in float32 at least. Query, key and value have no bias, the output
    has one.

    Args:
        num_heads: of the attention; it divides the width of the input.
        dropout: rate on the attention's weights. Defaults to 0.
        kernel_initializer: of all kernels. Defaults to `"glorot_uniform"`.
    """

    def __init__(
        self,
        num_heads: int,
        dropout: float = 0.0,
        kernel_initializer: str | keras.Initializer = "glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.dropout = dropout
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        width = input_shape[-1]
        heads = (self.num_heads, width // self.num_heads)
        self._query_dense = self._dense("query", heads)
        self._key_dense = self._dense("key", heads)
        self._value_dense = self._dense("value", heads)
        for dense in (self._query_dense, self._key_dense, self._value_dense):
            dense.build(input_shape)
        self._output_dense = keras.layers.EinsumDense(
            "btnh,nhd->btd",
            (None, width),
            bias_axes="d",
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name="attention_output",
        )
        self._output_dense.build((*input_shape[:-1], *heads))
        self._dropout_layer = keras.layers.Dropout(
            self.dropout, dtype=self.dtype_policy, name="attention_dropout"
        )

    def _dense(self, name, heads):
        return keras.layers.EinsumDense(
            "btd,dnh->btnh",
            (None, *heads),
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name=name,
        )

    def call(
        self,
        inputs,
        attention_mask,
        cache=None,
        cache_update_index=None,
        training=None,
    ):
        """Attends from inputs of shape (batch, time, width).

        Args:
            inputs: the normalised hidden states.
            attention_mask: what is seen, of shape (batch, time, keys).
            cache: keys and values of shape (batch, 2, keys, heads, size).
                Defaults to `None`: those of the inputs alone.
            cache_update_index: where the inputs begin in the cache.
            training: as for a layer. Defaults to `None`.

        Returns:
            The output, and the cache with the inputs in it, or `None`.
        """
        query = self._query_dense(inputs)
        key, value = self._key_dense(inputs), self._value_dense(inputs)
        if cache is not None:
            start = [0, cache_update_index, 0, 0]
            key = ops.slice_update(cache[:, 0, ...], start, key)
            value = ops.slice_update(cache[:, 1, ...], start, value)
            cache = ops.stack((key, value), axis=1)
        mixed = self._compute_attention(
            query, key, value, attention_mask, training=training
        )
        return self._output_dense(mixed), cache

    def _compute_attention(
        self, query, key, value, attention_mask, training=None
    ):
        exact = keras.backend.result_type(query.dtype, "float32")
        scores = ops.einsum(
            "btnh,bsnh->bnts", ops.cast(query, exact), ops.cast(key, exact)
        )
        seen = ops.cast(attention_mask, "bool")[:, None, :, :]
        weights = ops.softmax(ops.where(seen, scores, HIDDEN), axis=-1)
        weights = ops.cast(weights, value.dtype)
        weights = self._dropout_layer(weights, training=training)
        return ops.einsum("bnts,bsnh->btnh", weights, value)

    def compute_output_spec(self, inputs, attention_mask, cache=None, **kwargs):
        return keras.KerasTensor(inputs.shape, self.compute_dtype), cache


class GPTNeoDecoder(keras.layers.Layer):
    """A pre-norm block: causal attention, then two Dense layers.

    Calls and names of layers are those of `keras_hub.layers
    .TransformerDecoder`.

    Args:
        intermediate_dim: features between the two Dense layers.
        num_heads: of the attention.
        window_size: keys that a position sees, itself and those before it.
            Defaults to `None`: all of them.
        dropout: rate after the attention and after the Dense layers, and on
            the attention's weights. Defaults to 0.
        layer_norm_epsilon: Defaults to 1e-5.
        kernel_initializer: of all kernels. Defaults to `"glorot_uniform"`.
    """

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        window_size: int | None = None,
        dropout: float = 0.0,
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: str | keras.Initializer = "glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.intermediate_dim = intermediate_dim
        self.num_heads = num_heads
        self.window_size = window_size
        self.dropout = dropout
        self.layer_norm_epsilon = layer_norm_epsilon
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, decoder_sequence_shape):
        shape = tuple(decoder_sequence_shape)
        self._self_attention_layer = GPTNeoAttention(
            self.num_heads,
            dropout=self.dropout,
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name="self_attention",
        )
        self._self_attention_layer.build(shape)
        self._feedforward_intermediate_dense = self._dense(
            "intermediate", self.intermediate_dim, activation=_gelu
        )
        self._feedforward_intermediate_dense.build(shape)
        self._feedforward_output_dense = self._dense("output", shape[-1])
        self._feedforward_output_dense.build(
            (*shape[:-1], self.intermediate_dim)
        )
        for part in ("self_attention", "feedforward"):
            norm = keras.layers.LayerNormalization(
                epsilon=self.layer_norm_epsilon,
                dtype=self.dtype_policy,
                name=f"{part}_layer_norm",
            )
            norm.build(shape)
            setattr(self, f"_{part}_layer_norm", norm)
            dropout = keras.layers.Dropout(
                self.dropout, dtype=self.dtype_policy, name=f"{part}_dropout"
            )
            setattr(self, f"_{part}_dropout", dropout)

    def _dense(self, name, units, activation=None):
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_initializer=self.kernel_initializer.clone(),
            dtype=self.dtype_policy,
            name=f"feedforward_{name}_dense",
        )

    def call(
        self,
        decoder_sequence,
        decoder_padding_mask=None,
        self_attention_cache=None,
        self_attention_cache_update_index=None,
        training=None,
    ):
        start = self_attention_cache_update_index
        batch, queries = ops.shape(decoder_sequence)[:2]
        keys = queries
        if self_attention_cache is not None:
            keys = ops.shape(self_attention_cache)[2]
        seen = seen_keys(queries, keys, start, self.window_size)
        seen = ops.broadcast_to(seen, (batch, queries, keys))
        if decoder_padding_mask is not None:
            tokens = ops.cast(decoder_padding_mask, "bool")
            seen = ops.logical_and(seen, tokens[:, None, :])
        x, cache = self._self_attention_layer(
            self._self_attention_layer_norm(decoder_sequence),
            attention_mask=seen,
            cache=self_attention_cache,
            cache_update_index=start,
            training=training,
        )
        x = self._self_attention_dropout(x, training=training)
        residual = x = x + decoder_sequence
        x = self._feedforward_layer_norm(x)
        x = self._feedforward_intermediate_dense(x)
        x = self._feedforward_output_dense(x)
        x = self._feedforward_dropout(x, training=training) + residual
        return x if cache is None else (x, cache)


def seen_keys(queries, keys, start=None, window_size=None):
    """Which keys each position sees, booleans of shape (queries, keys).

    Args:
        queries, keys: how many there are.
        start: the place of the first query among the keys. Defaults to
            `None`: 0.
        window_size: keys that a position sees, itself and those before it.
            Defaults to `None`: all of them.

    Example:

    >>> seen_keys(3, 3, window_size=2).numpy().astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    """
    places = ops.arange(queries)[:, None] + (0 if start is None else start)
    distance = places - ops.arange(keys)[None, :]
    seen = distance >= 0
    if window_size is not None:
        seen = ops.logical_and(seen, distance < window_size)
    return seen


def _gelu(x):
    """The `gelu_new` of GPT-2 and GPT-Neo."""
    return keras.activations.gelu(x, approximate=True)
