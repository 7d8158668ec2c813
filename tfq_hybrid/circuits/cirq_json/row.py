"""A row of the table of types that a file may name."""

import dataclasses
import importlib
import warnings
from collections.abc import Callable
from typing import Any

from tfq_hybrid.circuits.cirq_json.limits import RefusedError


@dataclasses.dataclass(frozen=True)
class Row:
    """A type that a file may name.

    Its fields have a kind each, see `kinds`. The check is called with the
    fields and the reader before the type is built from the fields, by name;
    where it is scoped, what is in it is counted apart.
    """

    roles: tuple[str, ...]
    build: Callable
    fields: dict[str, Callable]
    required: frozenset[str]
    check: Callable | None
    scoped: bool


def row(roles, build, optional="", check=None, scoped=False, **fields):
    """Makes a `Row`.

    The roles are separated by commas, the optional fields by spaces.
    """
    required = frozenset(fields) - set(optional.split())
    roles = tuple(roles.split(", "))
    return Row(roles, build, fields, required, check, scoped)


def vendor(module: str, name: str) -> Callable:
    """A class of a package that is imported when a file names the class."""
    return lambda **fields: import_class(module, name)(**fields)


def import_class(module: str, name: str) -> Any:
    """A class of a package, both named by the table and not by a file."""
    with warnings.catch_warnings():  # Google's, of the Pythons to come
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError:
            raise RefusedError(
                f"{name} of {module}, which is not installed"
            ) from None
