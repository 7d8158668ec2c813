"""Rotosolve: each angle in turn to the minimum of its trigonometric curve."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.optimize

from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.optimizers.minimum import (
    Counted,
    Minimum,
    Objective,
    check_start,
)

# Points of a search for each turn of the highest frequency.
RESOLUTION = 16
LEAST_AMPLITUDE = 1e-9  # below, a curve is flat: nothing to choose


def rotosolve_minimize(
    function: Objective,
    start: Any,
    frequencies: Sequence[Sequence[float]] | None = None,
    *,
    sweeps: int = 50,
    tolerance: float = 1e-6,
) -> Minimum:
    """Minimises an expectation, one angle at a time.

    In one symbol an expectation is a constant, cosines and sines of known
    frequencies (Ostaszewski et al. 2021, arXiv:1905.09692; several
    frequencies: Wierichs et al. 2022, arXiv:2107.12390). Values at 2 R + 1
    positions give a curve of R frequencies, and the angle goes to its
    minimum. No step size, and no gradient.

    Args:
        function: from a float64 array (parameters,) to a number.
        start: the first position, of shape (parameters,).
        frequencies: those of each parameter, in radians per unit, as
            `frequencies_of` gives them for a layer. Defaults to `None`: 1 for
            each, right for a rotation by a symbol that stands nowhere else.
        sweeps: over all parameters, at most. Defaults to 50.
        tolerance: a whole sweep that lowers the value by no more ends the
            search. Defaults to 1e-6.

    Raises:
        UserError: the frequencies are not positive and different, or are not
            those of as many parameters.

    Example:

    >>> found = rotosolve_minimize(lambda x: np.prod(np.cos(x)), [1, 1])
    >>> round(found.value, 6), found.converged
    (-1.0, True)
    """
    position = check_start(start)
    check_integer("sweeps", sweeps, minimum=1)
    curves = [_Curve(found) for found in _checked(frequencies, len(position))]
    counted = Counted(function)
    value, converged, sweep = counted(position), False, 0
    while not converged and sweep < sweeps:
        sweep += 1
        for place, curve in enumerate(curves):
            position[place] += curve.lowest(counted, position, place)
        lower = counted(position)
        converged = value - lower <= tolerance
        value = lower
    return Minimum(position, value, counted.calls, sweep, converged)


def _checked(frequencies, count):
    if frequencies is None:
        return [np.ones(1)] * count
    found = [np.sort(np.asarray(one, np.float64)) for one in frequencies]
    are_positive = all(
        one.ndim == 1 and np.all(one > 0) and np.all(np.diff(one) > 1e-9)
        for one in found
    )
    if len(found) != count or not are_positive:
        raise UserError(
            f"Expected positive and different frequencies of each of {count} "
            f"parameters. Received: frequencies={frequencies!r}"
        )
    return found


class _Curve:
    """The trigonometric polynomial of one parameter."""

    def __init__(self, frequencies):
        self._frequencies = frequencies
        if not len(frequencies):
            return
        count = len(frequencies)
        steps = np.arange(-count, count + 1)
        spacings = 2 * np.pi / (2 * count + 1) / frequencies[0]
        spacings *= np.linspace(frequencies[0] / frequencies[-1], 1, 65)
        # The best of many spacings: exact for multiples of one frequency.
        conditions = [np.linalg.cond(self._basis(steps * x)) for x in spacings]
        self._shifts = steps * spacings[int(np.argmin(conditions))]
        half = np.pi / frequencies[0]
        turns = max(1, round(frequencies[-1] / frequencies[0]))
        self._grid = np.linspace(-half, half, RESOLUTION * turns + 1)

    def _basis(self, shifts):
        """Constant, cosines, sines: (shifts, 2 R + 1)."""
        angles = np.outer(shifts, self._frequencies)
        ones = np.ones((len(angles), 1))
        return np.hstack([ones, np.cos(angles), np.sin(angles)])

    def lowest(self, function, position, place):
        """What to add to the parameter; 0 where the curve is flat."""
        if not len(self._frequencies):
            return 0.0
        values = []
        for shift in self._shifts:
            moved = position.copy()
            moved[place] += shift
            values.append(function(moved))
        factors = np.linalg.lstsq(
            self._basis(self._shifts), np.array(values), rcond=None
        )[0]
        if np.abs(factors[1:]).max() < LEAST_AMPLITUDE:
            return 0.0

        def curve(shift):
            return (self._basis(np.atleast_1d(shift)) @ factors)[0]

        best = self._grid[np.argmin(self._basis(self._grid) @ factors)]
        width = self._grid[1] - self._grid[0]
        found = scipy.optimize.minimize_scalar(
            curve,
            bounds=(best - width, best + width),
            method="bounded",
            options={"xatol": 1e-9 * width},
        )
        return float(found.x)
