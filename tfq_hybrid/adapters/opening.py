"""Opening a Dense layer for adapters, and closing it again."""

import math

from tfq_hybrid.adapters.slots import SLOTS, dense_shapes, is_slot
from tfq_hybrid.adapters.surgery import forget_attribute, unlocked
from tfq_hybrid.errors import UserError


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
