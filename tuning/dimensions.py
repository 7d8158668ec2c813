"""Dimensions of a search as plain data, and as `--space` writes them."""

import dataclasses
import json
import math
from typing import TypedDict

from tfq_hybrid.errors import UserError, is_number
from tfq_hybrid.shapes import check_shape

SAMPLINGS = ("linear", "log")


@dataclasses.dataclass(frozen=True)
class Condition:
    """When a dimension is searched: where another one has a value.

    Args:
        name: str. The other dimension.
        values: tuple of its values.
    """

    name: str
    values: tuple

    def holds(self, value):
        """Whether the other dimension's value is one of them."""
        return value in self.values

    def __str__(self):
        return f"one of {', '.join(map(str, self.values))}"


@dataclasses.dataclass(frozen=True)
class Above:
    """As `Condition`, where the other dimension is above a number.

    Args:
        name: str. The other dimension.
        bound: int.
    """

    name: str
    bound: int

    def holds(self, value):
        """Whether the other dimension's value is above it."""
        return value > self.bound

    def __str__(self):
        return f"above {self.bound}"


@dataclasses.dataclass(frozen=True)
class Choice:
    """A dimension with a few values.

    Args:
        name: str. The argument that it sets.
        values: tuple of plain values, at least one, all different.
        condition: `Condition` or `Above`. Defaults to `None`: always
            searched.

    Raises:
        UserError: there is no value, or one twice.
    """

    name: str
    values: tuple
    condition: Condition | Above | None = None

    def __post_init__(self):
        texts = [json.dumps(value) for value in self.values]
        if not texts or len(set(texts)) < len(texts):
            raise UserError(
                f"Expected values for {self.name}, each of them once. "
                f"Received: {', '.join(texts) or 'none'}"
            )

    @property
    def are_integers(self):
        return all(type(value) is int for value in self.values)

    def register(self, hp, key, grid):
        """Declares the dimension to keras-tuner."""
        plain = self.values
        if not self.are_integers:
            plain = [json.dumps(value) for value in plain]
        hp.Choice(key, list(plain))

    def decode(self, value):
        """The value that keras-tuner's stands for."""
        return value if self.are_integers else json.loads(value)

    def extremes(self):
        """The first and the last value."""
        return self.values[0], self.values[-1]

    def to_dict(self):
        """As a row of `search.json`."""
        row = {"name": self.name, "type": "choice", "values": [*self.values]}
        return {**row, "condition": _condition(self)}


@dataclasses.dataclass(frozen=True)
class Range:
    """A dimension of real numbers.

    Args:
        name: str. The argument that it sets.
        low, high: float. Both may occur.
        sampling: `"linear"` or `"log"`. Defaults to `"linear"`.
        points: int, at least 2. How many values a grid takes, evenly spaced
            in the sampling. Defaults to 4.
        condition: `Condition` or `Above`. Defaults to `None`: always
            searched.

    Raises:
        UserError: the range is empty, or a logarithmic one not above 0.
    """

    name: str
    low: float
    high: float
    sampling: str = "linear"
    points: int = 4
    condition: Condition | Above | None = None

    def __post_init__(self):
        numbers = is_number(self.low) and is_number(self.high)
        if not numbers or not self.low < self.high:
            raise UserError(
                f"Expected {self.name} to have a low end below its high end. "
                f"Received: {self.low}:{self.high}"
            )
        if self.sampling not in SAMPLINGS or self.points < 2:
            raise UserError(
                f"Expected {self.name} to be low:high, then linear or log, "
                "then at least 2 points for a grid. Received: "
                f"{self.sampling}, {self.points} points"
            )
        if self.sampling == "log" and self.low <= 0:
            raise UserError(
                f"Expected a logarithmic {self.name} to begin above 0. "
                f"Received: {self.low}:{self.high}:log"
            )

    def as_choice(self):
        """The values that a grid takes, as a `Choice`."""
        low, high = self.low, self.high
        if self.sampling == "log":
            low, high = math.log10(low), math.log10(high)
        step = (high - low) / (self.points - 1)
        inner = [low + i * step for i in range(1, self.points - 1)]
        if self.sampling == "log":
            inner = [10.0**value for value in inner]
        inner = [float(f"{value:.6g}") for value in inner]
        values = (float(self.low), *inner, float(self.high))
        return Choice(self.name, values, self.condition)

    def register(self, hp, key, grid):
        """Declares the dimension to keras-tuner."""
        if grid:
            self.as_choice().register(hp, key, grid)
        else:
            hp.Float(key, self.low, self.high, sampling=self.sampling)

    def decode(self, value):
        """The value that keras-tuner's stands for."""
        value = json.loads(value) if isinstance(value, str) else float(value)
        # In single precision an end of the range may come back outside.
        return min(max(value, self.low), self.high)

    def extremes(self):
        """The low and the high end."""
        return self.low, self.high

    def to_dict(self):
        """As a row of `search.json`."""
        row = {"name": self.name, "type": "float", "low": self.low}
        row |= {"high": self.high, "sampling": self.sampling}
        return {**row, "points": self.points, "condition": _condition(self)}


