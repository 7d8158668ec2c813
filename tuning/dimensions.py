"""Dimensions of a search as plain data, and as `--space` writes them."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, TypedDict

import keras_tuner
import numpy as np

from tfq_hybrid.errors import UserError, is_number
from tfq_hybrid.shapes import check_shape

SAMPLINGS = ("linear", "log")


@dataclasses.dataclass(frozen=True)
class Condition:
    """When a dimension is searched: where another one has a value.

    Args:
        name: The other dimension.
        values: Of the other dimension.
    """

    name: str
    values: tuple

    def holds(self, value: Any) -> bool:
        """Whether the other dimension's value is one of them."""
        return value in self.values

    def __str__(self):
        return f"one of {', '.join(map(str, self.values))}"


@dataclasses.dataclass(frozen=True)
class Choice:
    """A dimension with a few values.

    Args:
        name: The argument that it sets.
        values: Plain values, at least one, all different.
        condition: When it is searched. Defaults to `None`: always.

    Raises:
        UserError: there is no value, or one twice.
    """

    name: str
    values: tuple
    condition: Condition | None = None

    def __post_init__(self):
        texts = [json.dumps(value) for value in self.values]
        if not texts or len(set(texts)) < len(texts):
            raise UserError(
                f"Expected values for {self.name}, each of them once. "
                f"Received: {', '.join(texts) or 'none'}"
            )

    @property
    def are_integers(self) -> bool:
        """Whether keras-tuner takes the values as they are."""
        return all(type(value) is int for value in self.values)

    def register(
        self, hp: keras_tuner.HyperParameters, key: str, grid: bool
    ) -> None:
        """Declares the dimension to keras-tuner under a key."""
        plain = self.values
        if not self.are_integers:
            plain = tuple(map(json.dumps, plain))
        hp.Choice(key, list(plain))

    def decode(self, value: Any) -> Any:
        """The value that keras-tuner's stands for."""
        return value if self.are_integers else json.loads(value)

    def to_dict(self) -> dict[str, Any]:
        """As a row of `search.json`."""
        row = {"name": self.name, "type": "choice", "values": [*self.values]}
        return {**row, "condition": _condition(self)}


@dataclasses.dataclass(frozen=True)
class Range:
    """A dimension of real numbers.

    Args:
        name: The argument that it sets.
        low, high: The ends. Both may occur.
        sampling: `"linear"` or `"log"`. Defaults to `"linear"`.
        points: At least 2: how many values a grid takes, evenly spaced in
            the sampling. Defaults to 4.
        condition: When it is searched. Defaults to `None`: always.

    Raises:
        UserError: the range is empty, or a logarithmic one not above 0.
    """

    name: str
    low: float
    high: float
    sampling: str = "linear"
    points: int = 4
    condition: Condition | None = None

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

    def as_choice(self) -> Choice:
        """The values that a grid takes."""
        spaced = np.geomspace if self.sampling == "log" else np.linspace
        inner = spaced(self.low, self.high, self.points)[1:-1]
        values = [float(f"{value:.6g}") for value in inner]
        ends = float(self.low), float(self.high)
        return Choice(self.name, (ends[0], *values, ends[1]), self.condition)

    def register(
        self, hp: keras_tuner.HyperParameters, key: str, grid: bool
    ) -> None:
        """Declares the dimension to keras-tuner, for a grid as a choice."""
        if grid:
            self.as_choice().register(hp, key, grid)
        else:
            hp.Float(key, self.low, self.high, sampling=self.sampling)

    def decode(self, value: Any) -> float:
        """The value that keras-tuner's stands for."""
        value = json.loads(value) if isinstance(value, str) else float(value)
        # In single precision an end of the range may come back outside.
        return min(max(value, self.low), self.high)

    @property
    def values(self) -> tuple[float, float]:
        """The low and the high end, for the values of all."""
        return self.low, self.high

    def to_dict(self) -> dict[str, Any]:
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


def dimension_of(row: Mapping[str, Any]) -> Choice | Range:
    """A dimension from a row of `search.json`, of the shape of its type."""
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


def _condition(dimension: Choice | Range) -> dict[str, Any] | None:
    condition = dimension.condition
    if condition is None:
        return None
    return {"name": condition.name, "values": list(condition.values)}


SYNTAX = "NAME=VALUE,VALUE,… or NAME=LOW:HIGH[:log][:POINTS]"


def split_assignment(text: str) -> tuple[str, str | None]:
    """The name and the rest of `NAME=REST`; the rest may be missing."""
    name, sign, rest = text.partition("=")
    name = name.strip().replace("-", "_")
    if not name or (sign and not rest.strip()):
        raise UserError(f"Expected {SYNTAX}. Received: {text!r}")
    return name, rest.strip() if sign else None


def read_dimension(
    name: str, text: str, integers: bool = False
) -> Choice | Range:
    """The dimension that a text describes.

    Args:
        name: The argument.
        text: Values with commas between them, or the ends of a range with a
            colon. Items of a list are joined by plus signs, as in
            `ry+rz+cnot`.
        integers: Whether a range is one of integers, then all of them, or
            in the steps of a third number. Defaults to `False`.

    Raises:
        UserError: the text says nothing, or something contradictory.

    Example:

    >>> read_dimension("qubits", "2:6:2", integers=True).values
    (2, 4, 6)
    >>> read_dimension("learning_rate", "1e-4:1e-2:log").sampling
    'log'
    """
    parts = [part.strip() for part in text.split(":")]
    if len(parts) == 1:
        words = [word.strip() for word in text.split(",")]
        if not all(words):
            raise UserError(
                f"Expected a value on both sides of each comma. Received: "
                f"{name}={text}"
            )
        return Choice(name, tuple(map(read_value, words)))
    if integers:
        return _integers(name, text, list(map(read_value, parts)))
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
    low, high = map(read_value, parts[:2])
    return Range(name, low, high, sampling, points)


def _integers(name: str, text: str, numbers: list) -> Choice:
    whole = all(type(number) is int for number in numbers)
    if not whole or len(numbers) > 3 or (numbers[2:] and numbers[2] < 1):
        raise UserError(
            f"Expected {name} as LOW:HIGH[:STEP], of integers. Received: "
            f"{name}={text}"
        )
    low, high, *step = numbers
    if low > high:
        raise UserError(
            f"Expected {name} to have a low end of at most its high end. "
            f"Received: {name}={text}"
        )
    return Choice(name, tuple(range(low, high + 1, *step)))


def read_value(word: str) -> Any:
    """A word as an int, float, bool, list of str, or str.

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
