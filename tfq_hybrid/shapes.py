"""Check the types of what a JSON file holds, by annotations.

A reader writes down what it uses as a `TypedDict`:

    class State(TypedDict):
        epoch: int
        history: list[dict[str, float]]

and whatever it then does cannot fail by a missing key or a value of another
type. Keys that are not in the `TypedDict` are left alone.
"""

import functools
import types
import typing

from tfq_hybrid.errors import is_number

LARGEST_INTEGER = 2**63 - 1
_NAMES = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "an integer",
    list: "a list",
    str: "a text",
    tuple: "a list",
    type(None): "null",
}


def check_shape(value, hint, where=""):
    """Checks that a JSON value is of a type.

    Args:
        value: plain JSON types.
        hint: an annotation: `bool`, `int`, `float` (any finite number),
            `str`, `None`, `list`, `dict`, `object` for anything; `list[X]`,
            `dict[str, X]`, `tuple[X, Y]` for a list of two; `X | Y`; or a
            `TypedDict`.
        where: str. Where it stands, for the message. Defaults to outermost.

    Returns:
        The value.

    Raises:
        ValueError: it is of another type; the message has the place.

    Example:

    >>> check_shape({"epochs": [1, None]}, dict[str, list[int]])
    Traceback (most recent call last):
    ...
    ValueError: epochs.1 is not an integer
    """
    allowed = alternatives(hint)
    kind = next((k for k in allowed if _is_outside(value, k)), None)
    if kind is None:
        names = [_NAMES[_outermost(k)] for k in allowed]
        place = f"{where} is " if where else ""
        raise ValueError(f"{place}not {' or '.join(names)}")
    if typing.is_typeddict(kind):
        required, hints = _keys_of(kind)
        for key in sorted(required - value.keys()):
            raise ValueError(f"{_inside(where, key)!r} is missing")
        for key, inner in hints.items():
            if key in value:
                check_shape(value[key], inner, _inside(where, key))
        return value
    inner = typing.get_args(kind)
    if not inner:
        return value
    if isinstance(value, dict):
        items = [(key, item, inner[1]) for key, item in value.items()]
    elif _outermost(kind) is list:
        items = [(place, item, inner[0]) for place, item in enumerate(value)]
    elif len(value) == len(inner):
        items = zip(range(len(value)), value, inner, strict=True)
    else:
        raise ValueError(f"{where or 'it'} has not {len(inner)} entries")
    for key, item, each in items:
        check_shape(item, each, _inside(where, key))
    return value


def alternatives(hint):
    """The types that a hint allows, a tuple; `X | None` allows two."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    return (type(None) if hint is None else hint,)


def _outermost(kind):
    """The built-in type of an annotation."""
    if typing.is_typeddict(kind):
        return dict
    return typing.get_origin(kind) or kind


def _is_outside(value, kind):
    """Whether a value is of a type, whatever is inside of it."""
    kind = _outermost(kind)
    if kind is object:
        return True
    if kind is float:
        return is_number(value)
    if kind is int:
        return type(value) is int and abs(value) <= LARGEST_INTEGER
    return isinstance(value, list if kind is tuple else kind)


@functools.cache
def _keys_of(kind):
    """The required keys of a `TypedDict`, and the types of all."""
    return kind.__required_keys__, typing.get_type_hints(kind)


def _inside(where, key):
    return f"{where}.{key}"[:200] if where else str(key)[:200]
