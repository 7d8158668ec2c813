"""Pictures as plain data: what is stored in a JSON file is drawn again."""

import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, NotRequired, TypedDict

import numpy as np

from tfq_hybrid.errors import check_choice
from tfq_hybrid.estimate import Estimate
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.shapes import check_shape

# The function that makes a picture of a kind, the shape of its arguments as
# plain data, and what its parts are.
_KINDS: dict[str, tuple[Callable[..., Picture], Any, dict[str, type]]] = {}


class Interval(TypedDict):
    """A stored estimate."""

    value: float
    low: float
    high: float
    more: NotRequired[dict]


def stored(kind: str, shape: Any, **parts: type) -> Callable:
    """Decorates a function to pictures, whose arguments the picture keeps.

    Args:
        kind: a name for what it makes.
        shape: of the arguments as plain data, a `TypedDict`.
        **parts: by the name of an argument that is a list: the dataclass of
            its items.
    """

    def decorate(function):
        @functools.wraps(function)
        def make(*args, **kwargs):
            given = inspect.signature(function).bind(*args, **kwargs)
            content = {"kind": kind, **_plain(given.arguments)}
            picture = function(*args, **kwargs)
            return dataclasses.replace(picture, content=content)

        _KINDS[kind] = make, shape, parts
        return make

    return decorate


def picture_of(content: Mapping[str, Any]) -> Picture:
    """The picture whose `content` this is.

    Raises:
        ValueError: it is damaged.

    Example:

    >>> from tfq_hybrid.reports.pictures import Panel, rows_picture
    >>> panel = Panel("accuracy, %", (Estimate(81.2, 80.0, 82.5),))
    >>> picture = rows_picture("sst2", "SST-2", ["quantum"], [panel])
    >>> picture_of(picture.content).alt
    'accuracy, %: quantum 81.2 (80 to 82.5).'
    """
    kind = check_shape(content.get("kind"), str, "kind")
    check_choice("kind of picture", kind, _KINDS)
    make, shape, parts = _KINDS[kind]
    check_shape(content, shape)
    known = typing.get_type_hints(shape)
    arguments = {name: content[name] for name in known if name in content}
    for name, part in parts.items():
        names = [field.name for field in dataclasses.fields(part)]
        arguments[name] = [
            part(**{key: _read(one[key]) for key in names if key in one})
            for one in arguments[name]
        ]
    return make(**arguments)


def _plain(value):
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value.item() if isinstance(value, np.generic) else value


def _read(value):
    if isinstance(value, list):
        return tuple(map(_read, value))
    return Estimate(**value) if isinstance(value, dict) else value
