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
from collections.abc import Callable, Iterable

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

    names: Iterable = dataclasses.field(repr=False)
    open: Callable = dataclasses.field(repr=False)

    def __hash__(self):
        return id(self)


def choice(default, names):
    """A field of a dataclass whose values, or items, are among some names.

    Args:
        default: the default value.
        names: iterable of str.
    """
    return dataclasses.field(default=default, metadata={CHOICES: names})


@dataclasses.dataclass(frozen=True)
class Field:
    """An argument of a nested config.

    Attributes:
        key: str, dotted.
        hint: its annotation.
        default: its default value.
        choices: tuple of str, the valid names; `()` where there are none.
        help: str. What it is.
        meaning: str. What its default stands for, or `""`.
    """

    key: str
    hint: object
    default: object
    choices: tuple[str, ...]
    help: str
    meaning: str


def fields_of(config, prefix="", chosen=None, defaults=None, skip=()):
    """The arguments of a dataclass, those of nested objects after them.

    Args:
        config: a dataclass, or an instance whose values are the defaults.
        prefix: str. What the keys begin with. Defaults to `""`.
        chosen: dict of a dotted key and the name that is chosen for the
            object there. Defaults to none.
        defaults: dict of a name and a default that counts in place of `None`.
            Defaults to none.
        skip: names that are left out. Defaults to none.

    Yields:
        `Field`, in the order of the dataclass.
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
def descriptions(kind):
    """What each argument is, from the docstrings of a class and its bases.

    Args:
        kind: a dataclass with an `Args:` section in its docstring.

    Returns:
        A dict of a name and a pair of str: the text, without type and
        default, and what the default stands for.
    """
    found = {}
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
