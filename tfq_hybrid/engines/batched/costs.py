"""What a step of a plan costs: nanoseconds for an amplitude of an example.

For values and gradients, each kind of step timed between blocks on one
processor with two cores, with states that do not fit its cache. Ratios carry
over to other processors better than times do. What the plans then take is
measured by `python -m benchmarks.choice`.
"""

from typing import TYPE_CHECKING, Any

from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.phases import DiagonalStep
from tfq_hybrid.engines.batched.steps import GateStep, PermutationStep

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.plan import Plan

PERMUTATION = 1.0
# Phases, of weights alone and also of features.
_PHASES, _FED_PHASES = 3.0, 5.0
# Of a block: moving its qubits to the front, and each row of its matrix.
_MOVE, _ROW, _REAL_ROW = 2.6, 0.1, 0.042
# One gate with a value for each example.
_GATE, _REAL_GATE = 11.0, 10.0


def phases_cost(is_real: bool, is_fed: bool) -> float:
    """The cost of a vector of phases."""
    return PERMUTATION if is_real else _FED_PHASES if is_fed else _PHASES


def block_cost(size: int, is_real: bool) -> float:
    """The cost of a matrix (size, size)."""
    return _MOVE + size * (_REAL_ROW if is_real else _ROW)


def step_cost(step: Any, features: frozenset[str]) -> float:
    """The cost of a step on complex states."""
    if isinstance(step, BlockStep):
        size = step.register.radix ** len(step.group)
        return block_cost(size, step.is_real)
    if isinstance(step, GateStep):
        return _REAL_GATE if step.gate.is_real else _GATE
    if isinstance(step, DiagonalStep):
        is_fed = any(gate.symbol in features for gate in step.gates)
        return phases_cost(step.is_real, is_fed)
    return PERMUTATION


def plan_cost(plan: "Plan") -> float:
    """The cost of all steps, half for each that states pass as real ones."""
    is_real = all(gate.is_real for run in plan.prefix for gate in run)
    total = 0.0
    for step in plan.steps:
        is_real = is_real and _keeps_real(step)
        total += step_cost(step, plan.features) / (2 if is_real else 1)
    return total


def _keeps_real(step):
    gate = getattr(step, "gate", None)
    if gate is not None:
        return gate.is_real
    return isinstance(step, PermutationStep) or step.is_real
