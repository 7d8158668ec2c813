"""`QuantumAdapter`: a circuit after a frozen block."""

import dataclasses

import keras

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.adapters.methods.circuits import (
    WithCircuit,
    circuit_parameters,
)
from tfq_hybrid.adapters.slots import Adapter
from tfq_hybrid.layers import QuantumDense


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


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class QuantumAdapter(WithCircuit, Method):
    """Trains a circuit after the attention and feed-forward blocks.

    `y + U <Z>(D y)` on the output `y` of a block, before the residual: a
    projection `D` to the circuit's features, its expectations, and a
    projection `U` back, which is zero at first.

    Args:
        circuit: what `as_circuit` accepts. Defaults to `"qffn"`.
        targets: `"attention"` and `"ffn"` stand for the last Dense layer of
            each. Defaults to both.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        layers, exclude, train_head: see `Method`.
    """

    targets: tuple = ("attention", "ffn")

    groups = {"attention": ("output",), "ffn": ("down",)}

    def parts(self, target, name):
        yield (
            target.layer,
            CircuitAdapter(
                self.circuit.to_dict(),
                self.engine,
                dtype=target.layer.dtype_policy,
                name=name,
            ),
        )

    def parameters_of(self, target):
        width = target.sizes[1]
        return circuit_parameters(self.circuit, width, width)
