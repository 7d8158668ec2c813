"""Slots: Dense layers with other layers in them, beside or instead of theirs.

`put_once` adds an adapter to a Dense layer and leaves its map in place;
`replace` puts one layer in place of a Dense layer or of a whole feed-forward
block. The methods of adaptation and the models that are built with circuits
use both alike.
"""

import math
import types

import keras
import numpy as np

from tfq_hybrid.adapters.surgery import forget_attribute, unlocked
from tfq_hybrid.errors import UserError


class Adapter(keras.layers.Layer):
    """What sits in a Dense layer. The base of all adapter layers.

    A subclass says by `place` what it does to the Dense layer's linear map
    `W`, its activation `f` and the adapter `A`:

        "beside"     f(W x + A x)
        "instead"    f(A x)
        "carrier"    A x, without the activation
        "after"      y + A y, where y = f(W x)

    `call` sees the features flattened to the last axis, whatever their shape
    in the Dense layer.

    Attributes:
        observer: function of what is added by an adapter `"beside"` or
            `"after"` and of what it is added to, called wherever the layer
            is; `None` while nothing looks.
    """

    place = "after"
    observer = None

    def adapt(self, slot, inputs):
        """The output of the Dense layer with this adapter in it."""
        if self.place == "after":
            outputs = slot.finish(slot.linear(inputs))
            return self._add(self(outputs), outputs)
        outputs = self(slot.flatten(inputs))
        if self.place == "carrier":
            return outputs
        outputs = slot.unflatten(outputs)
        if self.place == "beside":
            outputs = self._add(outputs, slot.linear(inputs))
        return slot.finish(outputs)

    def _add(self, residual, hidden):
        if self.observer is not None:
            self.observer(residual, hidden)
        return hidden + residual


# Of the activations in use, silu(64) = gelu(64) = relu(64) = 64 in every
# floating type, and a power of two multiplies without rounding.
OPEN_GATE = 64.0

# What hands the input of a feed-forward block on to its last Dense layer, by
# the kind of block and the role in it.
CARRIERS = {
    ("plain", "up"): "same",
    ("outside", "up"): "both_signs",
    ("gated", "up"): "same",
    ("gated", "gate"): "open_gate",
}


@keras.saving.register_keras_serializable("tfq_hybrid")
class Carrier(Adapter):
    """Carries the input of a feed-forward block to its last Dense layer.

    Args:
        kind: `"same"` hands the input on, `"both_signs"` hands on `x` and
            `-x`, `"open_gate"` hands on 64 for each feature.
    """

    place = "carrier"

    def __init__(self, kind, **kwargs):
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, inputs):
        if self.kind == "open_gate":
            return keras.ops.full_like(inputs, OPEN_GATE)
        if self.kind == "both_signs":
            return keras.ops.concatenate([inputs, -inputs], axis=-1)
        return inputs

    def compute_output_shape(self, input_shape):
        width = input_shape[-1] * (1 + (self.kind == "both_signs"))
        return (*input_shape[:-1], width)

    def get_config(self):
        return {**super().get_config(), "kind": self.kind}


@keras.saving.register_keras_serializable("tfq_hybrid")
class LayerAdapter(Adapter):
    """Any layer as an adapter, such as a `QuantumDense`.

    Args:
        dense: a Keras layer on the last axis.
        place: `"after"`, or `"instead"` of the Dense layer's linear map.
            Defaults to `"instead"`.
        reads: how the input comes: `"plain"`, or as the block's carriers
            and the activation between left it: `"outside"` is `f(x), f(-x)`
            of a gelu `f`, and `"gated"` is `64 x`.
    """

    def __init__(self, dense, place="instead", reads="plain", **kwargs):
        super().__init__(**kwargs)
        self.dense = dense
        self.place = place
        self.reads = reads
        self.supports_masking = True

    def build(self, input_shape):
        self.dense.build(input_shape)
        self.supports_jit = self.dense.supports_jit

    def call(self, inputs):
        if self.reads == "gated":
            inputs = inputs / OPEN_GATE
        elif self.reads == "outside":
            # x P(x) + x P(-x) = x, as P(x) + P(-x) = 1.
            positive, negative = keras.ops.split(inputs, 2, axis=-1)
            inputs = positive - negative
        return self.dense(inputs)

    def compute_output_shape(self, input_shape):
        return self.dense.compute_output_shape(input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "dense": keras.saving.serialize_keras_object(self.dense),
            "place": self.place,
            "reads": self.reads,
        }

    @classmethod
    def from_config(cls, config):
        dense = keras.saving.deserialize_keras_object(config["dense"])
        return cls(**{**config, "dense": dense})


