"""The straight-through gradient of sampled expectations."""

import dataclasses

from tfq_hybrid.engines.gradients.method import SHOTS, GradientMethod


@dataclasses.dataclass(frozen=True)
class StraightThrough(GradientMethod):
    """From shots, the gradient of the exact expectation.

    No hardware could compute it.
    """

    name = "straight_through"
    kinds = frozenset({SHOTS})

    def bind(self, engine):
        return None
