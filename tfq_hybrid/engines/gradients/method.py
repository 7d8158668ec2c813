"""`GradientMethod`: the base class of gradient methods."""

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from tfq_hybrid.errors import UserError, is_number

if TYPE_CHECKING:
    from tfq_hybrid.engines.batched.estimated import EstimatedEngine

# Kinds of expectation values that a method may differentiate.
EXACT = "exact expectations"
DENSITY_MATRICES = "density matrices"
SHOTS = "shots"
TRAJECTORIES = "trajectories"

GradientFunction = Callable[..., tuple]  # see `GradientMethod.bind`


@dataclasses.dataclass(frozen=True)
class GradientMethod:
    """How the gradient of expectation values is computed.

    A subclass is one method; `gradients.GRADIENTS` lists them by name.

    Attributes:
        name: the key in `GRADIENTS`.
        kinds: the kinds of expectation values that it supports.
        is_random: whether it draws random numbers.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[str]]
    is_random: ClassVar[bool] = False

    def bind(self, engine: "EstimatedEngine") -> GradientFunction | None:
        """The gradient function of an engine.

        It takes `features`, `weights`, `given` (a list of the initial states,
        or empty), `seed` and `upstream`, a tensor of shape (batch, operators),
        and returns the gradients of `sum(upstream * expectations)` by
        `features` and `weights`. `None` stands for the gradient of the
        simulation.
        """
        raise NotImplementedError

    def runs_on_tfq(self, exact: bool) -> bool:
        """Whether TensorFlow Quantum's engine supports the method.

        Args:
            exact: whether it computes exact expectations itself.
        """
        return False

    def on_tfq(self, differentiators: Any, estimates: bool) -> Any:
        """TensorFlow Quantum's differentiator, or `None` if it has none.

        Args:
            differentiators: the module `tfq.differentiators`.
            estimates: whether values come from shots.
        """
        return None

    def to_dict(self) -> dict[str, Any]:
        """The name and the arguments as plain JSON types."""
        return {"name": self.name, **dataclasses.asdict(self)}


def refuse_forward_mode(name: str) -> NoReturn:
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
        step: in units of the symbol, above 0. Defaults to `None`: the method's
            own, which is longer for shots and trajectories.
    """

    # Default steps for exact values, and for estimates, whose errors a short
    # step would amplify.
    steps: ClassVar[tuple[float, float]]
    kinds = frozenset({EXACT, DENSITY_MATRICES, SHOTS, TRAJECTORIES})

    step: float | None = None

    def __post_init__(self) -> None:
        if self.step is not None and not (
            is_number(self.step) and 0 < self.step < math.inf
        ):
            raise UserError(
                f"Expected step above 0. Received: step={self.step!r}"
            )

    def step_of(self, estimates: bool) -> float:
        """The step: given, or the default of estimates or of exact values."""
        return self.step or self.steps[bool(estimates)]

    def runs_on_tfq(self, exact: bool) -> bool:
        return True