class Opened:
    """A layer that changed its class to hold adapters by name.

    Attributes:
        adapters: dict of a name and an `Adapter`.
        active: the name of the one that is used, or `None`.
        closed: the class that the layer had.
    """

    adapters = types.MappingProxyType({})
    active = None

    @property
    def adapter(self):
        """The active adapter, or `None`."""
        return self.adapters.get(self.active)


class _Slot(Opened):
    """What the two classes of slots share."""

    is_dropped = False
    shapes = None

    @property
    def input_spec(self):
        """What Keras checks inputs against: an adapter may want others."""
        adapter = self.adapter
        additive = adapter is None or adapter.place in ("beside", "after")
        return self._input_spec if additive else None

    @input_spec.setter
    def input_spec(self, value):
        self._input_spec = value

    def call(self, inputs, training=None):
        adapter = self.adapter
        if adapter is None:
            return super().call(inputs, training=training)
        return adapter.adapt(self, inputs)

    def finish(self, outputs):
        """The Dense layer's activation."""
        return outputs if self.activation is None else self.activation(outputs)

    def flatten(self, inputs):
        """(batch, time, *inputs) to (batch, time, features)."""
        axes = len(self.shapes[0])
        if axes == 1:
            return inputs
        leading = keras.ops.shape(inputs)[:-axes]
        return keras.ops.reshape(inputs, (*leading, math.prod(self.shapes[0])))

    def unflatten(self, outputs):
        """(batch, time, features) to (batch, time, *outputs)."""
        if len(self.shapes[1]) == 1:
            return outputs
        leading = keras.ops.shape(outputs)[:-1]
        return keras.ops.reshape(outputs, (*leading, *self.shapes[1]))

    def compute_output_shape(self, input_shape):
        if self.adapter is not None and self.adapter.place == "carrier":
            return self.adapter.compute_output_shape(input_shape)
        return super().compute_output_shape(input_shape)

    def save_own_variables(self, store):
        if not self.is_dropped:
            super().save_own_variables(store)

    def load_own_variables(self, store):
        if not self.is_dropped:
            super().load_own_variables(store)


@keras.saving.register_keras_serializable("tfq_hybrid")
class AdaptedDense(_Slot, keras.layers.Dense):
    """A `keras.layers.Dense` with adapters in it."""

    closed = keras.layers.Dense

    def linear(self, inputs):
        """The Dense layer without its activation."""
        outputs = keras.ops.matmul(inputs, self.kernel)
        return outputs if self.bias is None else outputs + self.bias


@keras.saving.register_keras_serializable("tfq_hybrid")
class AdaptedEinsumDense(_Slot, keras.layers.EinsumDense):
    """A `keras.layers.EinsumDense` with adapters in it."""

    closed = keras.layers.EinsumDense

    def linear(self, inputs):
        """The Dense layer without its activation."""
        outputs = keras.ops.einsum(self.equation, inputs, self.kernel)
        return outputs if self.bias is None else outputs + self.bias


SLOTS = {kind.closed: kind for kind in (AdaptedDense, AdaptedEinsumDense)}


def is_dense(layer):
    """Whether an adapter can sit in a layer."""
    return type(layer) in SLOTS or isinstance(layer, _Slot)


def is_slot(layer):
    """Whether a layer has been opened."""
    return isinstance(layer, _Slot)


def dense_shapes(layer):
    """The shapes that a built Dense layer maps between.

    Args:
        layer: `keras.layers.Dense` or `keras.layers.EinsumDense`.

    Returns:
        A pair of tuples: the axes that are summed over, and the new ones.

    Example:

    >>> layer = keras.layers.EinsumDense("abc,cde->abde", (None, 2, 3))
    >>> layer.build((None, None, 5))
    >>> dense_shapes(layer)
    ((5,), (2, 3))
    """
    if is_slot(layer) and layer.shapes is not None:
        return layer.shapes
    kernel = tuple(layer.kernel.shape)
    if isinstance(layer, keras.layers.Dense):
        return kernel[:1], kernel[1:]
    inputs, rest = layer.equation.split(",")
    weights, outputs = rest.split("->")
    sizes = dict(zip(weights, kernel, strict=True))
    summed = tuple(a for a in inputs if a in weights and a not in outputs)
    new = tuple(a for a in outputs if a in weights and a not in inputs)
    if not (
        inputs.endswith("".join(summed)) and outputs.endswith("".join(new))
    ):
        raise ValueError(
            f"Expected the features of {layer.name!r} to be its last axes. "
            f"Received: equation={layer.equation!r}"
        )
    return tuple(sizes[a] for a in summed), tuple(sizes[a] for a in new)


