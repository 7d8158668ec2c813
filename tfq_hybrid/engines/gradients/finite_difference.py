"""Finite differences."""

import dataclasses
from typing import Any

from tfq_hybrid.engines.gradients.method import SteppedMethod
from tfq_hybrid.engines.gradients.shifts import Shift, shifting


@dataclasses.dataclass(frozen=True)
class _FiniteDifference(SteppedMethod):
    """A difference quotient; see `SteppedMethod` for the step."""

    steps = (1e-3, 0.5)

    def rule(self, step: float) -> list[Shift]:
        """The list of `Shift` for a step."""
        raise NotImplementedError

    def bind(self, engine):
        rule = self.rule(self.step_of(engine.repetitions is not None))
        program = engine.program
        rules = [rule] * len(program.features), [rule] * len(program.weights)
        return shifting(engine, rules)


@dataclasses.dataclass(frozen=True)
class CentralDifference(_FiniteDifference):
    """(f(x + h) - f(x - h)) / 2 h; its error is of the order of h squared.

    Args:
        step: h in units of the symbol. Defaults to `None`: 0.001 for
            exact values, 0.5 for shots and trajectories.

    Example:

    >>> CentralDifference().rule(0.5)
    [Shift(amount=0.5, weight=1.0), Shift(amount=-0.5, weight=-1.0)]
    """

    name = "central_difference"

    def rule(self, step: float) -> list[Shift]:
        weight = 1 / (2 * step)
        return [Shift(step, weight), Shift(-step, -weight)]

    def on_tfq(self, differentiators: Any, estimates: bool) -> Any:
        return differentiators.CentralDifference(2, self.step_of(estimates))


@dataclasses.dataclass(frozen=True)
class ForwardDifference(_FiniteDifference):
    """(f(x + h) - f(x)) / h; its error is of the order of h.

    Args:
        step: h in units of the symbol. Defaults to `None`: 0.001 for
            exact values, 0.5 for shots and trajectories.

    Example:

    >>> ForwardDifference().rule(0.5)
    [Shift(amount=0.5, weight=2.0), Shift(amount=0.0, weight=-2.0)]
    """

    name = "forward_difference"

    def rule(self, step: float) -> list[Shift]:
        return [Shift(step, 1 / step), Shift(0.0, -1 / step)]

    def on_tfq(self, differentiators: Any, estimates: bool) -> Any:
        return differentiators.ForwardDifference(1, self.step_of(estimates))
