"""What sits in a slot: `Adapter`, and the layers that replace or copy."""

from typing import TYPE_CHECKING

import keras
import numpy as np

from tfq_hybrid.adapters.kernels import kernel_of
from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    from tfq_hybrid.adapters.target import Target


class Adapter(keras.layers.Layer):
    """What sits in a Dense layer. The base of all adapter layers.

    A subclass says by `place` what it does to the Dense layer's linear map
    `W x + b`, its activation `f` and the adapter `A`:

        "before"     f(W (x + A x) + b)
        "beside"     f(W x + A x + b)
        "within"     f(y + A y), where y = W x + b
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
    # Why no matrix can stand for the Dense layer with it, where none can.
    bends = "is not linear in its input"

    def merged(
        self, kernel: np.ndarray, bias: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The Dense layer's weights with this adapter in them.

        Args:
            kernel: of shape (inputs, outputs), float64.
            bias: of shape (outputs,), float64, or `None`.

        Raises:
            UserError: no matrix can stand for both.
        """
        raise UserError(
            "Expected adapters that are linear in their input, such as LoRA, "
            f"to merge. Received: {type(self).__name__}, which {self.bends}"
        )

    def adapt(self, slot, inputs):
        """The output of the Dense layer with this adapter in it."""
        if self.place == "after":
            outputs = slot.finish(slot.linear(inputs))
            return self._add(self(outputs), outputs)
        if self.place == "within":
            outputs = slot.linear(inputs)
            added = slot.unflatten(self.within(slot, slot.flatten(outputs, 1)))
            return slot.finish(self._add(added, outputs))
        features = slot.flatten(inputs)
        outputs = self(features)
        if self.place == "carrier":
            return outputs
        if self.place == "before":
            features = self._add(outputs, features)
            return slot.finish(slot.linear(slot.unflatten(features, 0)))
        outputs = slot.unflatten(outputs)
        if self.place == "beside":
            outputs = self._add(outputs, slot.linear(inputs))
        return slot.finish(keras.ops.cast(outputs, slot.compute_dtype))

    def within(self, slot, outputs):
        """What is added to the outputs of the linear map."""
        return self(outputs)

    def _add(self, residual, hidden):
        residual = keras.ops.cast(residual, hidden.dtype)
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

    By its kind: `"same"` hands the input on, `"both_signs"` hands on `x` and
    `-x`, `"open_gate"` hands on 64 for each feature.
    """

    place = "carrier"
    bends = "takes a whole feed-forward block away"

    def __init__(self, kind: str, **kwargs):
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
    """Any layer on the last axis as an adapter, such as a `QuantumDense`.

    Args:
        dense: the layer.
        place: `"after"`, or `"instead"` of the Dense layer's linear map.
        reads: how the input comes: `"plain"`, or as the block's carriers
            and the activation between left it: `"outside"` is `f(x), f(-x)`
            of a gelu `f`, and `"gated"` is `64 x`.
    """

    def __init__(
        self,
        dense: keras.Layer,
        place: str = "instead",
        reads: str = "plain",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.dense = dense
        kind = type(dense).__name__
        where = "after" if place == "after" else "in place of"
        self.bends = f"puts a {kind} {where} the matrix: that is not linear"
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


@keras.saving.register_keras_serializable("tfq_hybrid")
class HeadCopy(Adapter):
    """A second set of weights for a Dense layer, which starts as a copy.

    The Dense layer itself stays as it was, for other adapters and to undo.
    """

    place = "instead"

    def __init__(self, units: int, use_bias: bool, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.use_bias = use_bias

    def build(self, input_shape):
        shape = (input_shape[-1], self.units)
        self.kernel = self.add_weight(shape=shape, name="kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(shape=(self.units,), name="bias")

    def adopt(self, layer: keras.Layer) -> None:
        """Takes the values of a Dense layer."""
        self.kernel.assign(kernel_of(layer))
        if self.use_bias:
            bias = keras.ops.convert_to_numpy(layer.bias)
            self.bias.assign(bias.reshape(self.bias.shape))

    def merged(self, kernel, bias):
        bias = None if self.bias is None else np.asarray(self.bias)
        return np.asarray(self.kernel), bias

    def call(self, inputs):
        outputs = keras.ops.matmul(inputs, self.kernel)
        return outputs if self.bias is None else outputs + self.bias

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        config = {"units": self.units, "use_bias": self.use_bias}
        return {**super().get_config(), **config}


def head_parameters(target: "Target") -> int:
    """Parameters of a copy of a target."""
    inputs, outputs = target.sizes
    return inputs * outputs + outputs * (target.layer.bias is not None)
