"""`Space`: what is searched, and under which conditions."""

import contextlib
import dataclasses
import json

import keras_tuner

from tfq_hybrid.config.values import flatten, full_key
from tfq_hybrid.errors import UserError
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
    dimension_of,
    read_dimension,
    split_assignment,
)


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


def conditioned(config, chosen, given):
    """The dimensions in order, under the conditions that they need.

    Args:
        config: `TrainConfig`, whose values hold for what is not searched.
        chosen: dict of a name and its `Choice` or `Range`.
        given: names that the user asked for, which are not left out
            silently.

    Yields:
        `Choice` and `Range`, parents before those that they decide on.

    Raises:
        UserError: what the user asked for could never be searched.
    """
    base = dict(flatten(config.to_dict()))
    for name in sorted(chosen, key=order_of):
        dimension = chosen[name]
        condition = condition_of(name, base)
        if last(name) == "entanglement":
            qubits = name.removesuffix(last(name)) + "qubits"
            yield from _entanglement(dimension, qubits, chosen, base)
            continue
        if condition is None or condition.name not in chosen:
            # Without the parent the config's own value decides.
            fits = condition is None or condition.holds(
                base.get(condition.name)
            )
            if fits:
                yield dimension
            elif name in given:
                raise UserError(
                    f"Expected {condition.name} to be {condition} where "
                    f"{name} is searched. Received: {condition.name}="
                    f"{base.get(condition.name)!r}"
                )
            continue
        parent = chosen[condition.name]
        shared = [v for v in parent.values if condition.holds(v)]
        if len(shared) == len(parent.values):
            yield dimension
        elif shared:
            limits = Condition(condition.name, tuple(shared))
            yield _under(dimension, limits)
        elif name in given:
            raise UserError(
                f"Expected a {condition.name} that is {condition}, which "
                f"{name} needs. Received: {condition.name}="
                f"{','.join(map(str, parent.values))}"
            )


def _under(dimension, condition):
    return type(dimension)(**{**vars(dimension), "condition": condition})


def _entanglement(dimension, key, chosen, base):
    """Patterns that need a third qubit only where there is one."""
    qubits = chosen.get(key)
    counts = qubits.values if qubits else (base.get(key, 3),)
    few = tuple(count for count in counts if count <= 2)
    simple = tuple(v for v in dimension.values if v not in MANY_QUBITS)
    if not few or len(simple) == len(dimension.values):
        yield dimension
        return
    if not simple:
        # The user asks for such patterns alone: take them as they are.
        yield dimension
        return
    if not qubits or len(few) == len(counts):
        yield _values(dimension, simple)
        return
    many = tuple(count for count in counts if count > 2)
    for pattern, values in ((simple, few), (dimension.values, many)):
        limited = _values(dimension, pattern)
        yield _under(limited, Condition(key, values))


def _values(dimension, values):
    return type(dimension)(**{**vars(dimension), "values": tuple(values)})


def space_of(config, words=(), only=False):
    """The space of a config, narrowed by the words of a user.

    Args:
        config: `TrainConfig`.
        words: sequence of str: `key=2,4,6`, `key=1e-4:1e-2:log`, or a `key`
            alone, for its usual values, each a dotted key or the end of one.
            What they name replaces the default, or joins it.
        only: bool. Whether the words are all that is searched. Defaults to
            `False`.

    Returns:
        A `Space`.

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
    given = {}
    for word in words:
        name, text = split_assignment(word)
        name = full_key(name, known)
        if name in given:
            raise UserError(f"Expected {name} once. Received: {name} twice")
        given[name] = (
            usual(name)
            if text is None
            else read_dimension(name, text, last(name) in INTEGERS)
        )
    chosen = {} if only else _defaults(config, known)
    for name, dimension in given.items():
        _check_values(config, dimension)
        chosen[name] = dimension
    return Space(conditioned(config, chosen, given))


def _defaults(config, known):
    wanted = config.system.searched or USUAL
    keys = [key for name in wanted for key in known if last(key) == name]
    return {key: usual(key) for key in keys}


def _check_values(config, dimension):
    """Raises `UserError` for a value that the argument cannot take."""
    name = dimension.name
    values = (
        dimension.values
        if isinstance(dimension, Choice)
        else dimension.extremes()
    )
    beside = name.removesuffix(last(name))
    known = arguments_of(config)
    for value in values:
        # What the value needs beside it.
        needs = NEEDS.get(last(name), {})
        needs = {f"{beside}{key}": needed for key, needed in needs.items()}
        changes = {k: v for k, v in needs.items() if k in known}
        config.replace({**changes, name: value})


NEEDS = {
    "distance": {"entanglement": "long_range", "qubits": 64},
    "reuploads": {"encoding": "angle"},
    "scaling": {"encoding": "angle"},
    "entanglement": {"ansatz": ["ry", "cnot"]},
}
