"""`GradientMethod`: a gradient method by name, with its settings."""

import dataclasses
import math

from tfq_hybrid.errors import UserError, check_choice, check_integer, is_number

# name -> default steps, of exact values and of estimates, whose errors a
# short step would blow up; `None` where no step is taken
_STEPS = {
    "backprop": None,
    "adjoint": None,
    "parameter_shift": None,
    "central_difference": (1e-3, 0.5),
    "forward_difference": (1e-3, 0.5),
    "spsa": (1e-2, 0.3),
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
            the differences and 0.01 for SPSA of exact values, 0.5 and 0.3
            of shots and trajectories.
        draws: int. Random directions that SPSA averages. Defaults to 1.

    Raises:
        UserError: the name is unknown, or an argument has no effect or is
            out of its range.

    Example:

    >>> method = GradientMethod("central_difference")
    >>> method.step_of(estimates=False), method.step_of(estimates=True)
    (0.001, 0.5)
    """

    name: str
    step: float | None = None
    draws: int = 1

    def __post_init__(self):
        check_choice("differentiator", self.name, GRADIENTS)
        takes_one = _STEPS[self.name] is not None
        if self.step is not None and not takes_one:
            raise UserError(
                f"Expected no step with {self.name!r}, which takes none. "
                f"Received: step={self.step!r}"
            )
        if self.step is not None and not (
            is_number(self.step) and 0 < self.step < math.inf
        ):
            raise UserError(
                f"Expected step above 0. Received: step={self.step!r}"
            )
        check_integer("draws", self.draws, minimum=1)
        if self.draws > 1 and self.name != "spsa":
            raise UserError(
                "Expected draws only with 'spsa'. Received: "
                f"draws={self.draws} with {self.name!r}"
            )

    def step_of(self, estimates):
        """The step, given or default.

        Args:
            estimates: bool. Whether values come from shots or trajectories.
        """
        return self.step or _STEPS[self.name][estimates]

    def to_dict(self):
        """The arguments as plain JSON types."""
        return dataclasses.asdict(self)


def as_gradient_method(value):
    """Accepts a `GradientMethod`, a name, or a dict of its arguments.

    Example:

    >>> as_gradient_method("spsa")
    GradientMethod(name='spsa', step=None, draws=1)
    """
    if isinstance(value, GradientMethod):
        return value
    if isinstance(value, str):
        return GradientMethod(value)
    for key in value:
        check_choice("differentiator argument", key, ("name", "step", "draws"))
    if "name" not in value:
        raise UserError(
            "Expected the name of a differentiator. Received: "
            f"differentiator={value!r}"
        )
    return GradientMethod(**value)
