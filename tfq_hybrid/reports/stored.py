"""Pictures as plain data: what is stored in a JSON file is drawn again."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfq_hybrid.errors import check_choice
from tfq_hybrid.estimate import Estimate
from tfq_hybrid.reports.document import Picture

# The function that makes a picture of a kind, and what its parts are.
_KINDS: dict[str, tuple[Callable[..., Picture], dict[str, type]]] = {}


def stored(kind: str, **parts: type) -> Callable:
    """Decorates a function to pictures, whose arguments the picture keeps.

    Args:
        kind: a name for what it makes.
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

        _KINDS[kind] = make, parts
        return make

    return decorate


def picture_of(content: Mapping[str, Any]) -> Picture:
    """The picture whose `content` this is.

    >>> from tfq_hybrid.reports.pictures import Panel, rows_picture
    >>> panel = Panel("accuracy, %", (Estimate(81.2, 80.0, 82.5),))
    >>> picture = rows_picture("sst2", "SST-2", ["quantum"], [panel])
    >>> picture_of(picture.content).alt
    'accuracy, %: quantum 81.2 (80 to 82.5).'
    """
    arguments = {**content}
    check_choice("kind of picture", kind := arguments.pop("kind"), _KINDS)
    make, parts = _KINDS[kind]
    for name, part in parts.items():
        arguments[name] = [
            part(**{key: _read(value) for key, value in one.items()})
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
