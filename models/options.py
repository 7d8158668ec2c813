"""`Options`: the arguments of a published system, as plain data."""

import copy
import dataclasses

from tfq_hybrid.circuits import CircuitSpec, CustomCircuit
from tfq_hybrid.engines.gradients import GradientMethod
from tfq_hybrid.errors import choice_error


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Base of the arguments of the published systems.

    A subclass is a frozen dataclass whose fields have defaults and are
    checked when it is made.

    Example:

    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class Small(Options):
    ...     size: int = 1
    >>> Small.from_dict({"size": 2}).to_dict()
    {'size': 2}
    """

    def to_dict(self):
        """The arguments as plain JSON types."""
        values = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
        }
        return {name: _plain(value) for name, value in values.items()}

    @classmethod
    def from_dict(cls, values):
        """Builds it from `to_dict()`, or from some of its arguments.

        Raises:
            UserError: an argument is not known, or out of its range.
        """
        known = cls.names()
        for key in values:
            if key not in known:
                raise choice_error("model argument", key, known)
        return cls(**values)

    @classmethod
    def names(cls):
        """The names of the arguments, a list of str."""
        return [field.name for field in dataclasses.fields(cls)]


def _plain(value):
    if isinstance(value, (CircuitSpec, CustomCircuit, GradientMethod)):
        return value.to_dict()
    if isinstance(value, tuple):
        return list(value)
    return copy.deepcopy(value)  # a caller may change a dict
