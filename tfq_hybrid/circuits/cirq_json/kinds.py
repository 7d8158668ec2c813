"""Kinds of fields: what a value in a file must be, and what it becomes.

A kind is a function `(value, reader) -> object` that raises `RefusedError`
for any other value. A list costs the reader as much as it has entries.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfq_hybrid.circuits.cirq_json.expressions import (
    is_expression,
    is_real,
    is_word,
    read_expression,
)
from tfq_hybrid.circuits.cirq_json.limits import (
    LARGEST_DIMENSION,
    LARGEST_NAME,
    LARGEST_NODES,
    LARGEST_REGISTER,
    LARGEST_SIDE,
    RefusedError,
    check_size,
)

Kind = Callable[[Any, Any], Any]


def describe(value: Any) -> str:
    """A JSON value in a few words, for a message."""
    if isinstance(value, dict):
        name = value.get("cirq_type", "an object without a cirq_type")
        return name[:60] if isinstance(name, str) else "an object"
    if isinstance(value, str):
        return f"a text, {value[:40]!r}"
    return "a list" if isinstance(value, list) else repr(value)[:60]


def refuse(expected: str, value: Any) -> RefusedError:
    """The error for a value of another kind."""
    return RefusedError(f"{describe(value)} where {expected} belongs")


def real(value, reader):
    """A finite number, an int or a float as it stands."""
    if not is_real(value):
        raise refuse("a number", value)
    return value


def parameter(value, reader):
    """A finite number, or an expression of symbols."""
    if is_expression(value):
        return reader.read_expression(value)
    if not is_real(value):
        raise refuse("a number or an expression", value)
    return value


def complex_number(value, reader):
    """A finite number that may be complex."""
    if isinstance(value, dict) and value.get("cirq_type") == "complex":
        if value.keys() != {"cirq_type", "real", "imag"}:
            raise RefusedError(f"complex with the fields {[*value]}"[:99])
        parts = real(value["real"], reader), real(value["imag"], reader)
        return complex(*parts)
    if not is_real(value):
        raise refuse("a number", value)
    return value


def coefficient(value, reader):
    """A complex number, or an expression of symbols."""
    if is_expression(value):
        return reader.read_expression(value)
    return complex_number(value, reader)


def flag(value, reader):
    """True or false."""
    if not isinstance(value, bool):
        raise refuse("true or false", value)
    return value


def text(value, reader):
    """A text that nobody evaluates: a name, a key."""
    if not isinstance(value, str):
        raise refuse("a text", value)
    check_size("characters of a text", len(value), LARGEST_NAME)
    return value


def tag(value, reader):
    """A text, a number, a flag, null, or an object that is a tag."""
    if isinstance(value, dict):
        return reader.read_object(value, "tag")
    if value is None or isinstance(value, bool) or is_real(value):
        return value
    return text(value, reader)


def integer(low: int = -(2**31), high: int = 2**31 - 1) -> Kind:
    """An integer within bounds."""

    def read(value, reader):
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        if not is_integer or not low <= value <= high:
            raise refuse(f"an integer from {low:,} to {high:,}", value)
        return value

    return read


def optional(kind: Kind) -> Kind:
    """Null, or a value of a kind."""
    return lambda value, reader: None if value is None else kind(value, reader)


def item(role: str | None) -> Kind:
    """An object of one of the types with a role."""
    return lambda value, reader: reader.read_object(value, role)


def items(kind: Kind, low: int = 0, high: int = LARGEST_NODES) -> Kind:
    """A list of values of a kind, as a tuple."""

    def read(value, reader):
        if not isinstance(value, list) or not low <= len(value) <= high:
            raise refuse(f"a list of {low:,} to {high:,} entries", value)
        reader.spend(len(value))
        return tuple([kind(entry, reader) for entry in value])

    return read


def pair(first: Kind, second: Kind) -> Kind:
    """A list of a value of one kind and a value of another, as a tuple."""

    def read(value, reader):
        if not isinstance(value, list) or len(value) != 2:
            raise refuse("a pair", value)
        return first(value[0], reader), second(value[1], reader)

    return read


def mapping(first: Kind, second: Kind) -> Kind:
    """A list of pairs, as a dict."""
    pairs = items(pair(first, second))

    def read(value, reader):
        entries = pairs(value, reader)
        result = dict(entries)
        if len(result) < len(entries):
            raise RefusedError("a key that is there twice")
        return result

    return read


def texts(second: Kind) -> Kind:
    """An object from texts to values of a kind, as a dict."""

    def read(value, reader):
        if not isinstance(value, dict) or "cirq_type" in value:
            raise refuse("an object of names", value)
        reader.spend(len(value))
        return {
            text(key, reader): second(entry, reader)
            for key, entry in value.items()
        }

    return read


def array(*kinds: Any) -> Kind:
    """Nested lists of equal lengths, as an array of finite numbers.

    The last kind is of the numbers; there is one more for each list.
    """
    nested = kinds[-1]
    for _ in kinds[:-1]:
        nested = items(nested, 1, LARGEST_SIDE)

    def read(value, reader):
        return np.array(nested(value, reader))  # a ValueError if ragged

    return read


def symbol_key(value, reader):
    """What a sub-circuit replaces: a symbol, or a word that names one."""
    if isinstance(value, dict):
        if value.get("cirq_type") != "sympy.Symbol":
            raise refuse("a symbol", value)
        return read_expression(value)[0]
    if not isinstance(value, str) or not is_word(value):
        raise refuse("a symbol", value)
    return value


def pauli_errors(value, reader):
    """An object from words such as "IX" to their probabilities, as a dict."""
    from tfq_hybrid.circuits.cirq_json.limits import LARGEST_CHANNEL

    errors = texts(real)(value, reader)
    check_size("qubits", max(map(len, errors), default=0), LARGEST_CHANNEL)
    return errors


count = integer(1, LARGEST_REGISTER)
dimension = integer(1, LARGEST_DIMENSION)
shape = items(dimension, 1, LARGEST_REGISTER)
vector = array("list", complex_number)
matrix = array("list", "list", complex_number)
real_matrix = array("list", "list", real)
