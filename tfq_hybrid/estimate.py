"""Estimates with 95 % intervals; numbers, times and texts as they are shown."""

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval.

    Args:
        value: The number.
        low, high: The ends of the interval. Default to `None`: there is
            none.
        more: Further numbers, by name.

    Example:

    >>> estimate = Estimate(0.96412, 0.96403, 0.96441)
    >>> print(estimate)
    0.9641 (0.964 to 0.9644)
    >>> Estimate(0.5, 0.4, 0.6).to_dict()
    {'value': 0.5, 'low': 0.4, 'high': 0.6}
    """

    value: float
    low: float | None = None
    high: float | None = None
    more: dict = dataclasses.field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, content: Mapping[str, Any], name: str = "value") -> "Estimate":
        """From a dict with `low`, `high` and the number under a name."""
        return cls(content[name], content.get("low"), content.get("high"))

    def scaled(self, factor: float) -> "Estimate":
        """In another unit; a negative factor swaps the ends."""
        if self.low is None or self.high is None:
            return Estimate(self.value * factor)
        low, high = sorted((self.low * factor, self.high * factor))
        return Estimate(self.value * factor, low, high)

    def clipped(self, lowest: float, highest: float) -> "Estimate":
        """With the ends inside the range that the measure can take."""
        low = None if self.low is None else max(self.low, lowest)
        high = None if self.high is None else min(self.high, highest)
        return Estimate(self.value, low, high)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            **self.more,
        }

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return number(self.value)
        digits = 3
        while digits < 6 and _same(self.low, self.high, digits):
            digits += 1  # until its ends can be told apart
        parts = (self.value, self.low, self.high)
        value, low, high = (number(part, digits) for part in parts)
        return f"{value} ({low} to {high})"


def _same(low: float, high: float, digits: int) -> bool:
    return low != high and number(low, digits) == number(high, digits)


# What neither XML nor a terminal takes.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def number(value: Any, digits: int = 3) -> str:
    """A number as a short text; other values as they are.

    Example:

    >>> number(0.000123456), number(1234567), number(True), number(None)
    ('0.000123', '1,234,567', 'true', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return "not a number"
        large = abs(value) >= 10**digits
        return f"{value:,.0f}" if large else f"{value:.{digits}g}"
    return plain(value)


def duration(seconds: float) -> str:
    """Seconds in words.

    Example:

    >>> duration(50), duration(600), duration(9000)
    ('50 s', '10 min', '2 h 30 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def plain(text: Any, limit: int | None = None) -> str:
    """A text without control characters, cut at `limit` characters.

    Example:

    >>> plain("a\\x00 long name", limit=6)
    'a\N{REPLACEMENT CHARACTER} lo…'
    """
    text = _CONTROL.sub("\ufffd", str(text))
    if limit is not None and len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text
