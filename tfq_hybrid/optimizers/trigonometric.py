"""A trigonometric polynomial from its values, and its lowest point."""

import dataclasses
from collections.abc import Sequence

import numpy as np

# The grid of the search, for each turn of the highest frequency.
_GRID = 32
# Turns of the lowest frequency that are searched where there is no period.
_MOST_TURNS = 16


@dataclasses.dataclass(frozen=True)
class Polynomial:
    """constant + sum of cosines and sines, of one variable.

    Attributes:
        frequencies: (F,), in radians per unit, positive.
        coefficients: (2 F + 1,): the constant, the cosines', the sines'.
    """

    frequencies: np.ndarray
    coefficients: np.ndarray

    def __call__(self, points: np.ndarray, order: int = 0) -> np.ndarray:
        """Values, or derivatives of an order, at points (…)."""
        turn = order * np.pi / 2  # each derivative is a quarter turn on
        angles = np.multiply.outer(points, self.frequencies) + turn
        _, cosines, sines = np.split(
            self.coefficients, [1, len(self.frequencies) + 1]
        )
        scale = self.frequencies**order
        waves = np.cos(angles) @ (scale * cosines)
        waves += np.sin(angles) @ (scale * sines)
        return waves + (self.coefficients[0] if order == 0 else 0)

    def lowest(self) -> float:
        """The point of the lowest value, the nearest to 0 of several.

        It is looked for in a whole period; where frequencies have none in
        common, in 16 turns of the lowest one.

        >>> wave = Polynomial(np.array([2.0]), np.array([0.0, 1.0, 0.0]))
        >>> round(abs(wave.lowest()), 6)  # of cos(2 t)
        1.570796
        """
        if not len(self.frequencies):
            return 0.0
        half = np.pi * _turns(self.frequencies) / self.frequencies[0]
        count = int(np.ceil(_GRID * half / np.pi * self.frequencies[-1]))
        grid, step = np.linspace(-half, half, count, retstep=True)
        values = self(grid)
        # The grid repeats itself at the ends, or ends there.
        low = (values <= np.roll(values, 1)) & (values <= np.roll(values, -1))
        points = self._refined(grid[low], step)
        points = np.concatenate([points, [0.0]])
        values = self(points)
        margin = 1e-12 * (1 + np.abs(self.coefficients).sum())
        best = points[values <= values.min() + margin]
        return float(best[np.argmin(np.abs(best))])

    def _refined(self, points, step):
        """Minima near points of a grid, by Newton's steps within a cell."""
        first, last = points - step, points + step
        for _ in range(30):
            slope, bend = self(points, 1), self(points, 2)
            safe = np.where(np.abs(bend) > 1e-12, np.abs(bend), np.inf)
            points = np.clip(points - slope / safe, first, last)
        return points


def sample_points(frequencies: Sequence[float]) -> np.ndarray:
    """Where a polynomial is evaluated: 2 F + 1 points, the first one 0.

    Multiples of one frequency are served best by equal parts of its turn; for
    others the best of many spacings is taken.

    >>> sample_points([1.0]).round(4)
    array([ 0.    ,  2.0944, -2.0944])
    """
    rates = np.sort(np.asarray(frequencies, float))
    count = len(rates)
    steps = np.array(
        [0, *(s * k for k in range(1, count + 1) for s in (1, -1))]
    )
    if not count:
        return steps.astype(float)
    turn = 2 * np.pi / (2 * count + 1)
    bases = [rates[0], *np.linspace(rates[0], rates[-1], 64) / count]
    best, lowest = steps * turn / bases[0], np.inf
    for base in bases:
        points = steps * turn / base
        condition = np.linalg.cond(_waves(rates, points))
        if condition < lowest * 0.99:
            best, lowest = points, condition
    return best


def through(
    frequencies: Sequence[float], points: np.ndarray, values: np.ndarray
) -> Polynomial:
    """The polynomial of some frequencies with given values at points.

    >>> points = sample_points([0.5, 1.0])
    >>> found = through([0.5, 1.0], points, 2 + np.sin(points / 2))
    >>> abs(found.coefficients.round(6)).tolist()
    [2.0, 0.0, 0.0, 1.0, 0.0]
    """
    rates = np.sort(np.asarray(frequencies, float))
    system = _waves(rates, points)
    return Polynomial(rates, np.linalg.solve(system, values))


def _waves(frequencies, points):
    angles = np.outer(points, frequencies)
    ones = np.ones((len(points), 1))
    return np.concatenate([ones, np.cos(angles), np.sin(angles)], axis=1)


def _turns(frequencies):
    """Turns of the lowest frequency in a period of all."""
    for turns in range(1, _MOST_TURNS):
        parts = frequencies / frequencies[0] * turns
        if np.allclose(parts, np.round(parts), rtol=0, atol=1e-6):
            return turns
    return _MOST_TURNS
