"""`GradientMethod`: a gradient by its name."""

import dataclasses
import math

from tfq_hybrid.errors import UserError, check_choice, check_integer, is_number

# name -> default step in radians, or `None` where no step is taken
_STEPS = {
    "backprop": None,
    "adjoint": None,
    "parameter_shift": None,
    "central_difference": 1e-3,
    "forward_difference": 1e-3,
    "spsa": 1e-2,
    "straight_through": None,
}
GRADIENTS = tuple(_STEPS)


@dataclasses.dataclass(frozen=True)
class GradientMethod:
    """How the gradient of a circuit is computed.

    - `"backprop"`: TensorFlow's own, through the simulation. Exact.
    - `"adjoint"`: the circuit walked backwards. Exact, and its memory does
      not grow with the depth. On the engine of TensorFlow Quantum, its
      `Adjoint`.
    - `"parameter_shift"`: a weighted sum of shifted evaluations. Exact in
      expectation, from shots and from hardware too.
    - `"central_difference"`, `"forward_difference"`: with a step.
    - `"spsa"`: all symbols are moved at once by a random sign times the
      step (Spall 1992, doi 10.1109/9.119632): two evaluations for any number
      of symbols; a noisy estimate, unbiased up to the square of the step.
    - `"straight_through"`: from shots, the gradient of the exact
      expectation: what no hardware could give.

    Args:
        name: str, one of the above.
        step: float, in units of the symbol. Defaults to `None`: 0.001 for
            the differences, 0.01 for SPSA.
        draws: int. Random directions that SPSA averages. Defaults to 1.

    Raises:
        UserError: the name is unknown, or an argument has no effect or is
            out of its range.

    Example:

    >>> GradientMethod("central_difference").step
    0.001
    """

    name: str
    step: float | None = None
    draws: int = 1

    def __post_init__(self):
        check_choice("differentiator", self.name, GRADIENTS)
        default = _STEPS[self.name]
        if self.step is None:
            object.__setattr__(self, "step", default)
        elif default is None:
            raise UserError(
                f"Expected no step with {self.name!r}, which takes none. "
                f"Received: step={self.step!r}"
            )
        elif not (is_number(self.step) and 0 < self.step < math.inf):
            raise UserError(
                f"Expected step above 0. Received: step={self.step!r}"
            )
        check_integer("draws", self.draws, minimum=1)
        if self.draws > 1 and self.name != "spsa":
            raise UserError(
                "Expected draws only with 'spsa'. Received: "
                f"draws={self.draws} with {self.name!r}"
            )

    def to_dict(self):
        """The arguments as plain JSON types."""
        return dataclasses.asdict(self)


def as_gradient_method(value):
    """Accepts a `GradientMethod`, a name, or a dict of its arguments.

    Example:

    >>> as_gradient_method("spsa")
    GradientMethod(name='spsa', step=0.01, draws=1)
    """
    if isinstance(value, GradientMethod):
        return value
    if isinstance(value, str):
        return GradientMethod(value)
    for key in value:
        check_choice("differentiator argument", key, ("name", "step", "draws"))
    return GradientMethod(**value)
