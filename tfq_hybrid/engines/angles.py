"""Large angles: brought within one period of the circuit, in float64.

In float32 an angle of 1e6 radians has lost its last turn by a tenth.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
import tensorflow as tf

# Beyond, a ratio of two rates is no longer taken for one of small integers.
_LARGEST_DENOMINATOR = 64


def periods(
    gates: Iterable, symbols: Sequence[str], where_inexact: bool = False
) -> np.ndarray:
    """The period of a circuit in each symbol; infinite where there is none.

    With `where_inexact` it is infinite too where every rate is a small multiple
    of a power of two, as of `cirq.rx`: its products are exact.
    """
    rates: dict[str, list[float]] = {symbol: [] for symbol in symbols}
    for gate in gates:
        symbol = getattr(gate, "symbol", None)
        if symbol in rates:
            rates[symbol] += [abs(rate) for rate in gate.rates if rate]
    return np.array(
        [
            math.inf
            if where_inexact and all(map(_is_exact, found))
            else common_period(found)
            for found in rates.values()
        ]
    )


def _is_exact(rate: float) -> bool:
    near = Fraction(rate).limit_denominator(_LARGEST_DENOMINATOR)
    is_binary = near.denominator & (near.denominator - 1) == 0
    return is_binary and near.numerator <= 64 and math.isclose(near, rate)


def common_period(rates: Sequence[float]) -> float:
    """The period of waves of some rates, in radians per unit.

    Infinite for no rates, and for those in no ratio of small integers.

    >>> common_period([0.5, 1.5]) / np.pi
    4.0
    >>> common_period([0.5, np.pi / 2])
    inf
    """
    if not rates:
        return math.inf
    lowest = min(rates)
    ratios = [
        Fraction(rate / lowest).limit_denominator(_LARGEST_DENOMINATOR)
        for rate in rates
    ]
    pairs = zip(rates, ratios, strict=True)
    if any(abs(lowest * ratio - rate) > 1e-9 * rate for rate, ratio in pairs):
        return math.inf
    shared = Fraction(
        math.gcd(*(ratio.numerator for ratio in ratios)),
        math.lcm(*(ratio.denominator for ratio in ratios)),
    )
    return 2 * math.pi / (lowest * float(shared))


def within_a_period(values: tf.Tensor, periods: np.ndarray) -> tf.Tensor:
    """Values (..., symbols) without whole periods, with a gradient of 1."""
    is_known = np.isfinite(periods)
    if not is_known.any():
        return values
    known = np.where(is_known, periods, 1.0)
    exact = tf.cast(values, tf.float64)
    turns = tf.round(exact / known) * is_known
    return tf.cast(exact - turns * known, values.dtype)
