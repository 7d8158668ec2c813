"""`AmplitudePQC`: a trained circuit that starts from amplitudes."""

from typing import Any

import cirq
import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.states import amplitude_states, check_width
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers.arguments import Operators, Shape
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.layers.pqc import symbol_names
from tfq_hybrid.layers.resolving import prepared, resolve, rows_of


@keras.saving.register_keras_serializable("tfq_hybrid")
class AmplitudePQC(CircuitLayer):
    """Expectations of a trained circuit on amplitude-encoded vectors.

    A vector of at most 2**qubits numbers is padded with zeros, divided by
    its norm, and is then the state that the circuit starts from; a vector of
    zeros stands for |0...0>, without a gradient. It runs on the batched
    engine: on a device the state would first have to be prepared.

    Args:
        model_circuit: its `sympy.Symbol`s are all trained.
        operators: the outputs, one or several.
        repetitions: samples for each Pauli word. Defaults to `None`:
            exact expectations.
        differentiator: the name of a gradient, a `GradientMethod` or its
            dict. Defaults to `None`: exact where the expectations are, else
            parameter shift for the angles; the vectors' gradient is that of
            the exact expectation in any case.
        initializer: of the angles, in radians times the factors in the
            circuit. Defaults to uniform from 0 to 2 pi.
        regularizer: of the angles. Defaults to `None`.
        constraint: of the angles. Defaults to `None`.
        engine: `"auto"` or `"batched"`, which is the one that runs. Defaults
            to `"batched"`.
        seed: of the shots. Defaults to `None`.

    Call arguments:
        inputs: float tensor of shape (batch, width), width <= 2**qubits.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError: as for `ControlledPQC`. Further, a `UserError`
            where the vectors are too wide.

    Example:

    >>> import cirq
    >>> import numpy as np
    >>> import sympy
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.rx(sympy.Symbol("w"))(qubit))
    >>> layer = AmplitudePQC(circuit, cirq.Z(qubit), initializer="zeros")
    >>> layer(np.array([[3.0, 4.0], [0.0, 0.0]])).numpy().round(4)
    array([[-0.28],
           [ 1.  ]], dtype=float32)
    """

    def __init__(
        self,
        model_circuit: cirq.Circuit,
        operators: Operators,
        *,
        repetitions: int | None = None,
        differentiator: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
        engine: str = "batched",
        seed: int | None = None,
        **kwargs: Any,
    ):
        if engine not in ("auto", "batched"):
            raise UserError(
                "Expected engine='batched', which alone starts from "
                f"amplitudes. Received: engine={engine!r}"
            )
        super().__init__(
            model_circuit,
            operators,
            trained=symbol_names(model_circuit),
            repetitions=repetitions,
            differentiator=differentiator,
            initializer=initializer,
            regularizer=regularizer,
            constraint=constraint,
            engine="batched",
            seed=seed,
            **kwargs,
        )

    def build(self, input_shape: Shape = ()) -> None:
        if len(input_shape) != 2 or not input_shape[-1]:
            raise UserError(
                "Expected vectors of a known width, of shape (batch, width). "
                f"Received: shape {tuple(input_shape)}"
            )
        check_width(input_shape[-1], self.program.qubits)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        vectors = tf.cast(inputs, self.circuit_dtype)
        states = amplitude_states(vectors, self.program.qubits)
        empty = tf.zeros([tf.shape(vectors)[0], 0], self.circuit_dtype)
        return self._expectations(empty, states=states)

    def resolved_circuit(
        self, inputs: Any = None
    ) -> cirq.Circuit | list[cirq.Circuit]:
        rows = rows_of(inputs, None, "vectors of amplitudes")
        check_width(rows.shape[1], self.program.qubits)
        starts = prepared(rows, self.program.qids)
        return resolve(self, np.zeros((len(rows), 0)), starts)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["backend"]
        return config
