"""Shot-based or noisy expectations; gradients from circuit evaluations only."""

import tensorflow as tf

from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.gradients.estimates import shift_gradient, spsa_gradient
from tfq_hybrid.engines.gradients.shifts import (
    central_difference,
    forward_difference,
    gate_frequencies,
    parameter_shift,
)
from tfq_hybrid.engines.noise.pauli_frames import make_trajectories
from tfq_hybrid.engines.shots import Terms, sample_means
from tfq_hybrid.errors import check_integer

_DIFFERENCES = {
    "central_difference": central_difference,
    "forward_difference": forward_difference,
}
_EXACT = ("backprop", "adjoint", "straight_through")


class EstimatedEngine:
    """Expectations as a device could find them: by evaluations only.

    Args:
        program: `Program`.
        method: `GradientMethod`: `"parameter_shift"`, a difference,
            `"spsa"`, or the gradient of the exact expectation, which is
            `"straight_through"` from shots and else `"backprop"` or
            `"adjoint"`.
        repetitions: int, at least 1. Shots for each Pauli word and
            evaluation. Defaults to `None`: exact expectations.
        readout_error: pair of float (to read 1 for 0, 0 for 1). Defaults to
            `None`.
        trajectories: bool. Whether the repetitions are trajectories of a
            noisy circuit. Defaults to `False`: density matrices.
        sample_based: bool. Whether a trajectory gives one measured sign
            instead of its exact expectation. Defaults to `True`.

    The gradient with respect to given initial states, which no shift rule
    knows, is that of the exact expectation, or runs along the trajectories.

    Raises:
        UserError: `repetitions` is below 1, or the program is one that
            `BatchedEngine` refuses.

    Example:

    >>> import cirq, sympy
    >>> from tfq_hybrid.engines.gradients.method import GradientMethod
    >>> from tfq_hybrid.engines.program import Program
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    >>> program = Program(circuit, (cirq.Z(qubit),), ("x",))
    >>> shift = GradientMethod("parameter_shift")
    >>> engine = EstimatedEngine(program, shift, repetitions=100)
    >>> engine(tf.zeros([1, 1]), tf.zeros([0]), seed=[1, 2]).numpy()
    array([[1.]], dtype=float32)
    """

    name = "batched"

    def __init__(
        self,
        program,
        method,
        repetitions=None,
        readout_error=None,
        trajectories=False,
        sample_based=True,
    ):
        if repetitions is not None:
            check_integer("repetitions", repetitions, minimum=1)
        self.program = program
        self.method = method
        self.repetitions = repetitions
        self.trajectories = trajectories
        self._terms = Terms(program.operators, readout_error)
        measured = program.with_operators(self._terms.operators)
        if trajectories:
            self._exact = make_trajectories(measured, repetitions, sample_based)
        else:
            walks_back = method.name == "adjoint"
            gradient = "adjoint" if walks_back else "backprop"
            self._exact = BatchedEngine(measured, gradient)
        if method.name in (*_DIFFERENCES, "spsa"):
            self._step = method.step_of(repetitions is not None)
        if method.name == "parameter_shift":
            self._shifted, self._own, felt = self._exact.with_own_symbols()
            rules = [
                parameter_shift(gate_frequencies(gate, self._exact.register))
                if id(gate) in felt
                else []
                for gate in self._own.gates
            ]
            count = self._own.fed_mixing.shape[1]
            self._rules = rules[:count], rules[count:]
        elif method.name in _DIFFERENCES:
            rule = _DIFFERENCES[method.name](self._step)
            self._rules = (
                [rule] * len(program.fed),
                [rule] * len(program.trained),
            )

    @tf.autograph.experimental.do_not_convert
    def __call__(self, fed, trained, states=None, seed=None):
        """Expectations for a batch.

        Args:
            fed, trained, states: as for `BatchedEngine`.
            seed: int tensor of shape (2,). Equal seeds give equal shots.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `fed`.
        """
        given = [] if states is None else [states]

        @tf.custom_gradient
        def run(fed, trained, *given):
            result = self._evaluate(self._exact, fed, trained, given, seed)

            def gradient(upstream):
                return self._gradient(fed, trained, given, seed, upstream)

            return result, gradient

        return run(fed, trained, *given)

    def _evaluate(self, engine, fed, trained, given, seed):
        states = given[0] if given else None
        values = engine(fed, trained, states, seed)
        if self.repetitions is not None and not self.trajectories:
            values = sample_means(values, self.repetitions, seed)
        return self._terms.combine(values)

    def _gradient(self, fed, trained, given, seed, upstream):
        is_exact = self.method.name in _EXACT
        if given or is_exact:
            inputs = (fed, trained, *given)
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                states = given[0] if given else None
                exact = self._exact(fed, trained, states, seed)
                exact = self._terms.combine(exact)
            zero = tf.UnconnectedGradients.ZERO
            by_inputs = tape.gradient(exact, inputs, upstream, zero)
            if is_exact:
                return by_inputs
        if self.method.name == "spsa":
            by_symbols = spsa_gradient(
                lambda f, t, s: self._evaluate(self._exact, f, t, given, s),
                self._step,
                self.method.draws,
                fed,
                trained,
                upstream,
                seed,
            )
        elif self.method.name == "parameter_shift":
            by_symbols = self._parameter_shift(
                fed, trained, given, seed, upstream
            )
        else:
            by_symbols = shift_gradient(
                lambda f, t, s: self._evaluate(self._exact, f, t, given, s),
                self._rules,
                fed,
                trained,
                upstream,
                seed,
            )
        return (*by_symbols, by_inputs[-1]) if given else by_symbols

    def _parameter_shift(self, fed, trained, given, seed, upstream):
        """Every gate is shifted alone; symbols sum over their gates."""
        to_fed = tf.constant(self._own.fed_mixing, fed.dtype)
        to_trained = tf.constant(self._own.trained_mixing, trained.dtype)
        by_fed, by_trained = shift_gradient(
            lambda f, t, s: self._evaluate(self._shifted, f, t, given, s),
            self._rules,
            fed @ to_fed,
            tf.linalg.matvec(to_trained, trained, transpose_a=True),
            upstream,
            seed,
        )
        by_fed = tf.matmul(by_fed, to_fed, transpose_b=True)
        return by_fed, tf.linalg.matvec(to_trained, by_trained)
