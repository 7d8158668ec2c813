"""The batched engine with shots, readout errors or an estimated gradient."""

import copy

import tensorflow as tf

from tfq_hybrid.engines.batched.engine import BatchedEngine, PlannedEngine
from tfq_hybrid.engines.gradients import Backprop, GradientMethod, Simulated
from tfq_hybrid.engines.gradients.method import (
    refuse_forward_mode,
)
from tfq_hybrid.engines.noise.pauli_frames import make_trajectories
from tfq_hybrid.engines.program import Program
from tfq_hybrid.engines.shots import Terms
from tfq_hybrid.errors import check_integer


class EstimatedEngine:
    """Expectations, exact or from shots, with any gradient method.

    Args:
        program: what is evaluated.
        method: how its gradient is.
        repetitions: shots for each Pauli word and evaluation, at least 1.
            Defaults to `None`: exact expectations.
        readout_error: the probabilities to read 1 for 0, and 0 for 1. Defaults
            to `None`.
        trajectories: whether the repetitions are trajectories of a noisy
            circuit. Defaults to `False`: density matrices.
        sample_based: whether a trajectory gives one measured sign instead of
            its exact expectation. Defaults to `True`.

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
        program: Program,
        method: GradientMethod,
        repetitions: int | None = None,
        readout_error: tuple[float, float] | None = None,
        trajectories: bool = False,
        sample_based: bool = True,
    ):
        if repetitions is not None:
            check_integer("repetitions", repetitions, minimum=1)
        self.program = program
        self.repetitions = repetitions
        self.trajectories = trajectories
        takes_shots = repetitions is not None and (
            sample_based or not trajectories
        )
        self._terms = Terms(program.operators, readout_error, takes_shots)
        measured = program.with_operators(self._terms.operators)
        if trajectories:
            self.exact: PlannedEngine = make_trajectories(
                measured,
                repetitions,
                self._terms.sample if sample_based else None,
            )
        else:
            is_simulated = isinstance(method, Simulated)
            self.exact = BatchedEngine(
                measured, method if is_simulated else Backprop()
            )
        self.method = method
        self.gradient = method.bind(self)

    @tf.autograph.experimental.do_not_convert
    def __call__(
        self,
        features: tf.Tensor,
        weights: tf.Tensor,
        states: tf.Tensor | None = None,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Expectations for a batch, as for `BatchedEngine`.

        Equal seeds, int tensors of shape (2,), give equal shots.
        """
        given = [] if states is None else [states]
        return self._run(features, weights, given, seed)

    def evaluate(self, features, weights, given, seed):
        """Expectations for a batch, as a gradient method asks for them.

        They have a gradient too, for second derivatives: that of the
        simulation where they are exact, else the method's own.
        """
        if self.repetitions is None:
            return self._values(features, weights, given, seed)
        return self._run(features, weights, given, seed)

    def _values(self, features, weights, given, seed, exact=False):
        """From shots, with the gradient of the exact ones; or exact."""
        states = given[0] if given else None
        values = self.exact(features, weights, states, seed)
        if self.repetitions and not self.trajectories and not exact:
            values = self._sampled(values, seed)
        return self._terms.combine(values)

    def _sampled(self, values, seed):
        """Means of shots, with the gradient of the exact values."""

        @tf.custom_gradient
        def sample(values):
            found = self._terms.sample(values, self.repetitions, seed)
            return found, lambda up: up

        return sample(values)

    def _run(self, features, weights, given, seed):
        if self.gradient is None:
            return self._values(features, weights, given, seed)
        returned = []

        @tf.custom_gradient
        def run(features, weights, *given):
            def gradient(upstream):
                arguments = (features, weights, given, seed, upstream)
                if not given:
                    return self.gradient(*arguments)
                if not returned:
                    refuse_forward_mode(self.method.name)
                by_given = self._by_given(*arguments)
                return (*self.gradient(*arguments), by_given)

            return self._values(features, weights, given, seed), gradient

        returned.append(run(features, weights, *given))
        return returned[0]

    def with_exact(self, exact, make_gradient):
        """This engine above another one, with the gradient that is made."""
        engine = copy.copy(self)
        engine.exact = exact
        engine.gradient = make_gradient(engine)
        return engine

    def _by_given(self, features, weights, given, seed, upstream):
        """The gradient by the initial states, through the simulation."""
        with tf.GradientTape() as tape:
            tape.watch(given)
            exact = self._values(features, weights, given, seed, exact=True)
        zero = tf.UnconnectedGradients.ZERO
        return tape.gradient(exact, given[0], upstream, zero)
