"""Backpropagation through the simulation."""

import dataclasses

from tfq_hybrid.engines.batched.plan import run_plan
from tfq_hybrid.engines.gradients.method import (
    DENSITY_MATRICES,
    EXACT,
    GradientMethod,
)


@dataclasses.dataclass(frozen=True)
class Simulated(GradientMethod):
    """A gradient through the simulation, which only exact values have."""

    runs_backwards = False  # by the inverse of each gate

    def run(self, plan, values, states=None):
        """`run_plan`, with this gradient."""
        raise NotImplementedError

    def bind(self, engine):
        return None


@dataclasses.dataclass(frozen=True)
class Backprop(Simulated):
    """TensorFlow's own gradient, through the simulation. Exact.

    Example:

    >>> Backprop().to_dict()
    {'name': 'backprop'}
    """

    name = "backprop"
    kinds = frozenset({EXACT, DENSITY_MATRICES})

    run = staticmethod(run_plan)
