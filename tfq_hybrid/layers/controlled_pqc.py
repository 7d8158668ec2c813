"""`ControlledPQC`: a circuit whose symbols are the layer's inputs."""

from collections.abc import Iterable
from typing import Any

import cirq
import keras
import numpy as np
import sympy
import tensorflow as tf

from tfq_hybrid.errors import UserError, check_choice, listed
from tfq_hybrid.layers.arguments import Operators, Shape
from tfq_hybrid.layers.circuit_layer import CircuitLayer
from tfq_hybrid.layers.resolving import data_circuits, resolve, rows_of


@keras.saving.register_keras_serializable("tfq_hybrid")
class ControlledPQC(CircuitLayer):
    """Expectation values of a circuit with input and trained symbols.

    The layer of the same name in TensorFlow Quantum, on Keras 3, with a
    config, so that it saves and loads. Arguments and results are the same;
    two things are added. Data circuits may be left out, which lets the layer
    take and give plain floats. And symbols may be trained by the layer, with
    one value for the whole batch, which the batched engine turns into speed.

    Args:
        model_circuit: a circuit with `sympy.Symbol`s.
        operators: the outputs, one or several.
        repetitions: samples for each expectation. Defaults to `None`:
            exact expectations.
        backend: `"noiseless"` or a Cirq simulator or sampler. Defaults to
            `"noiseless"`. A layer with a Cirq back end cannot be saved.
        differentiator: the name of a gradient, a `GradientMethod` or its
            dict (see there), or a `tfq.differentiators.Differentiator`, which
            runs on TensorFlow Quantum. Defaults to `None`: exact where the
            expectations are, else parameter shift.
        trained_symbols: those that the layer trains, in the order of its
            weights. Defaults to `()`: none, as in TensorFlow Quantum.
        initializer: of the trained angles, in radians times the factors in
            the circuit. Defaults to uniform from 0 to 2 pi.
        regularizer: of the trained angles. Defaults to `None`.
        constraint: of the trained angles. Defaults to `None`.
        engine: `"auto"`, `"batched"` or `"tfq"`, as in `PQC`. Defaults to
            `"auto"`.
        seed: of the shots, trajectories and random directions of the
            batched engine; TensorFlow Quantum draws its own seeds. Defaults
            to `None`.

    Call arguments:
        inputs: float tensor of shape (batch, symbols), the values in
            the lexicographic order of the names; or a dict of the names and
            tensors of shape (batch,) or (batch, 1); or a pair of a string
            tensor of shape (batch,) of data circuits and such values.

    Returns:
        A tensor of shape (batch, operators).

    Raises:
        TypeError, ValueError: as TensorFlow Quantum does.

    Example:

    >>> import numpy as np
    >>> import sympy
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.X(qubit) ** sympy.Symbol("turns"))
    >>> layer = ControlledPQC(circuit, cirq.Z(qubit))
    >>> layer(np.array([[0.0], [1.0]])).numpy().round(4)
    array([[ 1.],
           [-1.]], dtype=float32)
    """

    def __init__(
        self,
        model_circuit: cirq.Circuit,
        operators: Operators,
        *,
        repetitions: int | None = None,
        backend: Any = "noiseless",
        differentiator: Any = None,
        trained_symbols: Iterable[str | sympy.Symbol] = (),
        initializer: Any = None,
        regularizer: Any = None,
        constraint: Any = None,
        engine: str = "auto",
        seed: int | None = None,
        **kwargs: Any,
    ):
        trained_symbols = tuple(map(str, trained_symbols))
        super().__init__(
            model_circuit,
            operators,
            trained=trained_symbols,
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
        for name in trained_symbols:
            choices = sorted(cirq.parameter_names(self.model_circuit))
            check_choice("trained_symbols", name, choices)
        if not self.program.features:
            raise UserError(
                "Expected at least one symbol as an input. Received: "
                f"trained_symbols={list(trained_symbols)}, which is all"
            )
        self.trained_symbols = trained_symbols

    def build(self, input_shape: Any = None) -> None:
        is_list = isinstance(input_shape, (list, tuple)) and bool(input_shape)
        if is_list and isinstance(
            input_shape[0], (list, tuple)
        ):  # of strings, which XLA knows nothing of
            self.supports_jit = False
        super().build(input_shape)

    @property
    def symbols(self) -> list[sympy.Symbol]:
        """The input symbols, in the order of the inputs."""
        return [sympy.Symbol(name) for name in self.program.features]

    def call(self, inputs: Any) -> tf.Tensor:
        if isinstance(inputs, (list, tuple)):
            circuits, values = inputs
            return self._expectations(self._in_order(values), circuits)
        return self._expectations(self._in_order(inputs))

    def _in_order(self, values: Any) -> tf.Tensor:
        """Values by name as columns in the order of the symbols."""
        if not isinstance(values, dict):
            return values
        names = self.program.features
        if {*map(str, values)} != {*names}:
            raise UserError(
                f"Expected a value for each of the symbols {listed(names)}. "
                f"Received: {listed(sorted(map(str, values)))}"
            )
        columns = {
            str(name): keras.ops.reshape(column, (-1,))
            for name, column in values.items()
        }
        return keras.ops.stack([columns[name] for name in names], axis=1)

    def resolved_circuit(
        self, inputs: Any = None
    ) -> cirq.Circuit | list[cirq.Circuit]:
        starts = None
        if _has_circuits(inputs):
            starts = data_circuits(inputs[0])
            inputs = inputs[1]
        if isinstance(inputs, dict):
            inputs = keras.ops.convert_to_numpy(self._in_order(inputs))
        names = self.program.features
        what = f"values of the symbols {listed(names)}"
        rows = rows_of(inputs, len(names), what)
        if starts is not None and len(starts) != len(rows):
            raise UserError(
                "Expected as many data circuits as rows of values. Received: "
                f"{len(starts)} and {len(rows)}"
            )
        return resolve(self, rows, starts)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        values = input_shape
        if not isinstance(values, dict) and isinstance(
            values[0], (list, tuple)
        ):
            values = values[1]
        if isinstance(values, dict):
            values = next(iter(values.values()))
        return (values[0], self.outputs.size)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        has_circuits = isinstance(inputs, (list, tuple))
        values = inputs[1] if has_circuits else inputs
        if isinstance(values, dict):
            values = next(iter(values.values()))
        shape = (values.shape[0], self.outputs.size)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "trained_symbols": list(self.trained_symbols),
        }


def _has_circuits(inputs: Any) -> bool:
    """Whether inputs are a pair of data circuits and values."""
    if not isinstance(inputs, (list, tuple)) or len(inputs) != 2:
        return False
    first = inputs[0]
    first = first[0] if isinstance(first, (list, tuple)) and first else first
    if isinstance(first, cirq.Circuit):
        return True
    return np.asarray(first).dtype.kind in "OSU"
