"""`ZeroNoise`: expectations at more noise, extrapolated to none."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import cirq
import numpy as np
from numpy.typing import ArrayLike

from tfq_hybrid.errors import UserError, check_choice

Fit = Literal["linear", "richardson", "exponential"]
# An estimate whose error is that many times the measured one's says nothing.
_LARGEST_AMPLIFICATION = 50


class Extrapolated(NamedTuple):
    """Values at no noise.

    Attributes:
        values: (…), as given.
        errors: their standard errors.
    """

    values: np.ndarray
    errors: np.ndarray


@dataclasses.dataclass(frozen=True)
class ZeroNoise:
    """Zero-noise extrapolation by folding gates.

    A gate G becomes G G^-1 G, which does the same with three times the noise
    (Giurgica-Tiron et al. 2020, arXiv 2005.10921, sections II and III). Gates
    are folded after compiling, spread over the circuit. The fit knows the
    factor that comes out, which can differ from the one that was asked for.

    Args:
        factors: of the number of gates, 1 or more, different. Odd
            ones fold all gates alike. Defaults to `(1, 3, 5)`.
        fit: `"linear"`, least squares; `"richardson"`, the polynomial through
            all points; `"exponential"`, b exp(-c factor), of one sign. Defaults
            to `"linear"`.

    Raises:
        UserError: factors are too few, below 1 or equal, or the fit would only
            show noise.

    Example:

    >>> found = ZeroNoise((1, 2, 3)).extrapolate(
    ...     [1.0, 2.0, 3.0], np.array([0.9, 0.8, 0.7]), np.full(3, 0.01)
    ... )
    >>> print(found.values.round(6), found.errors.round(4))
    1.0 0.0153
    """

    factors: tuple[float, ...] = (1, 3, 5)
    fit: Fit = "linear"

    def __post_init__(self) -> None:
        check_choice("fit", self.fit, get_args(Fit))
        _check_factors(self.factors, "asked for")
        _weights(self.factors, self.fit)

    def extrapolate(
        self, factors: Sequence[float], means: ArrayLike, errors: ArrayLike
    ) -> Extrapolated:
        """Values at factor 0, with their standard errors.

        Args:
            factors: that were reached.
            means: (factors, …).
            errors: the standard errors of the means, of their shape.

        Raises:
            UserError: factors are equal, or means that an exponential has
                change their sign.
        """
        means = np.asarray(means, float)
        errors = np.asarray(errors, float)
        _check_factors(factors, "reached, of so few gates")
        weights = _weights(factors, self.fit)
        if self.fit != "exponential":
            values = np.tensordot(weights, means, 1)
            variance = np.tensordot(weights**2, errors**2, 1)
            return Extrapolated(values, np.sqrt(variance))
        size = np.abs(means)
        # Where a mean is within its error, its logarithm means nothing.
        is_clear = np.all(size > 2 * errors, axis=0)
        is_clear &= np.all(np.sign(means) == np.sign(means[0]), axis=0)
        safe = np.where(is_clear, size, 1.0)
        values = np.sign(means[0]) * np.exp(
            np.tensordot(weights, np.log(safe), 1)
        )
        relative = np.tensordot(weights**2, (errors / safe) ** 2, 1)
        found = np.abs(values) * np.sqrt(relative)
        linear = dataclasses.replace(self, fit="linear")
        plain = linear.extrapolate(factors, means, errors)
        return Extrapolated(
            np.where(is_clear, values, plain.values),
            np.where(is_clear, found, plain.errors),
        )


def _check_factors(factors, what):
    if len(factors) < 2 or min(factors) < 1 - 1e-9:
        raise UserError(
            "Expected two factors or more, from 1. Received: factors="
            f"{[*factors]}, {what}"
        )
    if np.min(np.diff(np.sort(factors))) < 1e-6:
        raise UserError(
            f"Expected different factors. Received: {[*factors]}, {what}"
        )


def _weights(factors, fit):
    """Of the values in the intercept of a fit (factors,)."""
    x = np.asarray(factors, float)
    degree = len(x) - 1 if fit == "richardson" else 1
    weights = np.linalg.pinv(np.vander(x, degree + 1))[-1]
    if np.abs(weights).sum() > _LARGEST_AMPLIFICATION:
        raise UserError(
            "Expected factors that a fit can extrapolate. Received: "
            f"{[round(float(one), 3) for one in x]} with fit={fit!r}, which "
            f"makes errors {np.abs(weights).sum():.3g} times as large"
        )
    return weights


def fold(
    circuit: cirq.AbstractCircuit, factor: float
) -> tuple[cirq.Circuit, float]:
    """A circuit with more gates that does the same, and by which factor more.

    Measurements, channels and what they control stay as they are.

    Example:

    >>> qubit = cirq.LineQubit(0)
    >>> circuit = cirq.Circuit(cirq.X(qubit) ** 0.2 for _ in range(3))
    >>> folded, reached = fold(circuit, 3)
    >>> len(folded), reached
    (9, 3.0)
    """
    places = [
        (place, operation)
        for place, moment in enumerate(circuit)
        for operation in moment
        if _can_fold(operation)
    ]
    count = len(places)
    if not count:
        return cirq.Circuit(circuit), 1.0
    folds = round(count * (factor - 1) / 2)
    each, rest = divmod(folds, count)
    # Spread over the circuit, so that no part of it is noisier than others.
    extra = {(k * count) // rest for k in range(rest)} if rest else set()
    times = {
        (place, operation): each + (k in extra)
        for k, (place, operation) in enumerate(places)
    }
    moments: list[cirq.Moment] = []
    for place, moment in enumerate(circuit):
        moments.append(moment)
        for turn in range(each + 1):
            again = [one for one in moment if times.get((place, one), 0) > turn]
            if again:
                moments.append(cirq.Moment(cirq.inverse(one) for one in again))
                moments.append(cirq.Moment(again))
    return cirq.Circuit(moments), (count + 2 * folds) / count


def _can_fold(operation: cirq.Operation) -> bool:
    is_plain = not cirq.is_measurement(operation) and not (
        cirq.control_keys(operation)
    )
    has_inverse = cirq.inverse(operation, None) is not None
    return is_plain and has_inverse and bool(operation.qubits)
