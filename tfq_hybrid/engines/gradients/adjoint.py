"""The adjoint gradient: walk the circuit backwards instead of storing states.

A unitary circuit can be undone, so the state before each step is computed
again from the state after it (Jones and Gacon 2020, arXiv 2009.02823). Only
the last state is kept, whatever the depth.
"""

import dataclasses
from typing import Any

import tensorflow as tf

from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.layout import State
from tfq_hybrid.engines.batched.plan import Plan, Values, plan_matrices
from tfq_hybrid.engines.batched.prefix import first_state
from tfq_hybrid.engines.gradients.backprop import Simulated
from tfq_hybrid.engines.gradients.method import EXACT, refuse_forward_mode


def run_with_adjoint(
    plan: Plan, values: Values, states: tf.Tensor | None = None
) -> State:
    """`run_plan` of unitary steps; its gradient keeps the last state only."""
    given = [] if states is None else [states]

    # The last state: within `run`, and then as the caller sees it, with a
    # gradient, so that what is computed from it has one too.
    final: list[State] = []
    made_real = []  # before each step, whether the state is real

    @tf.custom_gradient
    def run(features, weights, *given):
        # An outer tape would keep what it sees: it sees constants.
        constants = map(tf.stop_gradient, (features, weights, *given))
        here = values.at(next(constants), next(constants))
        planes = next(constants) if given else first_state(plan, here)
        state = State.of_planes(planes, plan.register)
        here = here.with_matrices(plan_matrices(plan, here))
        for step in plan.steps:
            made_real.append(state.is_real)
            state = step.apply(state, here)
        final.append(state)

        def gradient(upstream):
            if len(final) == 1:
                refuse_forward_mode("adjoint")
            inputs = (features, weights)
            with tf.GradientTape(persistent=True) as tape:
                tape.watch((*inputs, *given))
                here = values.at(*inputs)
                first = given[0] if given else first_state(plan, here)
                matrices = plan_matrices(plan, here)
            here = here.with_matrices(matrices)
            sums, by_matrix, by_first = _walk_back(
                plan, here, made_real, final[1], upstream
            )
            results = [first, *matrices.values()]
            upstreams = [by_first, *(by_matrix[step] for step in matrices)]
            inputs = (*inputs, *given)
            sums += [tf.zeros_like(x) for x in given]
            more = _gradient(tape, results, inputs, upstreams)
            return tuple(a + b for a, b in zip(sums, more, strict=True))

        return state.tensor, gradient

    tensor = run(values.features, values.weights, *given)
    final.append(final[0].with_tensor(tensor))
    return final[1]


def _walk_back(plan, values, made_real, state, upstream):
    """Gradients by features and weights, by matrices and by the first state.

    A gradient has the axes of the state that it belongs to.
    """
    inputs = (values.features, values.weights)
    sums = [tf.zeros_like(x) for x in inputs]
    by_matrix = {}
    for step, was_real in zip(plan.steps[::-1], made_real[::-1], strict=True):
        # A graph runs what is ready: without a reason to wait, it would
        # compute all states, or all their gradients, ahead, and keep them.
        with tf.control_dependencies([state.tensor, upstream, *sums]):
            state = state.with_tensor(tf.identity(state.tensor))
            upstream = tf.identity(upstream)
        before = step.undo(state, values)
        if was_real:  # undoing may give it an imaginary part, of zeros
            before = before.with_parts(before.parts()[:1])
        own = [values.matrix(step)] if isinstance(step, BlockStep) else []
        with tf.GradientTape() as tape:
            tape.watch((*inputs, before.tensor, *own))
            here = values.at(*inputs)
            result = step.apply(before, here)
        # The step may leave the axes in another order than it found them.
        upstream = result.aligned(state.with_tensor(upstream))
        *more, upstream, by_own = _gradient(
            tape, result.tensor, (*inputs, before.tensor, own), upstream
        )
        sums = [a + b for a, b in zip(sums, more, strict=True)]
        if own:
            by_matrix[step] = by_own[0]
        state = before
    first = state.with_tensor(upstream).planes()
    return sums, by_matrix, first


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
