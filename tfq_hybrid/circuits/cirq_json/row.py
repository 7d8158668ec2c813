"""A row of the table of types that a file may name."""

import collections.abc
import dataclasses
import importlib
import warnings

from tfq_hybrid.circuits.cirq_json.limits import RefusedError


@dataclasses.dataclass(frozen=True)
class Row:
    """A type that a file may name.

    Attributes:
        roles: tuple of str. What it is, such as `("gate",)`.
        build: function from the fields, by name, to the object.
        fields: dict from the names of the fields to their kinds.
        required: set of the fields that must be there.
        check: function `(fields, reader)` that is called before it is built,
            or `None`.
        scoped: bool. Whether what is in it is counted apart.
    """

    roles: tuple
    build: collections.abc.Callable
    fields: dict
    required: frozenset
    check: collections.abc.Callable | None
    scoped: bool


def row(roles, build, optional="", check=None, scoped=False, **fields):
    """Makes a `Row`.

    Args:
        roles: str, separated by commas.
        build: function from the fields, by name, to the object.
        optional: str. The fields that may be left out, separated by spaces.
            Defaults to none.
        check: see `Row`. Defaults to `None`.
        scoped: see `Row`. Defaults to `False`.
        **fields: the kinds of the fields, see `kinds`.
    """
    required = frozenset(fields) - set(optional.split())
    roles = tuple(roles.split(", "))
    return Row(roles, build, fields, required, check, scoped)


def vendor(module, name):
    """A class of a package that is imported when a file names the class."""
    return lambda **fields: import_class(module, name)(**fields)


def import_class(module, name):
    """A class of a package, both named by the table and not by a file.

    Raises:
        RefusedError: the package is not installed.
    """
    with warnings.catch_warnings():  # Google's, of the Pythons to come
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError:
            raise RefusedError(
                f"{name} of {module}, which is not installed"
            ) from None
