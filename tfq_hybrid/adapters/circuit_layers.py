"""The Keras layers of the methods with a circuit."""

import keras

from tfq_hybrid.adapters.slots import Adapter
from tfq_hybrid.layers import QuantumDense

# Of the activations in use, silu(64) = gelu(64) = relu(64) = 64 in every
# floating type, and a power of two multiplies without rounding.
OPEN_GATE = 64.0


@keras.saving.register_keras_serializable("tfq_hybrid")
class CircuitAdapter(Adapter):
    """A `QuantumDense` whose last projection is zero at first.

    Args:
        circuit, engine: as for `QuantumDense`.
        use_bias: bool. As for `QuantumDense`.
    """

    place = "after"

    def __init__(self, circuit, engine="auto", use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.circuit = circuit
        self.engine = engine
        self.use_bias = use_bias

    def build(self, input_shape):
        self.dense = QuantumDense(
            input_shape[-1],
            self.circuit,
            engine=self.engine,
            use_bias=self.use_bias,
            dtype=self.dtype_policy,
            name="dense",
        )
        zeros = keras.initializers.Zeros()
        self.dense.output_projection.kernel_initializer = zeros
        self.dense.build(input_shape)
        self.supports_jit = self.dense.supports_jit

    def call(self, inputs):
        return self.dense(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "circuit": self.circuit,
            "engine": self.engine,
            "use_bias": self.use_bias,
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
class CircuitReplacement(Adapter):
    """A `QuantumDense` in place of a Dense layer's linear map.

    Args:
        units, circuit, engine: as for `QuantumDense`.
        reads: how the input comes: `"plain"`, or as the block's carriers
            and the activation between left it: `"outside"` is `f(x), f(-x)`
            of a gelu `f`, and `"gated"` is `64 x`.
    """

    place = "instead"

    def __init__(self, units, circuit, engine="auto", reads="plain", **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.circuit = circuit
        self.engine = engine
        self.reads = reads

    def build(self, input_shape):
        self.dense = QuantumDense(
            self.units,
            self.circuit,
            engine=self.engine,
            dtype=self.dtype_policy,
            name="dense",
        )
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
        return (*input_shape[:-1], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "circuit": self.circuit,
            "engine": self.engine,
            "reads": self.reads,
        }
