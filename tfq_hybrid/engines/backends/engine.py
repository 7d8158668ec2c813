"""`CirqEngine`: the engine of layers with a Cirq back end."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cirq
import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.backends.measuring import (
    Run,
    check_readout,
    estimate_words,
)
from tfq_hybrid.engines.backends.shifts import OwnSymbol, with_own_symbols
from tfq_hybrid.engines.gradients import (
    SPSA,
    GradientMethod,
    ParameterShift,
)
from tfq_hybrid.engines.grouping import words_of
from tfq_hybrid.engines.program import Program
from tfq_hybrid.errors import UserError


class CirqEngine:
    """Expectations of a program on a Cirq sampler or simulator.

    The circuit goes there as it is: any gate, measurements on the way, control
    by their results. Pauli words that commute qubit by qubit are measured in
    one circuit, and all rows of a call, and all shifts of a gradient, are
    points of one sweep. Only what a gradient is asked for is shifted.

    Args:
        program: what is evaluated.
        backend: a `cirq.Sampler` with `repetitions`, else a
            `cirq.SimulatesExpectationValues`. One with a method
            `estimate_words` measures words by that.
        repetitions: of each circuit. Defaults to `None`: exact expectations.
        method: of the gradient. Defaults to the parameter-shift rule.

    Raises:
        UserError: an observable does not go with the circuit's measurements.

    Example:

    >>> import sympy
    >>> qubit = cirq.LineQubit(0)
    >>> circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    >>> program = Program(circuit, (cirq.Z(qubit),), ("x",))
    >>> engine = CirqEngine(program, cirq.Simulator(), repetitions=10)
    >>> engine(tf.zeros([1, 1]), tf.zeros([0])).numpy()
    array([[1.]], dtype=float32)
    """

    name = "cirq"

    def __init__(
        self,
        program: Program,
        backend: Any,
        repetitions: int | None = None,
        method: GradientMethod | None = None,
    ):
        self.program = program
        self.backend = backend
        self.repetitions = repetitions
        self.method = method or ParameterShift()
        self._words = words_of(program.operators)
        check_readout(program.circuit, self._words.words)

    def __call__(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        states: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
        circuits: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Expectations for a batch, as of the other engines.

        Args:
            features: float tensor of shape (batch, features).
            weights: float tensor of shape (weights,).
            states: must be `None`: a back end starts from circuits.
            seed: int tensor of shape (2,), for SPSA. A back end's shots are its
                own.
            circuits: string tensor of shape (batch,) of serialised circuits
                without symbols, each run before the program. Defaults to
                `None`: none.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `features`.
        """
        if states is not None:
            raise UserError(
                "Expected circuits to start from with a backend. Received: "
                "states"
            )

        def evaluate(features, weights, _=None):
            return _in_python(
                self._values,
                [features, weights, *([] if circuits is None else [circuits])],
                [None, len(self.program.operators)],
                features.dtype,
            )

        values = tf.stop_gradient(evaluate(features, weights))
        if not isinstance(self.method, SPSA):
            # Two paths, so that only what a tape watches is shifted.
            for which, given in enumerate((features, weights)):
                slopes = self._slopes_by(which, features, weights, circuits)
                values += _zeros_with_gradient(given, values, slopes)
            return values

        def estimate(features, weights, upstream):
            return self.method.estimate(
                evaluate,
                self.repetitions is not None,
                features,
                weights,
                upstream,
                seed,
            )

        @tf.custom_gradient
        def run(features, weights):
            def gradient(upstream):
                return _only_once(estimate, features, weights, upstream)

            return values, gradient

        return run(features, weights)

    def _slopes_by(self, which, features, weights, circuits):
        """The gradient by the features (0) or by the weights (1)."""

        def in_python(features, weights, upstream):
            given = [features, weights, upstream]
            given += [] if circuits is None else [circuits]
            return _in_python(
                lambda *arrays: self._slopes(which, *arrays),
                given,
                (features, weights)[which].shape,
                features.dtype,
            )

        return lambda up: _only_once(in_python, features, weights, up)

    @functools.cached_property
    def _rules(self) -> tuple[cirq.Circuit, list[OwnSymbol]]:
        """A circuit, and how its symbols are shifted."""
        symbols = (*self.program.features, *self.program.weights)
        circuit = self.program.circuit
        if isinstance(self.method, ParameterShift):
            return with_own_symbols(circuit, symbols)
        method: Any = self.method
        rule = method.rule(method.step_of(self.repetitions is not None))
        return circuit, [OwnSymbol(name, name, rule) for name in symbols]

    def _values(self, features, weights, circuits=None):
        """Expectations (rows, operators), of arrays."""
        points = self._points(features, weights)
        [found] = self._words_at(self.program.circuit, [points], circuits)
        return found @ self._words.mixing + self._words.constants

    def _slopes(self, which, features, weights, upstream, circuits=None):
        """Of sum(upstream * expectations), by features or by weights."""
        circuit, own = self._rules
        names = (self.program.features, self.program.weights)[which]
        points = self._points(features, weights)
        sources = {one.name: one.symbol for one in own}
        plain = [
            {name: point[symbol] for name, symbol in sources.items()}
            for point in points
        ]
        shifts = [
            (one, shift)
            for one in own
            if one.symbol in names
            for shift in one.shifts
        ]
        moved = [
            [{**row, one.name: row[one.name] + shift.amount} for row in plain]
            for one, shift in shifts
        ]
        found = self._words_at(circuit, moved, circuits)
        slopes = np.zeros((len(features), len(names)))
        weighted = upstream @ self._words.mixing.T
        for (one, shift), words in zip(shifts, found, strict=True):
            share = shift.weight * np.sum(words * weighted, axis=1)
            slopes[:, names.index(one.symbol)] += share
        return slopes.sum(axis=0) if which else slopes

    def _points(self, features, weights) -> list[dict[str, float]]:
        shared = dict(
            zip(self.program.weights, map(float, weights), strict=True)
        )
        return [
            {**shared, **dict(zip(self.program.features, row, strict=True))}
            for row in np.asarray(features, float).tolist()
        ]

    def _words_at(
        self,
        circuit: cirq.Circuit,
        several: Sequence[Sequence[Mapping[str, float]]],
        circuits: np.ndarray | None,
    ) -> list[np.ndarray]:
        """Means of the words at several lists of points, one for each row."""
        count = len(several[0]) if several else 0
        if not count:
            return [np.zeros((0, len(self._words.words))) for _ in several]
        sources = np.zeros(count, int)
        before = [cirq.Circuit()]
        if circuits is not None:
            unique, sources = np.unique(circuits, return_inverse=True)
            before = [_read(one) for one in unique]
        # Rows with one data circuit are points of one sweep.
        rows = [
            np.flatnonzero(sources == place) for place in range(len(before))
        ]
        runs = [
            Run(
                data + circuit,
                [points[row] for points in several for row in own],
            )
            for data, own in zip(before, rows, strict=True)
        ]
        measured = self._measure(runs)
        found = np.zeros((len(several), count, len(self._words.words)))
        for own, words in zip(rows, measured, strict=True):
            found[:, own] = words.reshape(len(several), len(own), -1)
        return [*found]

    def _measure(self, runs):
        words = self._words.words
        if not words:
            return [np.zeros((len(run.points), 0)) for run in runs]
        if self.repetitions is None:
            return [self._exact(run) for run in runs]
        own = getattr(self.backend, "estimate_words", None)
        if own is not None:
            return own(runs, words, self.repetitions)
        return estimate_words(self.backend, runs, words, self.repetitions)

    def _exact(self, run):
        words = self._words.words
        qids = sorted(
            run.circuit.all_qubits().union(*(word.qubits for word in words))
        )
        return np.real(
            self.backend.simulate_expectation_values_sweep(
                run.circuit,
                list(words),
                [*map(cirq.ParamResolver, run.points)],
                qubit_order=qids,
            )
        )


