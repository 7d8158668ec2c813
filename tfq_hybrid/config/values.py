"""The values of nested configs: dotted keys, and types from files and texts.

Keys such as `circuit.depth` stand for nested dicts. Some arguments are objects
that have a name of their own: `circuit` a preset, `adapter` a method. A text in
their place is that name: `circuit: ionq` is `circuit: {preset: ionq}`.
"""

import typing
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tfq_hybrid.errors import UserError, choice_error, is_number
from tfq_hybrid.shapes import alternatives

# The argument that names what an object is.
NAMED = {"circuit": "preset", "adapter": "method"}


def nest(values: Mapping[Any, Any]) -> dict[str, Any]:
    """A nested dict from one whose keys, at any depth, may be dotted.

    A key that is there twice, or stands for a value and for a dict, is a
    `UserError`.

    >>> nest({"circuit": "ionq", "circuit.depth": 2, "epochs": 3})
    {'circuit': {'preset': 'ionq', 'depth': 2}, 'epochs': 3}
    """
    result: dict[str, Any] = {}
    for key, value in values.items():
        if not isinstance(key, str):
            raise UserError(f"Expected keys as text. Received: {key!r}")
        name, _, rest = key.partition(".")
        value = nest({rest: value}) if rest else _named(name, value)
        if isinstance(value, dict) and not _is_cirq(name, value):
            value = nest(value)
        if name in result:
            value = _joined(name, result[name], value)
        result[name] = value
    return result


def _named(name, value):
    if name in NAMED and isinstance(value, str):
        return {NAMED[name]: value}
    return value


def _is_cirq(name, value):
    """Whether it is the JSON of a Cirq circuit, whose keys are its own."""
    return name == "circuit" and ("cirq_type" in value or "circuit" in value)


def _joined(key, one, other):
    """Two dicts without a common key as one."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise UserError(f"Expected {key} once. Received: {key} twice")
    result = dict(one)
    for name, value in other.items():
        path = f"{key}.{name}"
        result[name] = (
            _joined(path, result[name], value) if name in result else value
        )
    return result


def flatten(
    values: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Pairs of a dotted key and a value of a nested dict.

    >>> dict(flatten({"circuit": {"depth": 2}, "epochs": 3}))
    {'circuit.depth': 2, 'epochs': 3}
    """
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict:
    """A nested dict with some of its values replaced.

    What `changes` leaves out stays: an override does not reset its
    neighbours.

    >>> merge({"circuit": {"depth": 3, "qubits": 4}}, {"circuit": {"depth": 5}})
    {'circuit': {'depth': 5, 'qubits': 4}}
    """
    result = dict(base)
    for name, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merge(result[name], value) if both else value
    return result


def full_key(name: str, keys: Sequence[str], what: str = "argument") -> str:
    """The dotted key that a name stands for: itself, or one that ends in it.

    Hyphens are underscores. `what` the name is, the message says where there
    is no such key, or more than one.

    >>> full_key("depth", ["circuit.depth", "epochs"])
    'circuit.depth'
    """
    name = name.replace("-", "_")
    if name in keys:
        return name
    found = ends(name, keys)
    if not found:
        last = [key.rpartition(".")[2] for key in keys]
        raise choice_error(what, name, dict.fromkeys([*keys, *last]))
    if len(found) > 1:
        raise UserError(
            f"Expected one of {' and '.join(found)}. Received: {name}, which "
            "is the end of both"
        )
    return found[0]


def ends(name: str, keys: Iterable[str]) -> list[str]:
    """The keys that end in a name."""
    return [key for key in keys if key.endswith(f".{name}")]


WORDS = {"true": True, "false": False}
NONE = "none"
_KINDS = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
}


def is_tuple(hint: Any) -> bool:
    """Whether a hint is `tuple[X, ...]`."""
    return typing.get_origin(hint) is tuple


def check_value(key: str, hint: Any, value: Any) -> Any:
    """A value from a file, as an argument of that name takes it.

    It is checked against the annotation, `bool`, `int`, `float`, `str`,
    `tuple[X, ...]`, or one of them or `None`; any other annotation lets it
    be. Only a list is converted, to a tuple.

    >>> check_value("rate", float, 1)
    1
    >>> check_value("ansatz", tuple[str, ...], ["ry"])
    ('ry',)
    """
    allowed = alternatives(hint)
    if value is None and type(None) in allowed:
        return None
    allowed = tuple(kind for kind in allowed if kind is not type(None))
    for kind in allowed:
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


def read_value(key: str, hint: Any, text: str) -> Any:
    """A value from a text, as on a command line, by the annotation.

    Items of a tuple are separated by commas; `none` is `None` where that is
    allowed.

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


def check_keys(
    what: str, values: Iterable[str], names: Collection[str]
) -> None:
    """Raises `UserError` for a key that is not among some names."""
    for key in values:
        if key not in names:
            raise choice_error(what, key, names)
