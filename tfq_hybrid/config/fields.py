"""The arguments of nested dataclasses: keys, defaults, choices, help.

Everything is read from the dataclasses: their fields, annotations and
docstrings. An argument that is an object is annotated with `Nested`, which
says by what name it is chosen.
"""

import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

import docstring_parser

CHOICES = "choices"  # of the metadata of a field


@dataclasses.dataclass(frozen=True)
class Nested:
    """Marks an argument that is an object with arguments of its own.

    Use it as `typing.Annotated[object, Nested(...)]`.

    Args:
        names: the names to choose from.
        open: function from such a name to a dataclass, or to an instance of
            one, whose arguments follow; from `None` for the default's.
    """

    names: Iterable[str] = dataclasses.field(repr=False)
    open: Callable[[Any], Any] = dataclasses.field(repr=False)

    def __hash__(self):
        return id(self)


def choice(default: Any, names: Iterable[str]) -> Any:
    """A field of a dataclass whose values, or items, are among some names."""
    return dataclasses.field(default=default, metadata={CHOICES: names})


@dataclasses.dataclass(frozen=True)
class Field:
    """An argument of a nested config."""

    key: str  # dotted
    hint: Any  # its annotation
    default: Any
    choices: tuple[str, ...]  # the valid names; none where any value is valid
    help: str
    meaning: str  # what its default stands for, or ""


def fields_of(
    config: Any,
    prefix: str = "",
    chosen: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
    skip: Container[str] = (),
) -> Iterator[Field]:
    """The arguments of a dataclass, those of nested objects after them.

    Args:
        config: a dataclass, or an instance whose values are the defaults.
        prefix: what the keys begin with.
        chosen: the names that are chosen for objects, by dotted key.
        defaults: what counts in place of a default of `None`, by name.
        skip: names that are left out.
    """
    chosen, defaults = chosen or {}, defaults or {}
    kind = config if isinstance(config, type) else type(config)
    hints = typing.get_type_hints(kind, include_extras=True)
    texts = descriptions(kind)
    for field in dataclasses.fields(kind):
        if field.name in skip:
            continue
        key, hint = f"{prefix}{field.name}", hints[field.name]
        default = getattr(config, field.name, None)
        if default is None:
            default = defaults.get(field.name)
        text, meaning = texts.get(field.name, ("", ""))
        nested = next((m for m in getattr(hint, "__metadata__", ())), None)
        if nested is None:
            names = field.metadata.get(CHOICES, ())
            yield Field(key, hint, default, tuple(names), text, meaning)
            continue
        yield Field(key, hint, default, tuple(nested.names), text, meaning)
        inner = nested.open(chosen.get(key, default))
        if inner is not None:
            yield from fields_of(inner, f"{key}.", chosen)


@functools.cache
def descriptions(kind: type) -> dict[str, tuple[str, str]]:
    """What each argument is, from the docstrings of a class and its bases.

    By name: the text, without type and default, and what the default stands
    for.
    """
    found: dict[str, tuple[str, str]] = {}
    for each in reversed(kind.__mro__):
        doc = each.__dict__.get("__doc__")
        if not doc or not dataclasses.is_dataclass(each):
            continue
        parsed = docstring_parser.parse(
            inspect.cleandoc(doc), docstring_parser.DocstringStyle.GOOGLE
        )
        for param in parsed.params:
            pair = _split(" ".join((param.description or "").split()))
            for name in param.arg_name.split(","):
                text, meaning = pair
                before, _ = found.get(name.strip(), ("", ""))
                found[name.strip()] = text or before, meaning
    return found


_TYPE = re.compile(
    r"(?:(?:tuple|list|sequence|dict) of |an? )?"
    r"(?:int|float|bool|str|dict|path)(?: or (?:path|list of str|str))*"
    r"(?: in `\w+`)?[.,:]? *"
)


def _split(text):
    """The text without its type, and what its default stands for."""
    text, _, rest = text.partition("Defaults to ")
    text = _TYPE.sub("", text, count=1) if _TYPE.match(text) else text
    text = text.strip().rstrip(".").replace("`", "")
    _, colon, meaning = rest.partition(":")
    meaning = meaning.split(". ")[0].strip().rstrip(".") if colon else ""
    return text[:1].upper() + text[1:], meaning.replace("`", "")
