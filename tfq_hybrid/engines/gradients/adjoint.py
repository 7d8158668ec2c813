"""The adjoint gradient: walk the circuit backwards instead of storing states.

A unitary circuit can be undone, so the state before each step is computed
again from the state after it (Jones and Gacon 2020, arXiv 2009.02823). Only
the last state is kept, whatever the depth.
"""

import dataclasses
from typing import Any

import tensorflow as tf

from tfq_hybrid.engines.batched.plan import Plan, Values
from tfq_hybrid.engines.batched.prefix import first_state
from tfq_hybrid.engines.gradients.backprop import Simulated
from tfq_hybrid.engines.gradients.method import EXACT, refuse_forward_mode


def run_with_adjoint(
    plan: Plan, values: Values, states: tf.Tensor | None = None
) -> tf.Tensor:
    """`run_plan` of unitary steps; its gradient keeps the last state only."""
    given = [] if states is None else [states]

    # The last state: within `run`, and then as the caller sees it, with a
    # gradient, so that what is computed from it has one too.
    final = []

    @tf.custom_gradient
    def run(features, weights, *given):
        # An outer tape would keep what it sees: it sees constants.
        constants = map(tf.stop_gradient, (features, weights, *given))
        here = values.at(next(constants), next(constants))
        state = next(constants) if given else first_state(plan, here)
        planes = []  # before each step: 1 while the state is real
        for step in plan.steps:
            planes.append(state.shape[0])
            state = step.apply(state, here)
        final.append(state)

        def gradient(upstream):
            if len(final) == 1:
                refuse_forward_mode("adjoint")
            here = values.at(features, weights)
            *sums, by_first = _walk_back(plan, here, planes, final[1], upstream)
            if given:
                return *sums, by_first
            with tf.GradientTape() as tape:
                tape.watch((features, weights))
                first = first_state(plan, values.at(features, weights))
            more = _gradient(tape, first, (features, weights), by_first)
            return tuple(a + b for a, b in zip(sums, more, strict=True))

        return state, gradient

    final.append(run(values.features, values.weights, *given))
    return final[1]


def _walk_back(plan, values, planes, state, upstream):
    """Gradients with respect to features, weights and the first state."""
    inputs = (values.features, values.weights)
    sums = [tf.zeros_like(x) for x in inputs]
    for step, count in zip(plan.steps[::-1], planes[::-1], strict=True):
        # A graph runs what is ready: without a reason to wait, it would
        # compute all states, or all their gradients, ahead, and keep them.
        with tf.control_dependencies([state, upstream, *sums]):
            state, upstream = tf.identity(state), tf.identity(upstream)
        # Undoing may give a second plane, of zeros, to a real state.
        state = step.undo(state, values)[:count]
        with tf.GradientTape() as tape:
            tape.watch((*inputs, state))
            result = step.apply(state, values.at(*inputs))
        *more, upstream = _gradient(tape, result, (*inputs, state), upstream)
        sums = [a + b for a, b in zip(sums, more, strict=True)]
    return *sums, upstream


def _gradient(tape, result, inputs, upstream):
    zero = tf.UnconnectedGradients.ZERO
    return tape.gradient(result, inputs, upstream, zero)


@dataclasses.dataclass(frozen=True)
class Adjoint(Simulated):
    """The circuit walked backwards. Exact; memory independent of the depth.

    On the engine of TensorFlow Quantum, its `Adjoint`.
    """

    name = "adjoint"
    kinds = frozenset({EXACT})
    runs_backwards = True
    run = staticmethod(run_with_adjoint)

    def runs_on_tfq(self, exact: bool) -> bool:
        return exact

    def on_tfq(self, differentiators: Any, estimates: bool) -> Any:
        return differentiators.Adjoint()
