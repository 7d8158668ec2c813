"""`PQC`: a trained circuit after data circuits."""

from collections.abc import Sequence
from typing import Any

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.layers.arguments import Operators
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.layers.resolving import data_circuits, resolve


@keras.saving.register_keras_serializable("tfq_hybrid")
class PQC(CircuitLayer):
    """Expectations after data circuits followed by a trained circuit.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same.

    Args:
        model_circuit: its `sympy.Symbol`s are all trained.
        operators: the outputs, one or several.
        repetitions: samples for each expectation. Defaults to `None`:
            exact expectations.
        backend: `"noiseless"` or a Cirq simulator or sampler. Defaults to
            `"noiseless"`. A layer with a Cirq back end cannot be saved.
        differentiator: the name of a gradient, a `GradientMethod` or its
            dict (see there), or a `tfq.differentiators.Differentiator`, which
            runs on TensorFlow Quantum. Defaults to `None`: exact where the
            expectations are, else parameter shift.
        initializer: of the angles, in radians times the factors in the
            circuit. Defaults to uniform from 0 to 2 pi.
        regularizer: of the angles. Defaults to `None`.
        constraint: of the angles. Defaults to `None`.
        engine: `"auto"`, `"batched"` or `"tfq"`. `engine_choice` tells which
            one runs, and why. The batched engine simulates each data circuit
            once and keeps what it prepares; its data circuits act on qubits
            of `model_circuit`, without channels. Batches with others run on
            TensorFlow Quantum with `"auto"`, which warns of it. Defaults to
            `"auto"`.
        seed: of the shots, trajectories and random directions of the
            batched engine; TensorFlow Quantum draws its own seeds. Defaults
            to `None`.

    Call arguments:
        inputs: string tensor of shape (batch,), from
            `tfq.convert_to_tensor`, of circuits without symbols.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does.

    Example:

    >>> import tensorflow_quantum as tfq
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.rx(sympy.Symbol("w"))(qubit))
    >>> layer = PQC(circuit, cirq.Z(qubit), initializer="zeros")
    >>> data = tfq.convert_to_tensor([cirq.Circuit(cirq.X(qubit))])
    >>> layer(data).numpy()
    array([[-1.]], dtype=float32)
    """

    def __init__(
        self,
        model_circuit: cirq.Circuit,
        operators: Operators,
        *,
        repetitions: int | None = None,
        backend: Any = "noiseless",
        differentiator: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
        engine: str = "auto",
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            model_circuit,
            operators,
            trained=symbol_names(model_circuit),
            repetitions=repetitions,
            backend=backend,
            differentiator=differentiator,
            initializer=initializer,
            regularizer=regularizer,
            constraint=constraint,
            engine=engine,
            seed=seed,
            **kwargs,
        )
        self.supports_jit = False  # its inputs are strings
        # As in TensorFlow Quantum, the weights are there before a call.
        self.build()

    @property
    def symbols(self) -> list[sympy.Symbol]:
        """The trained symbols, in the order of the weights."""
        return [sympy.Symbol(name) for name in self.program.weights]

    def resolved_circuit(
        self, inputs: Any = None
    ) -> cirq.Circuit | list[cirq.Circuit]:
        starts = [cirq.Circuit()] if inputs is None else data_circuits(inputs)
        return resolve(self, np.zeros((len(starts), 0)), starts)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        empty = tf.zeros([tf.shape(inputs)[0], 0], self.circuit_dtype)
        return self._expectations(empty, inputs)

    def compute_output_spec(
        self, inputs: keras.KerasTensor
    ) -> keras.KerasTensor:
        shape = self.compute_output_shape(inputs.shape)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)


def symbol_names(circuit: Any) -> Sequence[str]:
    """The symbols of a circuit, sorted as TensorFlow Quantum sorts them."""
    # What is no circuit is refused by the base class, in its own words.
    is_circuit = isinstance(circuit, cirq.Circuit)
    return sorted(cirq.parameter_names(circuit)) if is_circuit else ()
