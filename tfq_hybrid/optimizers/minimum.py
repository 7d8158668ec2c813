"""`Minimum`: what a minimiser found, and how many evaluations it took."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from tfq_hybrid.errors import UserError, is_number

Function = Callable[[np.ndarray], float]


@dataclasses.dataclass(frozen=True)
class Minimum:
    """What a minimiser found.

    Attributes:
        position: float64, of shape (symbols,).
        value: of the function there, as it was evaluated.
        evaluations: calls of the function, all of them.
        iterations: steps, or sweeps.
        converged: whether it stopped because it no longer came lower.
    """

    position: np.ndarray
    value: float
    evaluations: int
    iterations: int
    converged: bool


class Counted:
    """A function that counts its calls and checks its values.

    >>> counted = Counted(lambda x: (x**2).sum())
    >>> counted(np.array([3.0, 4.0])), counted.calls
    (25.0, 1)
    """

    def __init__(self, function: Function):
        self.calls = 0
        self._function = function

    def __call__(self, position: np.ndarray) -> float:
        """The value at a position, which the function may change.

        Raises:
            UserError: the value is not one finite number.
        """
        self.calls += 1
        value = np.asarray(self._function(position.copy()), float)
        if value.size != 1 or not np.isfinite(value).all():
            raise UserError(
                "Expected a function whose value is one finite number. "
                f"Received: {value} at {position}"
            )
        return value.item()


def as_position(start: ArrayLike) -> np.ndarray:
    """A start as a float64 vector of its own.

    Raises:
        UserError: it is not a vector of finite numbers, at least one.
    """
    position = np.array(start, float)
    if position.ndim != 1 or not position.size:
        raise UserError(
            f"Expected start to be a vector. Received: shape {position.shape}"
        )
    if not np.isfinite(position).all():
        raise UserError(
            f"Expected start to hold finite numbers. Received: {position}"
        )
    return position


def check_at_least(name: str, value: object, low: float, above: bool) -> None:
    """Raises `UserError` unless a number is at least, or above, `low`."""
    if (
        not is_number(value)
        or value < low  # type: ignore[operator]
        or (above and value == low)
    ):
        bound = "above" if above else "of at least"
        raise UserError(
            f"Expected {name} to be a number {bound} {low}. "
            f"Received: {name}={value!r}"
        )
