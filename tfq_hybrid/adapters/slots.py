"""Slots: Dense layers with other layers in them, beside or instead of theirs.

`put_once` adds an adapter to a Dense layer and leaves its map in place;
`replace` puts one layer in place of a Dense layer or of a whole feed-forward
block. The methods of adaptation and the models that are built with circuits
use both alike.
"""

import contextlib
import math
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import keras
import numpy as np

from tfq_hybrid.adapters.families import BUILT_IN
from tfq_hybrid.adapters.kernels import (
    dense_shapes,
    float_policy,
    quantized_map,
)
from tfq_hybrid.adapters.layers import (
    CARRIERS,
    Adapter,
    Carrier,
    HeadCopy,
    LayerAdapter,
)
from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    from tfq_hybrid.adapters.adaptation import Adaptation
    from tfq_hybrid.adapters.target import Target


@contextlib.contextmanager
def unlocked(layer: keras.Layer) -> Iterator[Callable[[object], None]]:
    """Lets a built layer take and lose variables and layers for a while.

    Gives a function that makes the layer forget something it tracks.
    """
    tracker = layer._tracker
    was_locked = tracker.locked
    tracker.unlock()
    try:
        yield tracker.untrack
    finally:
        if was_locked:
            tracker.lock()


def forget_attribute(layer: keras.Layer, name: str) -> None:
    """Takes an attribute of its own from a layer, where it has that.

    Keras notes the names of lists and dicts, and an export looks them up.
    """
    layer.__dict__.pop(name, None)
    while name in layer._tracked:
        layer._tracked.remove(name)


def replace_sublayer(
    parent: keras.Layer, attribute: str, layer: keras.Layer
) -> keras.Layer:
    """Puts `layer` where `parent` holds another one.

    A plain `setattr` would leave the weights of the old layer counted and
    saved.

    A compiled model must be compiled again afterwards, else the new weights
    do not train.

    Args:
        parent: a built layer.
        attribute: the name under which it holds the layer to replace.
        layer: a built layer.

    Returns:
        The layer that was replaced.

    Raises:
        AttributeError: `parent` holds no layer under that name.

    Example:

    >>> wrapper = keras.layers.TimeDistributed(keras.layers.Dense(2))
    >>> wrapper.build((None, 3, 4))
    >>> wide = keras.layers.Dense(5)
    >>> wide.build((None, 4))
    >>> _ = replace_sublayer(wrapper, "layer", wide)
    >>> wrapper.count_params()
    25
    """
    old = getattr(parent, attribute)
    if not isinstance(old, keras.layers.Layer):
        raise AttributeError(
            f"Expected {attribute!r} of {parent.name!r} to hold a layer. "
            f"Received: {type(old).__name__}"
        )
    with unlocked(parent) as forget:
        forget(old)
        setattr(parent, attribute, layer)
    return old


# Places of adapters that leave the Dense layer's own map in use.
ADDITIVE = ("before", "beside", "within", "after")
ON_OUTPUTS = ("within", "after")


class Opened:
    """A layer that changed its class to hold adapters, one of them active."""

    adapters: Mapping[str, Adapter] = types.MappingProxyType({})
    active: str | None = None
    adaptation: "Adaptation | None" = None
    closed: type  # the class that the layer had

    @property
    def adapter(self) -> Adapter | None:
        """The active adapter."""
        return self.adapters.get(self.active) if self.active else None


class _Slot(Opened):
    """What the two classes of slots share."""

    is_dropped = False
    shapes = None

    @property
    def input_spec(self):
        """What Keras checks inputs against: an adapter may want others."""
        adapter = self.adapter
        additive = adapter is None or adapter.place in ADDITIVE
        return self._input_spec if additive else None

    @input_spec.setter
    def input_spec(self, value):
        self._input_spec = value

    def call(self, inputs, training=None):
        adapter = self.adapter
        if adapter is None:
            return super().call(inputs, training=training)
        return adapter.adapt(self, inputs)

    def quantized_call(self, inputs, training=None):
        """What Keras calls in place of `call` where the weights are codes."""
        if self.adapter is None:
            return super().quantized_call(inputs, training=training)
        return self.adapter.adapt(self, inputs)

    def linear(self, inputs):
        """The Dense layer without its activation."""
        if self.quantization_mode is not None:
            return quantized_map(self.closed, self, inputs)
        outputs = self.product(inputs)
        return outputs if self.bias is None else outputs + self.bias

    def finish(self, outputs):
        """The Dense layer's activation."""
        return outputs if self.activation is None else self.activation(outputs)

    def flatten(self, values, side=0):
        """(batch, time, *inputs) to (batch, time, features); outputs by 1."""
        axes = len(self.shapes[side])
        if axes == 1:
            return values
        leading = keras.ops.shape(values)[:-axes]
        return keras.ops.reshape(values, (*leading, self.sizes[side]))

    def unflatten(self, values, side=1):
        """(batch, time, features) to (batch, time, *outputs); inputs by 0."""
        if len(self.shapes[side]) == 1:
            return values
        leading = keras.ops.shape(values)[:-1]
        return keras.ops.reshape(values, (*leading, *self.shapes[side]))

    @property
    def sizes(self):
        """Features in and out."""
        return [math.prod(shape) for shape in self.shapes]

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

    def product(self, inputs):
        """The inputs times the kernel."""
        return keras.ops.matmul(inputs, self.kernel)


