"""What `Expectation` and `SampledExpectation` share: the choice of engine."""

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.circuit_batches import inline
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers.circuit_arguments import is_symbolic, operators_tensor
from tfq_hybrid.layers.circuit_executor import (
    ROWS,
    CircuitExecutor,
    batch_of,
    names_tensor,
    tiled,
)


class ExpectationLayer(CircuitExecutor):
    """Base of the layers whose results are expectations.

    A bare circuit with known operators is one program, in any graph. Other
    batches are sorted by structure when their circuits are known, for which a
    graph calls Python where the batched engine is asked for.
    """

    is_sampled = False

    def _manages(self, arguments):
        return "symbol_values" not in arguments

    def _needs_repetitions(self) -> bool:
        return self.is_sampled or self.backend == "noisy"

    @functools.cached_property
    def _op(self) -> Any:
        # TensorFlow Quantum is imported when it first runs something.
        from tfq_hybrid.engines.tfq.circuit_ops import ExpectationOp

        return ExpectationOp(self.backend, self.is_sampled, self.differentiator)

    def call(
        self,
        inputs: tf.Tensor,
        *,
        symbol_names: Any = None,
        symbol_values: tf.Tensor | None = None,
        operators: tf.Tensor | None = None,
        repetitions: tf.Tensor | None = None,
        initializer: Any = None,
    ) -> tf.Tensor:
        names = symbol_names
        values = self._row_values(inputs, names, symbol_values)
        seed = self._draw_seed()
        arguments = (inputs, names, values, operators, repetitions)
        result = self._either(
            functools.partial(self._batched, *arguments, seed),
            functools.partial(self._on_tfq, *arguments),
        )
        return tf.cast(result, self.compute_dtype)

    def _on_tfq(self, inputs, names, values, operators, repetitions):
        circuits = tiled(inputs, values)
        operators, repetitions = _for_rows(circuits, operators, repetitions)
        values = tf.cast(values, tf.float32)
        names = names_tensor(names)
        return self._op(circuits, names, values, operators, repetitions)

    def _batched(
        self, inputs, names, values, operators, repetitions, seed, must
    ):
        """Expectations by the batched engine; `None` if not worth it."""
        if not isinstance(names, list):
            raise UserError(
                "Expected symbol_names as a list with engine='batched'. "
                "Received: a tensor of a graph"
            )
        self._check_values(names, values)
        whole = _static_call(inputs, operators, repetitions)
        if whole is not None:
            if (
                tf.executing_eagerly()
                and not must
                and self.seed is None
                and values.shape[0] < ROWS
            ):
                return None
            return self._batches.whole(*whole)(names, values, seed)
        circuits = tiled(inputs, values)
        operators, repetitions = _for_rows(circuits, operators, repetitions)
        if tf.executing_eagerly():
            return self._by_groups(
                circuits, names, values, operators, repetitions, seed, must
            )
        if not must and self.seed is None:
            return None
        given = [circuits, operators, repetitions, seed]
        given = [one for one in given if one is not None]

        def run(values, circuits, operators, *others):
            shots = others[0] if repetitions is not None else None
            own_seed = others[-1] if seed is not None else None
            rows = (circuits, names, values, operators, shots)
            result = self._either(
                lambda must: self._by_groups(*rows, own_seed, must),
                lambda: self._on_tfq(*rows),
            )
            return tf.cast(result, values.dtype)

        result = _in_python(run, values, given)
        return tf.ensure_shape(result, [None, operators.shape[1]])

    def _by_groups(
        self, circuits, names, values, operators, repetitions, seed, must
    ):
        if operators.shape.rank != 2 or len(operators) != len(circuits):
            raise UserError(
                "pauli_sums must be rank 2. Expected shape (batch, operators). "
                f"Received: operators of shape {tuple(operators.shape)} for "
                f"{len(circuits)} circuits"
            )
        others = [operators.numpy()]
        if repetitions is not None:
            if repetitions.shape != operators.shape:
                raise UserError(
                    "Expected repetitions of the shape of operators, "
                    f"{tuple(operators.shape)}. Received: shape "
                    f"{tuple(repetitions.shape)}"
                )
            others.append(repetitions.numpy())
        groups = self._groups(
            circuits.numpy(),
            *others,
            batch=len(values),
            values=values,
            must=must,
        )
        if groups is None:
            return None
        return self._batches.expectations(groups, names, values, seed)

    def _check_repetitions(self, repetitions):
        if repetitions is None and self._needs_repetitions():
            raise RuntimeError(
                "Value for repetitions not provided. Expected a number of "
                f"repetitions with backend={self.backend!r} in "
                f"{type(self).__name__}. Received: repetitions=None"
            )
        if repetitions is not None and not self._needs_repetitions():
            raise RuntimeError(
                "repetitions value provided for analytic expectation "
                "calculation that is noiseless. Expected none. Received: "
                f"repetitions={repetitions!r}"
            )

    def __call__(self, inputs: Any, **arguments: Any) -> Any:
        self._check_repetitions(arguments.get("repetitions"))
        if arguments.get("operators") is None:
            operators_tensor(None)  # raises
        return super().__call__(inputs, **arguments)

    def compute_output_spec(
        self,
        inputs: Any,
        symbol_names: Any = None,
        symbol_values: Any = None,
        operators: Any = None,
        repetitions: Any = None,
        initializer: Any = None,
    ) -> keras.KerasTensor:
        symbolic = is_symbolic(operators)
        count = operators.shape[1] if symbolic else len(operators[0])
        shape = (batch_of(inputs, symbol_values), count)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)