def open_slot(layer):
    """Makes a built Dense layer a slot, in place. Its weights stay.

    Raises:
        UserError: the layer is quantized: Keras would not ask its adapter.
    """
    if is_slot(layer):
        layer.shapes = dense_shapes(layer)  # unknown while it is unbuilt
        return layer
    if layer.quantization_mode is not None or layer.lora_enabled:
        raise UserError(
            f"Expected {layer.name!r} to be neither quantized nor under "
            "Keras's own LoRA, which would pass the adapter by. Received: "
            f"quantization_mode={layer.quantization_mode!r}, lora_enabled="
            f"{layer.lora_enabled}"
        )
    shapes = dense_shapes(layer)
    layer.__class__ = SLOTS[type(layer)]
    layer.shapes = shapes
    return layer


def put(layer, name, adapter):
    """Puts an adapter in a Dense layer, which is opened, under a name."""
    slot = open_slot(layer)
    if not adapter.built:
        inputs, outputs = slot.shapes
        shape = outputs if adapter.place == "after" else inputs
        adapter.build((None, None, math.prod(shape)))
    hold(slot, name, adapter)


def hold(layer, name, adapter):
    """Lets an opened layer hold an adapter under a name."""
    with unlocked(layer):
        layer.adapters = {**layer.adapters, name: adapter}


def replace(layers, name, keep=False):
    """Puts layers in place of Dense layers, or of whole feed-forward blocks.

    Of a block the last Dense layer holds the one that replaces it, and the
    others hand the block's input on to it.

    Args:
        layers: iterable of pairs: a `Target`, of one Dense layer or of a
            whole block, and a Keras layer on the last axis, from the
            features that the target takes to those that it gives.
        name: str. The adapters' name.
        keep: bool. Whether the Dense layers keep their weights. Defaults to
            `False`.
    """
    slots = []
    for target, layer in layers:
        for role, dense in target.layers.items():
            options = {"dtype": dense.dtype_policy, "name": name}
            if target.ffn and role != "down":
                adapter = Carrier(CARRIERS[target.ffn, role], **options)
            else:
                reads = target.ffn or "plain"
                adapter = LayerAdapter(layer, reads=reads, **options)
                adapter.build((None, None, target.sizes[0]))
            put(dense, name, adapter)
            dense.active = name
            slots.append(dense)
    for slot in slots if not keep else ():  # once none can fail any more
        drop_weights(slot)


def inside(layer):
    """The layer that replaces a Dense layer, or itself where none does."""
    return getattr(getattr(layer, "adapter", None), "dense", layer)


def drop_weights(slot):
    """Lets the Dense layer's own kernel and bias go."""
    with unlocked(slot) as forget:
        for weight in (slot.kernel, slot.bias):
            if weight is not None:
                forget(weight)
        slot._kernel = slot.bias = None
    slot.is_dropped = True


def restore_weights(slot):
    """Makes kernel and bias anew, for values to be assigned to them."""
    if not slot.is_dropped:
        return
    with unlocked(slot):
        slot.build((None, None, *slot.shapes[0]))
    slot.is_dropped = False


def take_out(slot, name):
    """Takes one adapter out; the last one gives the layer its class back."""
    if name in slot.adapters:
        with unlocked(slot) as forget:
            forget(slot.adapters[name])
            rest = {k: v for k, v in slot.adapters.items() if k != name}
            slot.adapters = rest
    if not slot.adapters:
        close_slot(slot)


def close_slot(slot):
    """Takes all adapters out, and gives the layer its class back."""
    with unlocked(slot) as forget:
        for adapter in slot.adapters.values():
            forget(adapter)
    closed = slot.closed
    for name in ("adapters", "active", "is_dropped", "shapes"):
        forget_attribute(slot, name)
    slot.__class__ = closed


class BuiltWithSlots:
    """A backbone that replaces some of its layers when it is made.

    Its files are marked: those of before slots held the layers that replace
    others under other paths.
    """

    has_slots = False

    def replace(self, layers):
        """Replaces layers for good; see `replace`."""
        replace(layers, "replaced")
        self.has_slots = True

    def save_own_variables(self, store):
        super().save_own_variables(store)
        if self.has_slots:
            store["slots"] = np.ones(())

    def load_own_variables(self, store):
        if self.has_slots and "slots" not in set(store.keys()):
            raise UserError(
                f"Expected weights of a {type(self).__name__} with slots. "
                "Received: a file of before, whose replaced layers are "
                "elsewhere: train anew, or read it with the version that "
                "wrote it"
            )
