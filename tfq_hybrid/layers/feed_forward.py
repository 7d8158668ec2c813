"""The feed-forward block of an encoder layer, quantum or classical."""

from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.engines import EngineChoice
from tfq_hybrid.errors import check_choice, check_integer
from tfq_hybrid.layers.arguments import Shape
from tfq_hybrid.layers.bottleneck_dense import (
    build_dense_layers,
    dense_layers,
)
from tfq_hybrid.layers.quantum_dense import QuantumDense

TOKENS = ("all", "cls")


class FeedForward(keras.layers.Layer):
    """A block from the width of the input back to it, with a residual.

    Args:
        tokens: `"all"` or `"cls"`: whether the block runs for every token or
            for the first one only. The other tokens then get the residual
            alone. Defaults to `"all"`.
        residual: whether the input is added. Defaults to `True`; `False`
            inside an encoder layer that adds it itself, and `"subtract"`
            inside one whose own residual is to be undone.

    Raises:
        UserError: an argument is out of its range.

    Call arguments:
        inputs: float tensor of shape (batch, tokens, width).

    Returns:
        A tensor of the same shape.
    """

    def __init__(
        self, tokens: str = "all", residual: bool | str = True, **kwargs: Any
    ):
        super().__init__(**kwargs)
        check_choice("tokens", tokens, TOKENS)
        if residual not in (True, False):
            check_choice("residual", residual, ("subtract",))
        self.tokens = tokens
        self.residual = residual
        self.supports_masking = True

    def transform(self, inputs: tf.Tensor) -> tf.Tensor:
        """The block without residual, on a tensor (batch, ..., width)."""
        raise AttributeError(f"{type(self).__name__} defines no transform")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if self.tokens == "cls":
            first = self.transform(inputs[:, :1])  # (batch, 1, width)
            rest = keras.ops.zeros_like(inputs[:, 1:])
            outputs = keras.ops.concatenate([first, rest], axis=1)
        else:
            outputs = self.transform(inputs)
        if self.residual == "subtract":
            return outputs - inputs
        return inputs + outputs if self.residual else outputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tokens": self.tokens,
            "residual": self.residual,
        }


@keras.saving.register_keras_serializable("tfq_hybrid")
class NoFeedForward(FeedForward):
    """Nothing but the residual: what a block has to do better than.

    Args:
        tokens, residual: see `FeedForward`.

    Example:

    >>> import numpy as np
    >>> block = NoFeedForward()
    >>> inputs = np.ones((1, 7, 128), "float32")
    >>> bool(np.all(block(inputs) == inputs)), block.count_params()
    (True, 0)
    """

    def transform(self, inputs: tf.Tensor) -> tf.Tensor:
        return keras.ops.zeros_like(inputs)


@keras.saving.register_keras_serializable("tfq_hybrid")
class QuantumFeedForward(FeedForward):
    """A `QuantumDense` back to the input's width, with a residual.

    The block of QFFN-BERT (arXiv 2507.02364): Linear d -> n, circuit on n
    qubits, Linear n -> d, and a residual around the whole. With d = 128 and
    the preset `"qffn"` at depth D it has 1,156 + 8 D parameters.

    Args:
        circuit: what `as_circuit` accepts. Defaults to `"qffn"`.
        tokens, residual: see `FeedForward`. The paper runs the circuit for
            the first token only.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        kernel_initializer: of both projections. Defaults to
            `"glorot_uniform"`.
        angle_initializer: of the trained angles, in radians. Defaults to
            `None`: uniform from 0 to 2 pi.

    Example:

    >>> import numpy as np
    >>> block = QuantumFeedForward("qffn")
    >>> block(np.ones((1, 7, 128))).shape, block.count_params()
    (TensorShape([1, 7, 128]), 1172)
    """

    def __init__(
        self,
        circuit: Any = "qffn",
        tokens: str = "all",
        residual: bool | str = True,
        engine: str = "auto",
        kernel_initializer: Any = "glorot_uniform",
        angle_initializer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(tokens=tokens, residual=residual, **kwargs)
        self.circuit = as_circuit(circuit)
        self.engine = engine
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.angle_initializer = keras.initializers.get(angle_initializer)

    def build(self, input_shape: Shape) -> None:
        self.dense = QuantumDense(
            input_shape[-1],
            self.circuit,
            engine=self.engine,
            kernel_initializer=self.kernel_initializer,
            angle_initializer=self.angle_initializer,
            dtype=self.dtype_policy,
            name="quantum_dense",
        )
        self.dense.build(input_shape)
        self.supports_jit = self.dense.supports_jit
        self.built = True

    @property
    def engine_choice(self) -> EngineChoice:
        """Which engine runs, and why; known once the layer is built."""
        return self.dense.engine_choice

    def transform(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.dense(inputs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "circuit": self.circuit.to_dict(),
            "engine": self.engine,
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
            "angle_initializer": keras.initializers.serialize(
                self.angle_initializer
            ),
        }


@keras.saving.register_keras_serializable("tfq_hybrid")
class BottleneckFeedForward(FeedForward):
    """The classical baseline of `QuantumFeedForward`, of nearly its size.

    Dense d -> `features`, Dense -> `observables`, Dense -> d: the circuit of
    a quantum block, which maps features to observables, becomes a Dense
    layer. With d = 128 and 4 of each it has 1,176 parameters.

    Args:
        features: the width of the first projection.
        observables: the width after the middle layer.
        activation: of the two inner layers. Defaults to `"gelu"`, that of
            BERT's own block.
        tokens, residual: see `FeedForward`.
        kernel_initializer: of all three layers. Defaults to
            `"glorot_uniform"`.

    Example:

    >>> import numpy as np
    >>> block = BottleneckFeedForward(features=4, observables=4)
    >>> block(np.ones((1, 7, 128))).shape, block.count_params()
    (TensorShape([1, 7, 128]), 1176)
    """

    def __init__(
        self,
        features: int,
        observables: int,
        activation: Any = "gelu",
        tokens: str = "all",
        residual: bool | str = True,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(tokens=tokens, residual=residual, **kwargs)
        check_integer("features", features, minimum=1)
        check_integer("observables", observables, minimum=1)
        self.features = features
        self.observables = observables
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape: Shape) -> None:
        self.down, self.middle, self.up = dense_layers(self, input_shape[-1])
        build_dense_layers(self, input_shape)
        self.built = True

    def transform(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.up(self.middle(self.down(inputs)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "features": self.features,
            "observables": self.observables,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
        }
