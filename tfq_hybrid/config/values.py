"""Arguments from text and from files, by their annotations.

A value from a file is checked, and converted only from a list to a tuple.
"""

import typing

from tfq_hybrid.errors import UserError, choice_error, is_number
from tfq_hybrid.shapes import alternatives

WORDS = {"true": True, "false": False}
NONE = "none"
_KINDS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
}


def is_tuple(hint):
    """Whether a hint is `tuple[X, ...]`."""
    return typing.get_origin(hint) is tuple


def check_value(key, hint, value):
    """A value from a file, as the argument takes it.

    Args:
        key: str. Its name in messages.
        hint: the annotation: `bool`, `int`, `float`, `str`, `tuple[X, ...]`, or
            one of them or `None`. Any other is left alone.
        value: plain JSON types.

    Returns:
        The value; a list as a tuple.

    Raises:
        UserError: it is of another type.

    Example:

    >>> check_value("rate", float, 1)
    1
    >>> check_value("ansatz", tuple[str, ...], ["ry"])
    ('ry',)
    """
    allowed = alternatives(hint)
    if value is None and type(None) in allowed:
        return None
    for kind in allowed:
        if kind is type(None):
            continue
        if is_tuple(kind):
            [inner, _] = typing.get_args(kind)
            if inner is int:  # such as "0,8-11": the argument reads it
                return value
            items = [value] if isinstance(value, str) else value
            if isinstance(items, (list, tuple)) and all(
                isinstance(item, str) for item in items
            ):
                return tuple(items)
        elif (
            (kind is float and is_number(value))
            or kind not in _KINDS
            or type(value) is kind
        ):
            return value
    names = [_KINDS[k] for k in allowed if k in _KINDS]
    names += ["a list of texts" for kind in allowed if is_tuple(kind)]
    raise UserError(
        f"Expected {key} to be {' or '.join(names)}. Received: {key}={value!r}"
    )


def read_value(key, hint, text):
    """A value from a text, as on a command line.

    Args:
        key: str. Its name in messages.
        hint: the annotation, as for `check_value`.
        text: str. Items of a tuple are separated by commas; `none` is `None`
            where that is allowed.

    Returns:
        The value.

    Raises:
        UserError: the text is no such value.

    Example:

    >>> read_value("rate", float | None, "1e-3")
    0.001
    >>> read_value("xla", bool, "false")
    False
    """
    allowed = alternatives(hint)
    if type(None) in allowed and text.lower() == NONE:
        return None
    for kind in allowed:
        if is_tuple(kind):
            [inner, _] = typing.get_args(kind)
            items = [item.strip() for item in text.split(",")]
            return text if inner is int else tuple(filter(None, items))
        if kind is bool and text.lower() in WORDS:
            return WORDS[text.lower()]
        if kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
        if kind not in (bool, type(None)):
            return text
    names = [_KINDS[kind] for kind in allowed if kind in _KINDS]
    raise UserError(
        f"Expected {key} to be {' or '.join(names)}. Received: {key}={text!r}"
    )


def check_keys(what, values, names):
    """Raises `UserError` for a key that is not among some names."""
    for key in values:
        if key not in names:
            raise choice_error(what, key, names)
