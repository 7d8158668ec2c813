"""Errors that speak to the person at the keyboard.

A `UserError` is a mistake in what was asked for, not in the program. Its
text is one line: what was expected, then what was received, then the nearest
valid choice. The command line prints that line and exits with 2.
"""

import difflib
import sys
from collections.abc import Collection, Iterable
from typing import Any


class UserError(ValueError):
    """Bad input. The message is one line, fit to be shown without a trace.

    What was received may be long or have line ends: they become spaces, and
    the middle of what has more than 4,000 characters is left out.
    """

    def __init__(self, message: object = ""):
        line = " ".join(str(message).splitlines())
        if len(line) > 4000:
            line = f"{line[:1990]} … {line[-1990:]}"
        super().__init__(line)


class SearchStoppedError(RuntimeError):
    """A search cannot go on now; results are kept. The message is one line."""


class StorageError(RuntimeError):
    """Something could not be written. The message is one line."""


class WorkerLostError(RuntimeError):
    """A process that others wait for is gone. The message is one line."""


class TrainingDivergedError(RuntimeError):
    """The loss is no longer a number. The message is one line."""


def listed(names: Collection[object], most: int = 12) -> str:
    """Names for a message, of which the first ones are enough.

    >>> listed("abcde", 3)
    'a, b, c and 2 more'
    """
    texts = [str(name) for name in names]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def choice_error(
    argument: str, value: object, choices: Iterable[str]
) -> UserError:
    """The error for a value that is not among a set of names.

    It names the nearest one where one is near.

    >>> print(choice_error("entanglement", "rng", ["none", "ring"]))
    Expected entanglement to be one of: none, ring. Received: \
entanglement='rng'. Did you mean 'ring'?
    """
    choices = [str(choice) for choice in choices]
    folded = {_folded(choice): choice for choice in choices}
    near = difflib.get_close_matches(_folded(str(value)), folded, 1, 0.4)
    hint = f" Did you mean {folded[near[0]]!r}?" if near else ""
    return UserError(
        f"Expected {argument} to be one of: {', '.join(choices)}. "
        f"Received: {argument}={value!r}.{hint}"
    )


def check_choice(
    argument: str, value: object, choices: Collection[str]
) -> None:
    """Raises `UserError` unless `value` is one of `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise choice_error(argument, value, choices)


def match_choice(argument: str, value: object, choices: Collection[str]) -> str:
    """The one of `choices` that a name stands for.

    Case, hyphens and underscores do not count.

    Raises:
        UserError: there is none.

    >>> match_choice("method", "quantum-adapter", ["LoRA", "QuantumAdapter"])
    'QuantumAdapter'
    """
    if isinstance(value, str) and value not in choices:
        value = next((c for c in choices if is_same_name(c, value)), value)
    check_choice(argument, value, choices)
    return str(value)


def is_same_name(one: str, other: str) -> bool:
    """Whether two names differ in case, hyphens and underscores at most.

    `adapter` at the end may be left out.

    >>> is_same_name("bottleneck", "BottleneckAdapter")
    True
    """
    return _folded(one) == _folded(other)


def _folded(name):
    letters = name.casefold().replace("-", "").replace("_", "")
    return letters.removesuffix("adapter") or letters


def check_integer(
    argument: str, value: Any, minimum: int, maximum: int = 2**31 - 1
) -> None:
    """Raises `UserError` unless `value` is an integer within bounds."""
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer or not minimum <= value <= maximum:
        nearest = round(value) if is_number(value) else minimum
        raise UserError(
            f"Expected {argument} to be an integer from {minimum} to "
            f"{maximum}. Received: {argument}={value!r}. The nearest valid "
            f"value is {min(max(minimum, nearest), maximum)}."
        )


def check_share(argument: str, value: Any, high: float = 1.0) -> None:
    """Raises `UserError` unless `value` is at least 0 and below `high`."""
    if not is_number(value) or not 0.0 <= value < high:
        raise UserError(
            f"Expected {argument} to be a number of at least 0.0 and below "
            f"{high}. Received: {argument}={value!r}"
        )


def check_number(name: str, value: Any) -> None:
    """Raises `UserError` unless `is_number(value)`."""
    if not is_number(value):
        raise UserError(
            f"Expected {name} to be a number. Received: {name}={value!r}"
        )


def is_number(value: Any) -> bool:
    """Whether `value` is an int or float that a float can hold, and no bool."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) <= sys.float_info.max
