"""`PrefixTuning`: trained keys and values before those of the text."""

import dataclasses

import keras

from tfq_hybrid.adapters.families import family_of
from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.adapters.slots import Adapter, Opened, dense_shapes, put
from tfq_hybrid.adapters.targets import body_of
from tfq_hybrid.errors import UserError, check_integer


@keras.saving.register_keras_serializable("tfq_hybrid")
class Prefix(Adapter):
    """Keys and values of `length` positions, put before those of the text.

    Args:
        length: int.
        heads: int. Heads of keys and values.
        size: int. Features of a head.
    """

    def __init__(self, length, heads, size, **kwargs):
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


_CLASSES = {}


def open_attention(layer):
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


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class PrefixTuning(Method):
    """Trains keys and values that every position attends to.

    Li and Liang 2021, "Prefix-Tuning: Optimizing Continuous Prompts for
    Generation" (arXiv 2101.00190), section 4. Our choice: the prefix is
    trained directly, without the network that the paper makes it from while
    training; it starts from a normal distribution (standard deviation 0.02);
    it has no position of its own. So it is not the identity at step 0.

    Args:
        targets: Defaults to `("attention",)`: every attention layer.
        length: int. Positions. Defaults to 8.
        layers, exclude, train_head: see `Method`.
    """

    targets: tuple = ("attention",)
    length: int = 8

    groups = {"attention": ("attention",), "ffn": ()}
    size = "length"

    def __post_init__(self):
        super().__post_init__()
        check_integer("length", self.length, minimum=1)

    def find(self, model, strict=True):
        body = body_of(model)
        family = family_of(body)
        reason = _refusal(family, body)
        if reason:
            name = type(body).__name__ if family is None else family.name
            raise UserError(
                f"Expected a model that takes a prefix. Received: {name}, but "
                f"{reason}"
            )
        rows = super().find(model, strict)
        for row in rows:
            if row.role != "attention":
                raise UserError(
                    "Expected targets of PrefixTuning to be attention "
                    f"layers. Received: {row.path}"
                )
        return rows

    def attach(self, model, name, strict=True):
        super().attach(model, name, strict)
        for target in self.find(model, strict):
            layer = open_attention(target.layer)
            if name not in layer.adapters:
                prefix = Prefix(
                    self.length,
                    *_head_shape(target),
                    dtype=layer.dtype_policy,
                    name=name,
                )
                prefix.build()
                put(layer, name, prefix)

    def parts(self, target, name):
        return ()

    def parameters_of(self, target):
        heads, size = _head_shape(target)
        return 2 * self.length * heads * size


def _head_shape(target):
    """Heads of the keys, and the size of one."""
    if "key" in target.layers:
        return dense_shapes(target.layers["key"])[1]
    heads, size = dense_shapes(target.layers["qkv"])[1]
    return heads, size // 3


def _refusal(family, body):
    if family is None:
        return "it is of no known family"
    if getattr(body, "use_sliding_window_attention", False) and (
        family.prefix == "Gemma"
    ):
        return "its sliding window counts every key"
    return family.prefix_refused