@keras.saving.register_keras_serializable("tfq_hybrid")
class AdaptedEinsumDense(_Slot, keras.layers.EinsumDense):
    """A `keras.layers.EinsumDense` with adapters in it."""

    closed = keras.layers.EinsumDense

    def product(self, inputs):
        """The inputs times the kernel."""
        return keras.ops.einsum(self.equation, inputs, self.kernel)


# The quantizations, and none, below an adapter.
CODES = (None, "int8", "int4")
SLOTS = {kind.closed: kind for kind in (AdaptedDense, AdaptedEinsumDense)}


def is_dense(layer: keras.Layer) -> bool:
    """Whether an adapter can sit in a layer."""
    return type(layer) in SLOTS or isinstance(layer, _Slot)


def is_slot(layer: keras.Layer) -> bool:
    """Whether a layer has been opened."""
    return isinstance(layer, _Slot)


def open_slot(layer: keras.Layer) -> keras.Layer:
    """Makes a built Dense layer a slot, in place. Its weights stay.

    Raises:
        UserError: the layer is under Keras's own LoRA, or quantized in a way
            that goes on to learn.
    """
    if is_slot(layer):
        layer.shapes = dense_shapes(layer)  # unknown while it is unbuilt
        return layer
    if layer.quantization_mode not in CODES or layer.lora_enabled:
        raise UserError(
            f"Expected {layer.name!r} in floats, int8 or int4, and not under "
            "Keras's own LoRA, which would pass the adapter by. Received: "
            f"quantization_mode={layer.quantization_mode!r}, lora_enabled="
            f"{layer.lora_enabled}"
        )
    shapes = dense_shapes(layer)
    layer.__class__ = SLOTS[type(layer)]
    layer.shapes = shapes
    return layer


def put(layer: keras.Layer, name: str, adapter: Adapter) -> None:
    """Puts an adapter in a Dense layer, which is opened, under a name."""
    slot = open_slot(layer)
    if not adapter.built:
        inputs, outputs = slot.shapes
        shape = outputs if adapter.place in ON_OUTPUTS else inputs
        adapter.build((None, None, math.prod(shape)))
    hold(slot, name, adapter)


def hold(layer: keras.Layer, name: str, adapter: Adapter) -> None:
    """Lets an opened layer hold an adapter under a name."""
    with unlocked(layer):
        layer.adapters = {**layer.adapters, name: adapter}


def replace(
    layers: "Iterable[tuple[Target, keras.Layer]]",
    name: str,
    keep: bool = False,
) -> None:
    """Puts layers in place of Dense layers, or of whole feed-forward blocks.

    A layer works on the last axis, from the features that its target takes to
    those that it gives. Of a block the last Dense layer holds the one that
    replaces it, and the others hand the block's input on to it. With `keep`
    the Dense layers keep their weights.
    """
    slots = []
    for target, layer in layers:
        for role, dense in target.layers.items():
            if dense.quantization_mode is not None:
                raise UserError(
                    "Expected Dense layers in floats to put others in their "
                    f"place. Received: {dense.name!r} in "
                    f"{dense.quantization_mode}"
                )
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
    if not keep:
        for slot in slots:  # once none can fail any more
            drop_weights(slot)


def put_head_copy(target: "Target", name: str) -> None:
    """Puts a copy of a Dense layer beside it."""
    layer = target.layer
    use_bias = layer.bias is not None
    copy = HeadCopy(
        target.sizes[1], use_bias, dtype=float_policy(layer), name=name
    )
    put(layer, name, copy)
    copy.adopt(layer)


def inside(layer: keras.Layer) -> keras.Layer:
    """The layer that replaces a Dense layer, or itself where none does."""
    return getattr(getattr(layer, "adapter", None), "dense", layer)


def drop_weights(slot: keras.Layer) -> None:
    """Lets the Dense layer's own kernel and bias go."""
    with unlocked(slot) as forget:
        for weight in (slot.kernel, slot.bias):
            if weight is not None:
                forget(weight)
        slot._kernel = slot.bias = None
    slot.is_dropped = True


def restore_weights(slot: keras.Layer) -> None:
    """Makes kernel and bias anew, for values to be assigned to them."""
    if not slot.is_dropped:
        return
    with unlocked(slot):
        slot.build((None, None, *slot.shapes[0]))
    slot.is_dropped = False


def take_out(slot: keras.Layer, name: str) -> None:
    """Takes one adapter out; the last one gives the layer its class back."""
    if name in slot.adapters:
        with unlocked(slot) as forget:
            forget(slot.adapters[name])
            rest = {k: v for k, v in slot.adapters.items() if k != name}
            slot.adapters = rest
    if not slot.adapters:
        close_slot(slot)


def close_slot(slot: keras.Layer) -> None:
    """Takes all adapters out, and gives the layer its class back."""
    with unlocked(slot) as forget:
        for adapter in slot.adapters.values():
            forget(adapter)
    closed = slot.closed
    for name in ("adapters", "active", "adaptation", "is_dropped", "shapes"):
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
        replace(layers, BUILT_IN)
        self.has_slots = True

    def save_own_variables(self, store):
        super().save_own_variables(store)
        if self.has_slots:
            store["slots"] = np.ones(())

    def load_own_variables(self, store):
        if not self.has_slots:
            super().load_own_variables(store)
        elif "slots" not in set(store.keys()):
            raise UserError(
                f"Expected weights of a {type(self).__name__} with slots. "
                "Received: a file of before, whose replaced layers are "
                "elsewhere: train anew, or read it with the version that "
                "wrote it"
            )
