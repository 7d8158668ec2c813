"""`Space`: what is searched."""

import contextlib
import dataclasses
import json

import keras_tuner

from tfq_hybrid.errors import UserError
from tfq_hybrid.tuning.dimensions import Choice, dimension_of


@dataclasses.dataclass(frozen=True)
class Space:
    """What is searched.

    A name may stand twice, under conditions that exclude each other.

    Args:
        dimensions: sequence of `Choice` and `Range`, parents before those
            that their values decide on.

    Raises:
        UserError: there is no dimension, or a condition cannot hold.

    Example:

    >>> from tfq_hybrid.tuning.dimensions import Range
    >>> space = Space([Choice("qubits", (2, 4)), Range("rate", 0.1, 1.0)])
    >>> hp = space.hyperparameters()
    >>> space.decode(hp.values)
    {'qubits': 2, 'rate': 0.1}
    """

    dimensions: tuple

    def __post_init__(self):
        object.__setattr__(self, "dimensions", tuple(self.dimensions))
        if not self.dimensions:
            raise UserError(
                "Expected at least one argument to search. Received: none"
            )
        tuple(self._registrations())

    @property
    def names(self):
        """The names of the dimensions, each once."""
        return list(dict.fromkeys(d.name for d in self.dimensions))

    def _registrations(self):
        """The key, dimension and parent of all that keras-tuner is told.

        keras-tuner goes by keys, of which each is one list of values.
        """
        rows = []
        for dimension in self.dimensions:
            if dimension.condition is None:
                rows.append([dimension, None, None])
                continue
            wanted = dimension.condition
            parents = [
                (row, shared)
                for row in rows
                if row[0].name == wanted.name
                and (shared := _shared(row[0], wanted.values))
            ]
            if not parents:
                raise UserError(
                    f"Expected {wanted.name} to take one of "
                    f"{', '.join(map(str, wanted.values))}, which "
                    f"{dimension.name} needs. Received: a space without it"
                )
            rows.extend([dimension, *parent] for parent in parents)
        names = [row[0].name for row in rows]
        keys = {}
        for row, name in zip(rows, names, strict=True):
            same = names.count(name) > 1
            number = sum(key.startswith(f"{name}@") for key in keys.values())
            keys[id(row)] = f"{name}@{number}" if same else name
        for row in rows:
            dimension, parent, values = row
            parent_key = None if parent is None else keys[id(parent)]
            yield keys[id(row)], dimension, parent_key, values

    def hyperparameters(self, grid=False):
        """The space as keras-tuner takes it.

        Args:
            grid: bool. Whether ranges are a few values. Defaults to `False`.

        Returns:
            A `keras_tuner.HyperParameters`.
        """
        hp = keras_tuner.HyperParameters()
        scopes = {None: []}
        for key, dimension, parent, values in self._registrations():
            scope = [] if parent is None else [(parent, list(values))]
            scopes[key] = scopes[parent] + scope
            with contextlib.ExitStack() as stack:
                for condition in scopes[key]:
                    stack.enter_context(hp.conditional_scope(*condition))
                dimension.register(hp, key, grid)
        return hp

    def decode(self, values):
        """The arguments that keras-tuner's values stand for, a dict."""
        return {
            dimension.name: dimension.decode(values[key])
            for key, dimension, *_ in self._registrations()
            if key in values
        }

    def to_list(self):
        """As the `space` of `search.json`."""
        return [dimension.to_dict() for dimension in self.dimensions]

    @classmethod
    def from_list(cls, rows):
        """Builds a space from `to_list()`."""
        return cls([dimension_of(row) for row in rows])


def _shared(parent, values):
    """The parent's values, as keras-tuner has them, that are in `values`."""
    if not isinstance(parent, Choice):
        return ()
    both = [value for value in parent.values if value in values]
    return tuple(both if parent.are_integers else map(json.dumps, both))
