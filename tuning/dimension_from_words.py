"""From the words of `--space` to dimensions: `4`, `2,4,6`, `1e-4:1e-2:log`."""

import json

from tfq_hybrid.errors import UserError
from tfq_hybrid.tuning.dimensions import SAMPLINGS, Choice, Range

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
