"""`GradientMethod`: the base class of gradient methods."""

import dataclasses
import math
from typing import ClassVar

from tfq_hybrid.errors import UserError, is_number

# Kinds of expectation values that a method may differentiate.
EXACT = "exact expectations"
DENSITY_MATRICES = "density matrices"
SHOTS = "shots"
TRAJECTORIES = "trajectories"


@dataclasses.dataclass(frozen=True)
class GradientMethod:
    """How the gradient of expectation values is computed.

    A subclass is one method; `gradients.GRADIENTS` lists them by name.

    Attributes:
        name: str.
        kinds: frozenset of the kinds of expectation values that it supports.
        is_random: bool. Whether it draws random numbers.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset]
    is_random: ClassVar[bool] = False

    def bind(self, engine):
        """The gradient function of an engine.

        Args:
            engine: `EstimatedEngine`.

        Returns:
            A function of `features`, `weights`, `given` (a list of the initial
            states, or empty), `seed` and `upstream`, a tensor of shape
            (batch, operators). It returns the gradients of
            `sum(upstream * expectations)` with respect to `features` and
            `weights`. `None` stands for the gradient of the simulation.
        """
        raise NotImplementedError

    def runs_on_tfq(self, exact):
        """Whether TensorFlow Quantum's engine supports the method.

        Args:
            exact: bool. Whether it computes exact expectations itself.
        """
        return False

    def on_tfq(self, differentiators, estimates):
        """TensorFlow Quantum's differentiator, or `None` if it has none.

        Args:
            differentiators: the module `tfq.differentiators`.
            estimates: bool. Whether values come from shots.
        """
        return None

    def to_dict(self):
        """The name and the arguments as plain JSON types."""
        return {"name": self.name, **dataclasses.asdict(self)}


def refuse_forward_mode(name):
    """Raises where a forward accumulator calls a gradient that uses a tape.

    It does so before the values are returned, and sees nothing of the tape.
    """
    raise UserError(
        "Expected reverse mode, by a tape. Received: a forward accumulator "
        f"with differentiator={name!r}. Use differentiator='backprop'."
    )


@dataclasses.dataclass(frozen=True)
class SteppedMethod(GradientMethod):
    """A method that evaluates at a distance from the current values.

    Args:
        step: float, in units of the symbol. Defaults to `None`: the method's
            own, which is longer for shots and trajectories.

    Raises:
        UserError: the step is not a positive number.
    """

    # Default steps for exact values, and for estimates, whose errors a short
    # step would amplify.
    steps: ClassVar[tuple[float, float]]
    kinds = frozenset({EXACT, DENSITY_MATRICES, SHOTS, TRAJECTORIES})

    step: float | None = None

    def __post_init__(self):
        if self.step is not None and not (
            is_number(self.step) and 0 < self.step < math.inf
        ):
            raise UserError(
                f"Expected step above 0. Received: step={self.step!r}"
            )

    def step_of(self, estimates):
        """The step, given or default.

        Args:
            estimates: bool. Whether values come from shots or trajectories.
        """
        return self.step or self.steps[bool(estimates)]

    def runs_on_tfq(self, exact):
        return True
