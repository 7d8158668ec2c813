"""What a report consists of, before it is a page or a file."""

import dataclasses
import math
import re
from collections.abc import Callable
from typing import NamedTuple


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture with its words.

    Attributes:
        name: str. The stem of its files; unique in a report.
        title: str.
        reading: str. A sentence or two: how to read it.
        alt: str. What it shows, for those who do not see it.
        size: pair of float, inches.
        draw: function of a `matplotlib.figure.Figure` and an `Ink`. Artists
            whose gid is `mark(key)` answer to the pointer, together with the
            row of that key.
        tips: dict of a key -> text shown under the pointer.
    """

    name: str
    title: str
    reading: str
    alt: str
    size: tuple[float, float]
    draw: Callable
    tips: dict = dataclasses.field(default_factory=dict)


class Interval(NamedTuple):
    """A number with the ends of its interval, which may be `None`.

    Example:

    >>> print(Interval(0.96412, 0.96403, 0.96441))
    0.9641 (0.964 to 0.9644)
    """

    value: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, estimate, name="value"):
        """From a dict with `low`, `high` and the number under a name."""
        return cls(estimate[name], estimate.get("low"), estimate.get("high"))

    def __str__(self):
        if self.low is None or self.high is None:
            return number(self.value)
        digits = 3
        while digits < 6 and _same(self.low, self.high, digits):
            digits += 1  # until its ends can be told apart
        value, low, high = (number(part, digits) for part in self)
        return f"{value} ({low} to {high})"


@dataclasses.dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: str.
        columns: sequence of str.
        rows: list of sequences of str, numbers, `Interval` or `None`.
        note: str. A sentence under the title.
        keys: sequence of the rows' keys, which link them to the pictures'
            marks. Defaults to `()`: no links.
        marked: set of the keys of rows to stand out. Defaults to none.
    """

    title: str
    columns: tuple
    rows: list
    note: str = ""
    keys: tuple = ()
    marked: frozenset = frozenset()


@dataclasses.dataclass(frozen=True)
class Document:
    """A report.

    Attributes:
        title: str.
        lead: list of str. Paragraphs: the result first.
        facts: list of pairs (label, text).
        pictures: list of `Picture`.
        tables: list of `Table`.
        settings: dict, shown as JSON. Defaults to none.
    """

    title: str
    lead: list
    facts: list
    pictures: list
    tables: list
    settings: dict = dataclasses.field(default_factory=dict)


def _same(low, high, digits):
    return low != high and number(low, digits) == number(high, digits)


# What neither XML nor a terminal takes.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def number(value, digits=3):
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


def plain(text, limit=None):
    """A text without control characters, cut at `limit` characters.

    Example:

    >>> plain("a\\x00 long name", limit=6)
    'a\N{REPLACEMENT CHARACTER} lo…'
    """
    text = re.sub(
        r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]",
        "\ufffd",
        str(text),
    )
    if limit is not None and len(text) > limit:
        text = text[: limit - 1].rstrip() + "…"
    return text
