"""Quantum head (arXiv 2504.08732): circuits on sentence embeddings."""

from typing import TYPE_CHECKING, Any

import cirq
import keras

from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.layers.quantum_dense import make_circuit_layer
from tfq_hybrid.models.heads import classical_head, mlp_width
from tfq_hybrid.models.quantum_head.circuits import (
    encoder_circuit,
    head_circuit,
)
from tfq_hybrid.models.quantum_head.system import (
    QuantumHeadOptions,
    as_options,
)

if TYPE_CHECKING:
    import tensorflow as tf

# Running means and variances are those of about ten batches, since a few
# hundred sentences make little more; a variance below EPSILON is rounding.
MOMENTUM, EPSILON = 0.9, 1e-6


@keras.saving.register_keras_serializable("tfq_hybrid")
class QuantumHead(keras.layers.Layer):
    """From sentence embeddings to logits, by circuits.

        (batch, width)
        -> E encoders: amplitudes -> block -> Z    (batch, qubits) in [-1, 1]
        -> N x {RY, block}, block -> Z             (batch, readouts)
        -> Dense                                   (batch, classes)

    The blocks are those of Fig. 3: CNOT and RY on its target around the ring
    at distance 1, 2, …, C.

    Args:
        classes: the number of labels.
        options: `QuantumHeadOptions`, or a dict of them. Defaults to `None`:
            the defaults.
        seed: of shots and trajectories. Defaults to `None`.

    Call arguments:
        inputs: float tensor of shape (batch, width).

    Returns:
        A tensor of shape (batch, classes), logits.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> import numpy as np
    >>> head = QuantumHead(classes=2, options={"qubits": 4})
    >>> head(np.ones((5, 12))).shape, head.count_params()
    (TensorShape([5, 2]), 88)
    """

    def __init__(
        self,
        classes: int,
        options: QuantumHeadOptions | dict | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        check_integer("classes", classes, minimum=1)
        self.classes = classes
        self.options = as_options(options)
        self.seed = seed

    def build(self, input_shape: tuple) -> None:
        if len(input_shape) != 2 or not input_shape[-1]:
            raise UserError(
                "Expected embeddings of a known width, of shape (batch, "
                f"width). Received: shape {tuple(input_shape)}"
            )
        options = self.options
        qubits = options.qubits_of_encoders(input_shape[-1])
        shape = (options.depth, options.distance)
        self.encoders = [
            self._around(
                encoder_circuit(qubits, count, *shape, options.entangled),
                f"encoder_{index}",
                index,
                options.layers(qubits),
            )
            for index, count in enumerate(options.values_read)
        ]
        circuit = head_circuit(
            options.qubits,
            options.reuploads,
            options.readouts,
            *shape,
            options.share_weights,
            options.entangled,
        )
        self.pqc = self._around(
            circuit,
            "pqc",
            options.encoders,
            options.layers(options.qubits, options.reuploads + 1),
        )
        self.logits = keras.layers.Dense(
            self.classes, dtype=self.dtype_policy, name="logits"
        )
        for encoder in self.encoders:
            encoder.build((None, options.amplitudes(input_shape[-1])))
        self.pqc.build((None, options.qubits))
        self.logits.build((None, options.readouts))
        self.norms = []
        if options.readout == "standardised":
            self.norms = [
                self._norm(name, width)
                for name, width in (
                    ("encoder_norm", options.qubits),
                    ("readout_norm", options.readouts),
                )
            ]
        layers = [*self.encoders, self.pqc]
        self.supports_jit = all(layer.supports_jit for layer in layers)

    def _around(self, circuit, name, index, depth):
        """The layer around one of the circuits."""
        options = self.options
        layer = make_circuit_layer(
            circuit,
            engine=options.engine,
            repetitions=options.shots,
            noise_model=cirq.depolarize(options.noise)
            if options.noise
            else None,
            readout_error=options.readout_error or None,
            # Layers of one seed would draw the same numbers.
            seed=None if self.seed is None else self.seed + index,
            dtype=self.dtype_policy,
            name=name,
        )
        layer.depth = depth
        return layer

    def _norm(self, name, width):
        """A layer that standardises values; nothing of it trains."""
        norm = keras.layers.BatchNormalization(
            momentum=MOMENTUM,
            center=False,
            scale=False,
            epsilon=EPSILON,
            dtype=self.pqc.circuit_dtype,
            name=name,
        )
        norm.build((None, width))
        return norm

    def call(
        self, inputs: "tf.Tensor", training: bool | None = None
    ) -> "tf.Tensor":
        amplitudes = self._with_constant(inputs)
        values = [encoder(amplitudes) for encoder in self.encoders]
        values = keras.ops.concatenate(values, axis=-1)  # (batch, qubits)
        values = keras.ops.cast(values, self.pqc.circuit_dtype)
        if self.norms:
            values = keras.ops.tanh(self.norms[0](values, training=training))
        read = self.pqc(self.options.angle_range * values)
        if self.norms:
            read = self.norms[1](read, training=training)
        return self.logits(read)

    def _with_constant(self, inputs):
        """The embeddings, with the constant amplitude where there is one."""
        constant = self.options.constant_amplitude
        if not constant:
            return inputs
        inputs = keras.ops.cast(inputs, self.pqc.circuit_dtype)
        inputs = keras.ops.normalize(inputs, axis=-1)
        column = constant * keras.ops.ones_like(inputs[:, :1])
        return keras.ops.concatenate([inputs, column], axis=-1)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (input_shape[0], self.classes)

    def get_config(self) -> dict:
        return {
            **super().get_config(),
            "classes": self.classes,
            "options": self.options.to_dict(),
            "seed": self.seed,
        }


def make_head(
    width: int,
    classes: int,
    options: QuantumHeadOptions | None = None,
    baseline: str | None = None,
    seed: int | None = None,
    dtype: str | keras.DTypePolicy | None = None,
) -> keras.Layer:
    """The quantum head, or a classical baseline on the same embeddings.

    Args:
        width: of the embeddings.
        classes: the number of labels.
        options: of the circuits. Defaults to `None`: the defaults. The `"mlp"`
            baseline is as wide as gives it nearly as many parameters.
        baseline: `"linear"` or `"mlp"`. Defaults to `None`: the circuits.
        seed: of shots and trajectories. Defaults to `None`.
        dtype: of the layers. Defaults to `None`: the global one.

    Returns:
        A layer from (batch, width) to (batch, classes), called `"head"`.

    Raises:
        UserError: an argument is out of its range.
    """
    options = options or QuantumHeadOptions()
    if baseline is None:
        return QuantumHead(
            classes, options, seed=seed, dtype=dtype, name="head"
        )
    size = options.parameters(width, classes)
    units = mlp_width(size, width, classes)
    return classical_head(baseline, classes, units, dtype)
