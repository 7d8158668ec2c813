"""`Space`: what is searched, and under which conditions."""

import contextlib
import dataclasses
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras_tuner

from tfq_hybrid.config.values import flatten, full_key
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.tuning.catalogue import (
    INTEGERS,
    MANY_QUBITS,
    USUAL,
    arguments_of,
    condition_of,
    last,
    order_of,
    searchable,
    usual,
)
from tfq_hybrid.tuning.dimensions import (
    Choice,
    Condition,
    Range,
    dimension_of,
    read_dimension,
    split_assignment,
)


@dataclasses.dataclass(frozen=True)
class Space:
    """What is searched.

    A name may stand twice, under conditions that exclude each other.

    Args:
        dimensions: Parents stand before those that their values decide on.

    Raises:
        UserError: there is no dimension, or a condition cannot hold.

    Example:

    >>> from tfq_hybrid.tuning.dimensions import Range
    >>> space = Space([Choice("qubits", (2, 4)), Range("rate", 0.1, 1.0)])
    >>> hp = space.hyperparameters()
    >>> space.decode(hp.values)
    {'qubits': 2, 'rate': 0.1}
    """

    dimensions: Sequence[Choice | Range]

    def __post_init__(self):
        object.__setattr__(self, "dimensions", tuple(self.dimensions))
        if not self.dimensions:
            raise UserError(
                "Expected at least one argument to search. Received: none"
            )
        tuple(self._registrations())

    @property
    def names(self) -> list[str]:
        """The names of the dimensions, each once."""
        return list(dict.fromkeys(d.name for d in self.dimensions))

    def _registrations(
        self,
    ) -> list[tuple[str, Choice | Range, str | None, tuple]]:
        """The key, dimension, parent and its values that keras-tuner is told.

        keras-tuner goes by keys, of which each is one list of values.
        """
        rows: list[tuple] = []  # a dimension, its parent's row, its values
        for dimension in self.dimensions:
            wanted = dimension.condition
            if wanted is None:
                rows.append((dimension, None, ()))
                continue
            parents = [
                (number, shared)
                for number, row in enumerate(rows)
                if row[0].name == wanted.name
                and (shared := _shared(row[0], wanted.values))
            ]
            if not parents:
                raise UserError(
                    f"Expected {wanted.name} to take one of "
                    f"{', '.join(map(str, wanted.values))}, which "
                    f"{dimension.name} needs. Received: a space without it"
                )
            rows += [(dimension, *parent) for parent in parents]
        names = [row[0].name for row in rows]
        keys = [
            f"{name}@{names[:i].count(name)}" if names.count(name) > 1 else name
            for i, name in enumerate(names)
        ]
        return [
            (key, dimension, None if parent is None else keys[parent], values)
            for key, (dimension, parent, values) in zip(keys, rows, strict=True)
        ]

    def hyperparameters(
        self, grid: bool = False
    ) -> keras_tuner.HyperParameters:
        """The space as keras-tuner takes it.

        Args:
            grid: Whether ranges are a few values. Defaults to `False`.
        """
        hp = keras_tuner.HyperParameters()
        scopes: dict[str | None, list] = {None: []}
        for key, dimension, parent, values in self._registrations():
            scope = [] if parent is None else [(parent, list(values))]
            scopes[key] = scopes[parent] + scope
            with contextlib.ExitStack() as stack:
                for condition in scopes[key]:
                    stack.enter_context(hp.conditional_scope(*condition))
                dimension.register(hp, key, grid)
        return hp

    def decode(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that keras-tuner's values stand for."""
        return {
            dimension.name: dimension.decode(values[key])
            for key, dimension, *_ in self._registrations()
            if key in values
        }

    def to_list(self) -> list[dict[str, Any]]:
        """As the `space` of `search.json`."""
        return [dimension.to_dict() for dimension in self.dimensions]

    @classmethod
    def from_list(cls, rows: Iterable[Mapping[str, Any]]) -> "Space":
        """Builds a space from `to_list()`."""
        return cls([dimension_of(row) for row in rows])


def _shared(parent: Choice | Range, values: tuple) -> tuple:
    """The parent's values, as keras-tuner has them, that are in `values`."""
    if not isinstance(parent, Choice):
        return ()
    both = [value for value in parent.values if value in values]
    return tuple(both if parent.are_integers else map(json.dumps, both))


def conditioned(
    config: TrainConfig,
    chosen: Mapping[str, Choice | Range],
    given: Container[str],
) -> Iterator[Choice | Range]:
    """The chosen dimensions in order, under the conditions that they need.

    The config's values hold for what is not searched. A dimension that could
    never be searched is left out, or an error where the user has `given` it.
    """
    base = dict(flatten(config.to_dict()))
    for name in sorted(chosen, key=order_of):
        dimension = chosen[name]
        condition = condition_of(name, base)
        if isinstance(dimension, Choice) and last(name) == "entanglement":
            yield from _entanglement(dimension, name, chosen, base)
        elif condition is None:
            yield dimension
        elif condition.name not in chosen:
            # Without the parent the config's own value decides.
            if condition.holds(base.get(condition.name)):
                yield dimension
            elif name in given:
                raise UserError(
                    f"Expected {condition.name} to be {condition} where "
                    f"{name} is searched. Received: {condition.name}="
                    f"{base.get(condition.name)!r}"
                )
        else:
            parents = chosen[condition.name].values
            shared = tuple(v for v in parents if condition.holds(v))
            if shared:
                limits = Condition(condition.name, shared)
                yield dataclasses.replace(
                    dimension, condition=None if shared == parents else limits
                )
            elif name in given:
                raise UserError(
                    f"Expected a {condition.name} that is {condition}, which "
                    f"{name} needs. Received: {condition.name}="
                    f"{','.join(map(str, parents))}"
                )


def _entanglement(
    dimension: Choice,
    name: str,
    chosen: Mapping[str, Choice | Range],
    base: Mapping[str, Any],
) -> Iterator[Choice | Range]:
    """Patterns that need a third qubit only where there is one."""
    key = name.removesuffix(last(name)) + "qubits"
    counts = chosen[key].values if key in chosen else (base.get(key, 3),)
    few = tuple(count for count in counts if count <= 2)
    many = tuple(count for count in counts if count > 2)
    patterns = dimension.values
    simple = tuple(v for v in patterns if v not in MANY_QUBITS)
    if not few or not simple or simple == patterns:
        # Where the user asks for such patterns alone they stay.
        yield dimension
    elif not many:
        yield dataclasses.replace(dimension, values=simple)
    else:
        for values, limits in ((simple, few), (patterns, many)):
            condition = Condition(key, limits)
            yield dataclasses.replace(
                dimension, values=values, condition=condition
            )


def space_of(
    config: TrainConfig, words: Iterable[str] = (), only: bool = False
) -> Space:
    """The space of a config, narrowed by the words of a user.

    Args:
        config: Its values hold for what is not searched.
        words: Such as `key=2,4,6`, `key=1e-4:1e-2:log`, or a `key` alone, for
            its usual values, each a dotted key or the end of one. What they
            name replaces the default, or joins it.
        only: Whether the words are all that is searched. Defaults to `False`.

    Raises:
        UserError: the space is empty or contradictory, an argument is not
            known, or a value is not valid.

    Example:

    >>> from tfq_hybrid.training import TrainConfig
    >>> space = space_of(
    ...     TrainConfig("embedded"), ["qubits=2,4", "depth=1:3"], only=True
    ... )
    >>> [dimension.values for dimension in space.dimensions]
    [(2, 4), (1, 2, 3)]
    """
    known = searchable(config)
    given: dict[str, Choice | Range] = {}
    for word in words:
        name, text = split_assignment(word)
        name = full_key(name, known)
        if name in given:
            raise UserError(f"Expected {name} once. Received: {name} twice")
        given[name] = (
            usual(name, config)
            if text is None
            else read_dimension(name, text, last(name) in INTEGERS)
        )
        _check_values(config, given[name])
    wanted = () if only else config.system.searched or USUAL
    keys = [key for name in wanted for key in known if last(key) == name]
    chosen = {key: usual(key, config) for key in keys} | given
    return Space(tuple(conditioned(config, chosen, given)))


def _check_values(config: TrainConfig, dimension: Choice | Range) -> None:
    """Raises `UserError` for a value that the argument cannot take."""
    name = dimension.name
    beside = name.removesuffix(last(name))
    known = arguments_of(config)
    for value in dimension.values:
        # What the value needs beside it.
        needs = NEEDS.get(last(name), {})
        changes = {f"{beside}{key}": needed for key, needed in needs.items()}
        changes = {k: v for k, v in changes.items() if k in known}
        config.replace({**changes, name: value})


NEEDS: dict[str, dict[str, Any]] = {
    "distance": {"entanglement": "long_range", "qubits": 64},
    "reuploads": {"encoding": "angle"},
    "scaling": {"encoding": "angle"},
    "entanglement": {"ansatz": ["ry", "cnot"]},
}
