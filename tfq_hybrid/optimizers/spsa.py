"""SPSA: a step along a random direction from two values of a function."""

from typing import Any

import numpy as np

from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.optimizers.minimum import (
    Counted,
    Minimum,
    Objective,
    check_start,
)

# Spall 1998, "Implementation of the simultaneous perturbation algorithm",
# doi 10.1109/7.705889: the exponents, and a stability term of a tenth.
ALPHA, GAMMA, STABILITY = 0.602, 0.101, 0.1
CALIBRATION = 10  # pairs of values


def spsa_minimize(
    function: Objective,
    start: Any,
    iterations: int = 100,
    *,
    perturbation: float = 0.1,
    first_step: float = 0.1,
    learning_rate: float | None = None,
    blocking: bool = False,
    allowed_increase: float = 0.0,
    seed: int | None = None,
) -> Minimum:
    """Minimises a function of many angles by simultaneous perturbation.

    In step k, counted from 1, all angles move by a random sign times
    c / k**0.101 there and back, and then by a / (A + k)**0.602 times the slope
    between; A is a tenth of the iterations (Spall 1992, doi
    10.1109/9.119632). Every call calibrates anew.

    Args:
        function: from a float64 array (parameters,) to a number.
        start: the first position, of shape (parameters,).
        iterations: two values each, three with `blocking`. Defaults to 100.
        perturbation: c, in the unit of the angles. Defaults to 0.1.
        first_step: by how much the first step should move an angle; ten pairs
            of values around the start give the learning rate for it. Defaults
            to 0.1.
        learning_rate: a, instead of `first_step`. Defaults to `None`.
        blocking: whether a step is taken back that leads to a higher value
            than the last one that was accepted. Defaults to `False`.
        allowed_increase: by how much higher it may be. Defaults to 0.
        seed: of the directions. Defaults to `None`.

    Raises:
        UserError: an argument is out of range, or the function does not give
            a finite number.

    Example:

    >>> found = spsa_minimize(lambda x: np.sum(x**2), [1.0, -2.0], seed=0)
    >>> found.value < 0.01, found.evaluations, found.converged
    (True, 221, None)
    """
    position = check_start(start)
    check_integer("iterations", iterations, minimum=1)
    for name, value in (
        ("perturbation", perturbation),
        ("first_step", first_step),
        ("learning_rate", 1.0 if learning_rate is None else learning_rate),
    ):
        if not (np.isfinite(value) and value > 0):
            raise UserError(
                f"Expected {name} to be above 0. Received: {name}={value!r}"
            )
    counted, rng = Counted(function), np.random.default_rng(seed)
    stability = STABILITY * iterations

    def slope(size):
        signs = rng.choice([-1.0, 1.0], size=position.shape)
        rise = counted(position + size * signs)
        rise -= counted(position - size * signs)
        return rise / (2 * size) * signs

    if learning_rate is None:
        typical = np.mean(
            [np.abs(slope(perturbation)[0]) for _ in range(CALIBRATION)]
        )
        learning_rate = first_step * (1 + stability) ** ALPHA
        learning_rate /= typical if typical > 0 else 1.0
    value = counted(position) if blocking else np.inf
    for step in range(1, iterations + 1):
        rate = learning_rate / (stability + step) ** ALPHA
        moved = position - rate * slope(perturbation / step**GAMMA)
        if not blocking:
            position = moved
            continue
        there = counted(moved)
        if there <= value + allowed_increase:
            position, value = moved, there
    if not blocking:
        value = counted(position)
    return Minimum(position, value, counted.calls, iterations, None)
