"""From the words of `--space` to the space of a config."""

from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.tuning.catalogue import (
    INTEGERS,
    USUAL,
    searchable,
    usual,
)
from tfq_hybrid.tuning.conditions import conditioned
from tfq_hybrid.tuning.configured import arguments_of, configured
from tfq_hybrid.tuning.dimension_from_words import (
    read_dimension,
    split_assignment,
)
from tfq_hybrid.tuning.dimensions import Choice
from tfq_hybrid.tuning.space import Space


def space_of(config, words=(), only=False):
    """The space of a config, narrowed by the words of a user.

    Args:
        config: `TrainConfig`.
        words: sequence of str: `name=2,4,6`, `name=1e-4:1e-2:log`, or a
            `name` alone, for its usual values. What they name replaces the
            default, or joins it.
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
        if name not in known:
            raise choice_error("--space", name, known)
        if name in given:
            raise UserError(f"Expected {name} once. Received: {name} twice")
        given[name] = (
            usual(name)
            if text is None
            else read_dimension(name, text, name in INTEGERS)
        )
    chosen = {} if only else _defaults(config, known)
    for name, dimension in given.items():
        _check_values(config, dimension)
        chosen[name] = dimension
    return Space(conditioned(config, chosen, given))


def _defaults(config, known):
    names = config.system.searched or USUAL
    return {name: usual(name) for name in names if name in known}


def _check_values(config, dimension):
    """Raises `UserError` for a value that the argument cannot take."""
    name = dimension.name
    values = (
        dimension.values
        if isinstance(dimension, Choice)
        else dimension.extremes()
    )
    for value in values:
        changes = {name: value}
        # What the value needs beside it.
        if name == "distance":
            changes |= {"entanglement": "long_range", "qubits": 64}
        if name in ("reuploads", "scaling"):
            changes["encoding"] = "angle"
        if name == "entanglement":
            changes["ansatz"] = ("ry", "cnot")
        known = arguments_of(config)
        changes = {k: v for k, v in changes.items() if k in known}
        configured(config, changes)