def _in_python(
    function: Callable[..., np.ndarray],
    inputs: list[tf.Tensor],
    shape: Any,
    dtype: tf.DType,
) -> tf.Tensor:
    """A function of arrays, called at once or when a graph runs."""

    def call(*arrays):
        return np.asarray(function(*arrays), dtype.as_numpy_dtype)

    if tf.executing_eagerly():
        return tf.constant(call(*(tensor.numpy() for tensor in inputs)))
    # Not folded away: two calls are two measurements.
    return tf.ensure_shape(tf.numpy_function(call, inputs, dtype), shape)


def _zeros_with_gradient(given, like, gradient):
    """Zeros that a tape derives by `given` with a function."""

    @tf.custom_gradient
    def zeros(given):
        return tf.zeros_like(like), gradient

    return zeros(given)


def _only_once(function, *inputs):
    """A function of tensors whose own derivative is refused."""

    @tf.custom_gradient
    def run(*inputs):
        def gradient(*upstream):
            raise UserError(
                "Expected first derivatives from a backend. Received: the "
                "gradient of a gradient. Use backend='noiseless'."
            )

        return function(*inputs), gradient

    return run(*inputs)


def _read(serialised: bytes) -> cirq.Circuit:
    from tfq_hybrid.engines.tfq.ops import tfq

    [circuit] = tfq.from_tensor(tf.constant([serialised]))
    return circuit
