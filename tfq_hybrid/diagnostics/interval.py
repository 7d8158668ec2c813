"""`Estimate`: a number with its interval."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value estimated from random draws.

    Attributes:
        value: float.
        low, high: float. The ends of its 95 % interval.
        more: dict of further numbers, by name.

    Example:

    >>> Estimate(0.5, 0.4, 0.6).to_dict()
    {'value': 0.5, 'low': 0.4, 'high': 0.6}
    """

    value: float
    low: float
    high: float
    more: dict = dataclasses.field(default_factory=dict)

    def to_dict(self):
        """Plain JSON types."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            **self.more,
        }
