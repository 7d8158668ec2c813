"""`Minimum`: what a minimiser found, and a function that counts its calls."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from tfq_hybrid.errors import UserError

Objective = Callable[[np.ndarray], Any]


@dataclasses.dataclass(frozen=True)
class Minimum:
    """What a minimiser found.

    Attributes:
        position: float64 array (parameters,).
        value: the function's there, as it was last evaluated.
        evaluations: how often the function was called in all.
        iterations: steps of SPSA, sweeps of Rotosolve.
        converged: whether the stop rule was met; `None` where there is none.
    """

    position: np.ndarray
    value: float
    evaluations: int
    iterations: int
    converged: bool | None


class Counted:
    """A function of a vector, with the number of its calls."""

    def __init__(self, function: Objective):
        self.calls = 0
        self._function = function

    def __call__(self, position: np.ndarray) -> float:
        self.calls += 1
        value = np.asarray(self._function(position), np.float64)
        if value.size != 1 or not np.isfinite(value).all():
            raise UserError(
                "Expected a function that gives one finite number. Received: "
                f"{value}"
            )
        return float(value.reshape(()))


def check_start(start: Any) -> np.ndarray:
    """A start as a new float64 vector.

    Raises:
        UserError: it is no vector of finite numbers.
    """
    vector = np.array(start, np.float64)
    if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
        raise UserError(
            "Expected a start of finite numbers, of shape (parameters,). "
            f"Received: {start!r}"
        )
    return vector