class ConditionRow(TypedDict):
    """The condition of a dimension, in a row of `search.json`."""

    name: str
    values: list


class Row(TypedDict):
    """What all dimensions have in a row of `search.json`."""

    name: str
    type: str
    condition: ConditionRow | None


class ChoiceRow(Row):
    """A `Choice`."""

    values: list


class RangeRow(Row):
    """A `Range`."""

    low: float
    high: float
    sampling: str
    points: int


def dimension_of(row):
    """A `Choice` or `Range` from a row of `search.json`.

    Args:
        row: `Row`.

    Raises:
        ValueError: it has not what its type has.
    """
    condition = row["condition"]
    if condition is not None:
        values = tuple(condition["values"])
        condition = Condition(condition["name"], values)
    if row["type"] == "choice":
        check_shape(row, ChoiceRow, row["name"])
        return Choice(row["name"], tuple(row["values"]), condition)
    check_shape(row, RangeRow, row["name"])
    own = {key: row[key] for key in ("low", "high", "sampling", "points")}
    return Range(row["name"], **own, condition=condition)


def _condition(dimension):
    condition = dimension.condition
    if condition is None:
        return None
    return {"name": condition.name, "values": list(condition.values)}


SYNTAX = "NAME=VALUE,VALUE,… or NAME=LOW:HIGH[:log][:POINTS]"


def split_assignment(text):
    """The name and the rest of `NAME=REST`; the rest may be missing.

    Raises:
        UserError: there is no name, or nothing behind the sign.
    """
    name, sign, rest = text.partition("=")
    name = name.strip().replace("-", "_")
    if not name or (sign and not rest.strip()):
        raise UserError(f"Expected {SYNTAX}. Received: {text!r}")
    return name, rest.strip() if sign else None


def read_dimension(name, text, integers=False):
    """The dimension that a text describes.

    Args:
        name: str. The argument.
        text: str: values with commas between them, or the ends of a range
            with a colon. Items of a list are joined by plus signs, as in
            `ry+rz+cnot`.
        integers: bool. Whether a range is one of integers, then all of
            them, or in the steps of a third number. Defaults to `False`.

    Returns:
        A `Choice` or a `Range`.

    Raises:
        UserError: the text says nothing, or something contradictory.

    Example:

    >>> read_dimension("qubits", "2:6:2", integers=True).values
    (2, 4, 6)
    >>> read_dimension("learning_rate", "1e-4:1e-2:log").sampling
    'log'
    """
    if ":" not in text:
        words = [word.strip() for word in text.split(",")]
        if not all(words):
            raise UserError(
                f"Expected a value on both sides of each comma. Received: "
                f"{name}={text}"
            )
        return Choice(name, tuple(map(read_value, words)))
    parts = [part.strip() for part in text.split(":")]
    ends = [read_value(part) for part in parts[:2]]
    if integers:
        return _integers(name, text, ends, parts[2:])
    sampling, points = "linear", 4
    for part in parts[2:]:
        if part in SAMPLINGS:
            sampling = part
        elif part.isdecimal():
            points = int(part)
        else:
            raise UserError(
                f"Expected {SYNTAX}. Received: {name}={text}, where "
                f"{part!r} is neither"
            )
    return Range(name, *ends, sampling=sampling, points=points)


def _integers(name, text, ends, rest):
    steps = [read_value(part) for part in rest]
    whole = all(type(number) is int for number in [*ends, *steps])
    if not whole or len(steps) > 1 or (steps and steps[0] < 1):
        raise UserError(
            f"Expected {name} as LOW:HIGH[:STEP], of integers. Received: "
            f"{name}={text}"
        )
    low, high = ends
    if low > high:
        raise UserError(
            f"Expected {name} to have a low end of at most its high end. "
            f"Received: {name}={text}"
        )
    return Choice(name, tuple(range(low, high + 1, *steps)))


def read_value(word):
    """A word as an int, float, bool, None, list of str, or str.

    Example:

    >>> [read_value(word) for word in ("3", "1e-3", "none", "ry+cnot")]
    [3, 0.001, 'none', ['ry', 'cnot']]
    """
    try:
        value = json.loads(word)
    except ValueError:
        value = word
    if isinstance(value, (bool, int, float)):
        return value
    return word.split("+") if "+" in word else word
