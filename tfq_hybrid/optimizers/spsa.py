"""`spsa_minimize`: simultaneous perturbation, of any function."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.optimizers.minimum import (
    Counted,
    Function,
    Minimum,
    as_position,
    check_at_least,
)

# Of the steps, in the denominator of the gains (Spall 1998, section III B).
STABILITY = 0.1


@dataclasses.dataclass(frozen=True)
class Gains:
    """The rates and perturbations of the steps k = 1, 2, ….

    The rate is `rate / (A + k)**alpha` with A 10 % of the steps, the
    perturbation `perturbation / k**gamma`.

    >>> gains = Gains(steps=90, rate=1.0, perturbation=0.1)
    >>> round(gains.rate_of(1), 4), gains.perturbation_of(1)
    (0.25, 0.1)
    """

    steps: int
    rate: float
    perturbation: float
    alpha: float = 0.602
    gamma: float = 0.101

    def rate_of(self, step: int) -> float:
        """What a gradient is multiplied by."""
        return self.rate / (STABILITY * self.steps + step) ** self.alpha

    def perturbation_of(self, step: int) -> float:
        """How far all symbols are moved, both ways."""
        return self.perturbation / step**self.gamma


def spsa_minimize(
    function: Function,
    start: ArrayLike,
    *,
    steps: int = 200,
    rate: float | None = None,
    perturbation: float = 0.1,
    alpha: float = 0.602,
    gamma: float = 0.101,
    blocking: bool = False,
    allowed_increase: float = 0.0,
    first_move: float = 0.1,
    calibrations: int = 5,
    seed: int | None = None,
) -> Minimum:
    """Minimises a function by two evaluations a step, noisy ones too.

    Every step moves all symbols at once by random signs, and goes down the
    slope that it sees there (Spall 1998, doi 10.1109/7.705889).

    Args:
        function: from a vector to a number.
        start: of shape (symbols,).
        steps: how many. Defaults to 200.
        rate: the gain `a`. Defaults to `None`: it is measured anew in each
            call, for `first_move`.
        perturbation: the gain `c`, in units of the symbols. Defaults to 0.1.
        alpha, gamma: the exponents of the gains. Default to 0.602 and 0.101.
        blocking: whether each step is evaluated, and refused where the value
            is above the last accepted one by more than `allowed_increase`.
            Defaults to `False`.
        allowed_increase: for noisy functions about two standard deviations.
            Defaults to 0: no rise is accepted.
        first_move: how far the first step moves each symbol, about.
            Defaults to 0.1.
        calibrations: pairs of evaluations that measure the slope at the
            start, without a `rate`. Defaults to 5.
        seed: of the signs. Defaults to `None`.

    Returns:
        The last position, and the value there. `converged` is false: the
        steps are never cut short.

    Raises:
        UserError: an argument is out of range, or a value is not finite.

    Example:

    >>> found = spsa_minimize(lambda x: 10 * (x**2).sum(), [1.0, -1.0], seed=0)
    >>> found.value < 1e-2, found.evaluations  # 5 pairs, 200 pairs, the last
    (True, 411)
    """
    check_integer("steps", steps, minimum=1)
    check_integer("calibrations", calibrations, minimum=1)
    for name, value in (
        ("perturbation", perturbation),
        ("first_move", first_move),
        *([] if rate is None else [("rate", rate)]),
    ):
        check_at_least(name, value, 0.0, above=True)
    for name, value in (
        ("alpha", alpha),
        ("gamma", gamma),
        ("allowed_increase", allowed_increase),
    ):
        check_at_least(name, value, 0.0, above=False)
    if allowed_increase and not blocking:
        raise UserError(
            "Expected blocking=True with an allowed increase. Received: "
            f"allowed_increase={allowed_increase!r}, blocking={blocking!r}"
        )
    counted, position = Counted(function), as_position(start)
    random = np.random.default_rng(seed)
    gains = Gains(steps, rate or 1.0, perturbation, alpha, gamma)
    if rate is None:
        slope = np.mean(
            [
                abs(_slope(counted, position, perturbation, random)[0])
                for _ in range(calibrations)
            ]
        )
        # A flat start says nothing: the slope is taken for 1.
        wanted = first_move / (slope or 1.0) / gains.rate_of(1)
        gains = dataclasses.replace(gains, rate=wanted)
    accepted = counted(position) if blocking else np.inf
    for step in range(1, steps + 1):
        width = gains.perturbation_of(step)
        slope, signs = _slope(counted, position, width, random)
        trial = position - gains.rate_of(step) * slope * signs
        if blocking:
            value = counted(trial)
            if value > accepted + allowed_increase:
                continue
            accepted = value
        position = trial
    value = accepted if blocking else counted(position)
    return Minimum(position, float(value), counted.calls, steps, False)


def _slope(function, position, width, random):
    """Along random signs, by two evaluations, and the signs."""
    signs = random.choice([-1.0, 1.0], position.size)
    up, down = (function(position + way * width * signs) for way in (1, -1))
    return (up - down) / (2 * width), signs
