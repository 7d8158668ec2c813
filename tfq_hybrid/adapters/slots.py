"""Dense layers that hold adapters: open one, put an adapter in, take it out."""

import math
import types
from collections.abc import Mapping

import keras

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


class Opened:
    """A layer that changed its class to hold adapters by name.

    Attributes:
        adapters: dict of a name and an `Adapter`.
        active: the name of the one that is used, or `None`.
        closed: the class that the layer had.
    """

    adapters: Mapping = types.MappingProxyType({})
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


def put(slot, name, adapter):
    """Puts an adapter in an opened layer under a name."""
    if not adapter.built:
        inputs, outputs = slot.shapes
        shape = outputs if adapter.place == "after" else inputs
        adapter.build((None, None, math.prod(shape)))
    with unlocked(slot):
        slot.adapters = {**slot.adapters, name: adapter}


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


@keras.saving.register_keras_serializable("tfq_hybrid")
class HeadCopy(Adapter):
    """A second set of weights for a Dense layer, which starts as a copy.

    The Dense layer itself stays as it was, for other adapters and to undo.

    Args:
        units: int. Outputs.
        use_bias: bool.
    """

    place = "instead"

    def __init__(self, units, use_bias, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.use_bias = use_bias

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(shape=shape, name="kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.units,), name="bias")

    def adopt(self, layer):
        """Takes the values of a Dense layer."""
        kernel = keras.ops.convert_to_numpy(layer.kernel)
        self.kernel.assign(kernel.reshape(self.kernel.shape))
        if self.use_bias:
            bias = keras.ops.convert_to_numpy(layer.bias)
            self.bias.assign(bias.reshape(self.bias.shape))

    def call(self, inputs):
        outputs = keras.ops.matmul(inputs, self.kernel)
        return outputs if self.bias is None else outputs + self.bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        config = {"units": self.units, "use_bias": self.use_bias}
        return {**super().get_config(), **config}


def head_parameters(target):
    """Parameters of a copy of a target, an int."""
    inputs, outputs = target.sizes
    return inputs * outputs + outputs * (target.layer.bias is not None)


def put_head_copy(target, name, put):
    """Puts a copy of a Dense layer beside it."""
    layer = target.layer
    use_bias = layer.bias is not None
    copy = HeadCopy(
        target.sizes[1], use_bias, dtype=layer.dtype_policy, name=name
    )
    if put(layer, name, copy):
        copy.adopt(layer)


def put_once(layer, name, adapter):
    """Opens a Dense layer and puts an adapter in, if it has none so named.

    Returns:
        Whether it was put in.
    """
    slot = open_slot(layer)
    if name in slot.adapters:
        return False
    put(slot, name, adapter)
    return True
