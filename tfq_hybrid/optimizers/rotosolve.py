"""`rotosolve_minimize`: one angle after another to its lowest point."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from tfq_hybrid.errors import UserError, check_integer, is_number
from tfq_hybrid.optimizers.minimum import (
    Counted,
    Function,
    Minimum,
    as_position,
    check_at_least,
)
from tfq_hybrid.optimizers.trigonometric import sample_points, through


def rotosolve_minimize(
    function: Function,
    start: ArrayLike,
    frequencies: Sequence[Iterable[float]] | None = None,
    *,
    sweeps: int = 50,
    tolerance: float = 1e-6,
) -> Minimum:
    """Minimises an expectation by one symbol at a time, in whole moves.

    In one symbol an expectation is a trigonometric polynomial. Its F
    frequencies take 2 F evaluations besides the value that is known; the
    symbol then jumps to the lowest point of all (Ostaszewski et al. 2021,
    arXiv 1905.09692; Vidal and Theis 2018, arXiv 1812.06323, for several
    frequencies). The function is evaluated there too, and the move is kept
    only where it is lower, so that a value never rises.

    Args:
        function: from a vector to a number, such as a sum of expectations.
        start: of shape (symbols,).
        frequencies: those of each symbol, in radians per unit of it;
            `frequencies_of` gives those of a layer. A symbol without any is
            not moved. Defaults to `None`: 1 each, that of a rotation by a
            symbol of its own.
        sweeps: over all symbols, at most. Defaults to 50.
        tolerance: a whole sweep that comes down by no more ends the search.
            Defaults to 1e-6.

    Raises:
        UserError: an argument is out of range, or a value is not finite.

    Example:

    A symbol in two rotations has the frequencies 1 and 2.

    >>> found = rotosolve_minimize(lambda x: np.cos(2 * x[0]), [0.0], [[1, 2]])
    >>> round(found.value, 6), found.converged
    (-1.0, True)
    """
    check_integer("sweeps", sweeps, minimum=1)
    check_at_least("tolerance", tolerance, 0.0, above=False)
    counted, position = Counted(function), as_position(start)
    if frequencies is None:
        frequencies = [[1.0]] * position.size
    checked = _checked(frequencies, position.size)
    value = counted(position)
    for sweep in range(1, sweeps + 1):
        before = value
        position, value = sweep_once(counted, position, value, checked)
        if before - value <= tolerance:
            return Minimum(position, value, counted.calls, sweep, True)
    return Minimum(position, value, counted.calls, sweeps, False)


def sweep_once(
    function: Function,
    position: np.ndarray,
    value: float,
    frequencies: Sequence[Sequence[float]],
) -> tuple[np.ndarray, float]:
    """Each symbol to its lowest point, once.

    Args:
        function: from a vector to a number.
        position: of shape (symbols,).
        value: of the function there.
        frequencies: of each symbol.

    Returns:
        The new position and the value there, which is not above the old one.
    """
    position = position.copy()
    for place, own in enumerate(frequencies):
        points = sample_points(own)
        values = [value]
        for point in points[1:]:
            moved = position.copy()
            moved[place] += point
            values.append(function(moved))
        move = through(own, points, np.array(values)).lowest()
        if not move:
            continue
        moved = position.copy()
        moved[place] += move
        there = function(moved)
        if there < value:
            position, value = moved, there
    return position, value


def _checked(frequencies, count):
    """The frequencies of each symbol, sorted."""
    checked = [sorted(set(own)) for own in frequencies]
    if len(checked) != count:
        raise UserError(
            f"Expected frequencies of each of the {count} symbols. Received: "
            f"those of {len(checked)}"
        )
    for own in checked:
        if not all(is_number(one) and one > 0 for one in own):
            raise UserError(f"Expected frequencies above 0. Received: {own}")
    return checked