def _in_python(run, values, given):
    """What `run` gives for tensors whose values are known when a graph runs.

    Its gradient by `values` runs it again, since strings, which `given` may
    hold, cannot pass through the gradient of a Python function.
    """

    def forward(values, *given):
        with inline():
            return run(*map(tf.constant, (values, *given))).numpy()

    def backward(upstream, values, *given):
        values = tf.constant(values)
        with inline(), tf.GradientTape() as tape:
            tape.watch(values)
            result = run(values, *map(tf.constant, given))
        zero = tf.UnconnectedGradients.ZERO
        upstream = tf.constant(upstream)
        return tape.gradient(result, values, upstream, zero).numpy()

    @tf.custom_gradient
    def call(values):
        def gradient(upstream):
            inputs = [upstream, values, *given]
            found = tf.numpy_function(backward, inputs, values.dtype)
            return tf.ensure_shape(found, values.shape)

        return tf.numpy_function(forward, [values, *given], values.dtype), (
            gradient
        )

    return call(values)


def _for_rows(circuits, operators, repetitions):
    """Operators and shots of each row, where all rows have the same."""
    batch = tf.shape(circuits)[0]
    if operators.shape.rank == 2 and operators.shape[0] == 1:
        operators = tf.repeat(operators, batch, axis=0)
    if repetitions is None:
        return operators, None
    if repetitions.shape.rank == 0:
        repetitions = tf.fill(tf.shape(operators), repetitions)
    elif repetitions.shape.rank == 2 and repetitions.shape[0] == 1:
        repetitions = tf.repeat(repetitions, batch, axis=0)
    return operators, repetitions


def _static_call(inputs, operators, repetitions):
    """A bare circuit, its operators and its shots, if they are known."""
    if inputs.shape.rank != 0:
        return None
    circuit = tf.get_static_value(inputs)
    rows = tf.get_static_value(operators)
    if circuit is None or rows is None:
        return None
    if isinstance(circuit, np.ndarray):  # inside of a graph
        circuit = circuit.item()
    if rows.ndim != 2 or len(rows) != 1:
        return None
    shots = None
    if repetitions is not None:
        static = tf.get_static_value(repetitions)
        numbers = set() if static is None else {*np.ravel(static).tolist()}
        if len(numbers) != 1:
            return None
        [shots] = numbers
    return circuit, tuple(rows[0].tolist()), shots
