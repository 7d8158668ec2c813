"""HyQuT's matrices: which of a Llama decoder layer, and what replaces them."""

import math

import keras

from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.engines.gradients import as_gradient_method
from tfq_hybrid.layers import BottleneckDense, QuantumDense
from tfq_hybrid.models.hyqut.system import ATTENTION, FFN


def slot_of(decoder, role):
    """The layer that holds a matrix, and the attribute."""
    if role in ATTENTION:
        return decoder._self_attention_layer, ATTENTION[role]
    return decoder, FFN[role]


@keras.saving.register_keras_serializable("tfq_hybrid")
class HyQuTMatrix(keras.layers.Layer):
    """What stands in place of a matrix, on all its features at once.

    Args:
        inputs, outputs: tuples of int. The features of the matrix.
        circuit: what `as_circuit` accepts.
        kind: `"quantum"` or `"bottleneck"`. Defaults to `"quantum"`.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        differentiator: as for `HyQuTBackbone`. Defaults to `None`.

    Call arguments:
        inputs: float tensor of shape (batch, tokens, *inputs).

    Returns:
        A tensor of shape (batch, tokens, *outputs).
    """

    def __init__(
        self,
        inputs,
        outputs,
        circuit,
        kind="quantum",
        engine="auto",
        differentiator=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self.circuit = as_circuit(circuit)
        self.kind = kind
        self.engine = engine
        if differentiator is not None:
            differentiator = as_gradient_method(differentiator)
        self.differentiator = differentiator
        units = math.prod(self.outputs)
        options = {"dtype": self.dtype_policy}
        if kind == "quantum":
            self.map = QuantumDense(
                units,
                self.circuit,
                engine=engine,
                differentiator=differentiator,
                name="quantum_dense",
                **options,
            )
            self.supports_jit = self.map.supports_jit
        else:
            self.map = BottleneckDense(
                units,
                self.circuit.feature_count,
                self.circuit.observable_count,
                name="bottleneck_dense",
                **options,
            )

    @property
    def last_projection(self):
        """The Dense layer that gives the outputs."""
        return getattr(self.map, "output_projection", None) or self.map.up

    def build(self, input_shape):
        self.map.build((*input_shape[:2], math.prod(self.inputs)))
        self.built = True

    def call(self, inputs):
        leading = keras.ops.shape(inputs)[:2]
        if len(self.inputs) > 1:
            inputs = keras.ops.reshape(
                inputs, (*leading, math.prod(self.inputs))
            )
        outputs = self.map(inputs)
        if len(self.outputs) > 1:
            outputs = keras.ops.reshape(outputs, (*leading, *self.outputs))
        return outputs

    def compute_output_shape(self, input_shape):
        return (*input_shape[:2], *self.outputs)

    def get_config(self):
        return {
            **super().get_config(),
            "inputs": self.inputs,
            "outputs": self.outputs,
            "circuit": self.circuit.to_dict(),
            "kind": self.kind,
            "engine": self.engine,
            "differentiator": self.differentiator
            and self.differentiator.to_dict(),
        }
