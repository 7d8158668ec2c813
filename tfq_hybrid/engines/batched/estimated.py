"""The batched engine with shots, readout errors or an estimated gradient."""

import tensorflow as tf

from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.gradients import Backprop, Simulated
from tfq_hybrid.engines.noise.pauli_frames import make_trajectories
from tfq_hybrid.engines.shots import Terms, sample_means
from tfq_hybrid.errors import check_integer


class EstimatedEngine:
    """Expectations, exact or from shots, with any gradient method.

    Args:
        program: `Program`.
        method: `GradientMethod`.
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
    >>> from tfq_hybrid.engines.gradients import ParameterShift
    >>> from tfq_hybrid.engines.program import Program
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    >>> program = Program(circuit, (cirq.Z(qubit),), ("x",))
    >>> engine = EstimatedEngine(program, ParameterShift(), repetitions=100)
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
        self.repetitions = repetitions
        self.trajectories = trajectories
        self._terms = Terms(program.operators, readout_error)
        measured = program.with_operators(self._terms.operators)
        if trajectories:
            self.exact = make_trajectories(measured, repetitions, sample_based)
        else:
            is_simulated = isinstance(method, Simulated)
            self.exact = BatchedEngine(
                measured, method if is_simulated else Backprop()
            )
        self._gradient = method.bind(self)

    @tf.autograph.experimental.do_not_convert
    def __call__(self, features, weights, states=None, seed=None):
        """Expectations for a batch.

        Args:
            features, weights, states: as for `BatchedEngine`.
            seed: int tensor of shape (2,). Equal seeds give equal shots.

        Returns:
            A tensor of shape (batch, operators) of the dtype of `features`.
        """
        given = [] if states is None else [states]

        @tf.custom_gradient
        def run(features, weights, *given):
            result = self.evaluate(features, weights, given, seed)

            def gradient(upstream):
                arguments = (features, weights, given, seed, upstream)
                found = self._gradient(*arguments)
                if len(found) < 2 + len(given):
                    by_given = self.simulated_gradient(*arguments)[2:]
                    found = (*found, *by_given)
                return found

            return result, gradient

        return run(features, weights, *given)

    def evaluate(self, features, weights, given, seed, engine=None):
        """Expectations for a batch, without a gradient.

        Args:
            features, weights, seed: as for a call.
            given: list of `states`, or empty.
            engine: the engine below. Defaults to `None`: the exact one.
        """
        states = given[0] if given else None
        values = (engine or self.exact)(features, weights, states, seed)
        if self.repetitions is not None and not self.trajectories:
            values = sample_means(values, self.repetitions, seed)
        return self._terms.combine(values)

    def simulated_gradient(self, features, weights, given, seed, upstream):
        """Gradients through the simulation, by all inputs."""
        inputs = (features, weights, *given)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            states = given[0] if given else None
            exact = self.exact(features, weights, states, seed)
            exact = self._terms.combine(exact)
        zero = tf.UnconnectedGradients.ZERO
        return tape.gradient(exact, inputs, upstream, zero)
