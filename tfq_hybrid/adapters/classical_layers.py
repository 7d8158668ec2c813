"""The Keras layers of the classical methods: LoRA, SoRA, bottleneck, prefix."""

import keras
import numpy as np

from tfq_hybrid.adapters.layers import Adapter
from tfq_hybrid.adapters.slots import Opened


@keras.saving.register_keras_serializable("tfq_hybrid")
class LowRank(Adapter):
    """`B A x`, where `A` maps to `rank` features and `B`, zero at first, on."""

    place = "beside"

    def __init__(
        self,
        units: int,
        rank: int,
        scale: float = 1.0,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.rank = rank
        self.scale = scale
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        self.a = self.add_weight(
            shape=(input_shape[-1], self.rank),
            initializer="he_uniform",
            name="a",
        )
        self.b = self.add_weight(
            shape=(self.rank, self.units), initializer="zeros", name="b"
        )

    def factors(self) -> tuple[np.ndarray, np.ndarray]:
        """`A` of shape (inputs, rank), and `B` of (rank, units), in float64."""
        a, b = (np.asarray(w).astype("float64") for w in (self.a, self.b))
        return a, b

    def merged(self, kernel, bias):
        a, b = self.factors()
        return kernel + self.scale * a @ b, bias

    def code(self, inputs):
        """The features in between, of shape (batch, ..., rank)."""
        return keras.ops.matmul(self.dropout(inputs), self.a)

    def call(self, inputs):
        return keras.ops.matmul(self.code(inputs), self.b) * self.scale

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "rank": self.rank,
            "scale": self.scale,
            "dropout": self.dropout.rate,
        }


@keras.saving.register_keras_serializable("tfq_hybrid")
class SoftThreshold(keras.constraints.Constraint):
    """Moves each value towards zero by `threshold`, and no further.

    The proximal operator of the L1 norm. Keras applies it after each step of
    the optimizer, which makes that a proximal gradient step.

    >>> SoftThreshold(0.5)(keras.ops.array([-2.0, 0.25, 1.0])).numpy()
    array([-1.5,  0. ,  0.5], dtype=float32)
    """

    def __init__(self, threshold: float):
        self.threshold = threshold

    def __call__(self, value):
        return keras.ops.soft_shrink(value, self.threshold)

    def get_config(self):
        return {"threshold": self.threshold}


@keras.saving.register_keras_serializable("tfq_hybrid")
class GatedLowRank(LowRank):
    """`B (g * A x)` with a gate `g`, ones at first, that training thins out."""

    def __init__(
        self, units: int, rank: int, threshold: float = 1e-3, **kwargs
    ):
        super().__init__(units, rank, **kwargs)
        self.threshold = threshold

    def build(self, input_shape):
        super().build(input_shape)
        self.gate = self.add_weight(
            shape=(self.rank,),
            initializer="ones",
            constraint=SoftThreshold(self.threshold),
            name="gate",
        )

    def factors(self):
        a, b = super().factors()
        return a * np.asarray(self.gate), b

    def code(self, inputs):
        return super().code(inputs) * self.gate

    def get_config(self):
        return {**super().get_config(), "threshold": self.threshold}


@keras.saving.register_keras_serializable("tfq_hybrid")
class Bottleneck(Adapter):
    """Down to `width` features, an activation, and up again, zero at first."""

    place = "after"
    bends = "has an activation between its matrices"

    def __init__(self, width: int, activation: str = "gelu", **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.activation = activation

    def build(self, input_shape):
        self.down = keras.layers.Dense(
            self.width,
            activation=self.activation,
            dtype=self.dtype_policy,
            name="down",
        )
        self.up = keras.layers.Dense(
            input_shape[-1],
            kernel_initializer="zeros",
            dtype=self.dtype_policy,
            name="up",
        )
        self.down.build(input_shape)
        self.up.build((*input_shape[:-1], self.width))

    def call(self, inputs):
        return self.up(self.down(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = {"width": self.width, "activation": self.activation}
        return {**super().get_config(), **config}


@keras.saving.register_keras_serializable("tfq_hybrid")
class Prefix(Adapter):
    """Keys and values of `length` positions, put before those of the text."""

    bends = "adds keys and values, and no matrix"

    def __init__(self, length: int, heads: int, size: int, **kwargs):
        super().__init__(**kwargs)
        self.length = length
        self.heads = heads
        self.size = size

    def build(self, input_shape=None):
        shape = (self.length, self.heads, self.size)
        for name in ("keys", "values"):
            weight = self.add_weight(
                shape=shape,
                initializer=keras.initializers.RandomNormal(stddev=0.02),
                name=name,
            )
            setattr(self, name, weight)

    def before(self, prefix, states):
        """Puts keys or values of shape (batch, time, heads, size) after it."""
        prefix = keras.ops.cast(prefix, states.dtype)
        # Where query heads share a key, some families repeat it first.
        prefix = keras.ops.repeat(prefix, states.shape[2] // self.heads, axis=1)
        batch = keras.ops.shape(states)[0]
        prefix = keras.ops.broadcast_to(prefix, (batch, *prefix.shape))
        return keras.ops.concatenate([prefix, states], axis=1)

    def widen(self, mask):
        """Lets every position see the prefix: (batch, time, keys)."""
        if mask is None:
            return None
        batch, time, _ = keras.ops.shape(mask)
        seen = keras.ops.ones((batch, time, self.length), mask.dtype)
        return keras.ops.concatenate([seen, mask], axis=-1)

    def get_config(self):
        return {
            **super().get_config(),
            "length": self.length,
            "heads": self.heads,
            "size": self.size,
        }


class _Prefixed(Opened):
    """An attention layer whose active adapter is a prefix.

    All attention layers of Keras and keras-hub give keys and values, after
    the cache and rotary positions, to `_compute_attention`.
    """

    def _compute_attention(
        self, query, key, value, attention_mask=None, *args, **kwargs
    ):
        prefix = self.adapter
        if prefix is not None:
            key = prefix.before(prefix.keys, key)
            value = prefix.before(prefix.values, value)
            attention_mask = prefix.widen(attention_mask)
        return super()._compute_attention(
            query, key, value, attention_mask, *args, **kwargs
        )

    def _mask_sliding_window(self, attention_mask, *args, **kwargs):
        """Keeps the prefix in every window, which counts the text alone."""
        length = 0 if self.adapter is None else self.adapter.length
        seen, text = attention_mask[..., :length], attention_mask[..., length:]
        text = super()._mask_sliding_window(text, *args, **kwargs)
        seen = keras.ops.cast(seen, text.dtype)
        return keras.ops.concatenate([seen, text], axis=-1)


_CLASSES: dict[type, type] = {}


def open_attention(layer: keras.Layer) -> keras.Layer:
    """Makes a built attention layer one that can have prefixes, in place."""
    if isinstance(layer, Opened):
        return layer
    kind = type(layer)
    if kind not in _CLASSES:
        names = {"closed": kind, "__module__": __name__}
        _CLASSES[kind] = type(
            f"Prefixed{kind.__name__}", (_Prefixed, kind), names
        )
    layer.__class__ = _CLASSES[kind]
    return layer
