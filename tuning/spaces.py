"""What can be searched, argument by argument, and what is by default.

An argument belongs to the space of every system that has it. A system of its
own needs no row here; one in `SEARCHED` says what a search takes when the
user names nothing.
"""

from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.tuning.configured import (
    CIRCUIT_ARGUMENTS,
    arguments_of,
    circuit_of,
    configured,
    flat,
)
from tfq_hybrid.tuning.narrowing import read_dimension, split_assignment
from tfq_hybrid.tuning.space import Choice, Condition, Range, Space

INTEGERS = (
    "batch_size",
    "depth",
    "distance",
    "patience",
    "qubits",
    "repetitions",
    "reuploads",
    "sequence_length",
    "shots",
)
# On two qubits these are all the same pair, or need a third.
MANY_QUBITS = ("ring", "alternating", "brick", "full", "long_range")
ANGLE_ENCODINGS = ("angle", "hadamard_ry", "hadamard_angle", "iqp")
_angles = Condition("encoding", ANGLE_ENCODINGS)

# The usual values of each argument. Parents stand before their children.
CATALOGUE = (
    Choice("qubits", (2, 3, 4, 5, 6, 8)),
    Choice("depth", (1, 2, 3, 4, 6)),
    Choice("encoding", ANGLE_ENCODINGS),
    Choice("reuploads", (0, 1, 2), _angles),
    Choice(
        "scaling", ("pi_tanh", "half_pi_tanh", "arctan", "identity"), _angles
    ),
    Choice("share_weights", (False, True), Condition("reuploads", (1, 2, 3))),
    Choice(
        "ansatz",
        (["ry", "rz", "cnot"], ["ry", "cnot"], ["rx", "rz", "cz"]),
    ),
    Choice("entanglement", ("none", "linear", *MANY_QUBITS)),
    Choice("distance", (1, 2), Condition("entanglement", ("long_range",))),
    Choice("tokens", ("all", "cls")),
    Choice("layers", (None, "0")),
    Choice("shots", (128, 1024)),
    Choice("repetitions", (128, 1024)),
    Range("dropout", 0.0, 0.3),
    Range("learning_rate", 1e-4, 1e-2, "log"),
    Range("quantum_learning_rate", 1e-3, 1e-1, "log"),
)

# What a search takes when nothing is said.
SEARCHED = {
    "qffn-bert": (
        "qubits",
        "depth",
        "reuploads",
        "entanglement",
        "distance",
        "dropout",
        "learning_rate",
    ),
}
USUAL = (*SEARCHED["qffn-bert"], "quantum_learning_rate")

# What a classical twin heeds of the circuit: the widths that it sets.
TWIN_CIRCUIT = {"bottleneck": ("qubits", "encoding")}


def searchable(config):
    """The names that can be searched with an effect, a list of str.

    Args:
        config: `TrainConfig`.
    """
    names = arguments_of(config)
    if config.classical is None:
        return names
    heeded = TWIN_CIRCUIT.get(config.classical, ())
    idle = {*CIRCUIT_ARGUMENTS} - {*heeded} | {"engine", "shots"}
    idle |= {"repetitions", "quantum_learning_rate"}
    idle |= {*config.system.twins[config.classical]}
    if not heeded:
        idle.add("tokens")
    return [name for name in names if name not in idle]


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
    return Space(_conditioned(config, chosen, given))


def usual(name):
    """The usual values of an argument, a dimension without a condition.

    Raises:
        UserError: it has none; they must be said.
    """
    for dimension in CATALOGUE:
        if dimension.name == name:
            kind = type(dimension)
            fields = {**vars(dimension), "condition": None}
            return kind(**fields)
    raise UserError(
        f"Expected the values of {name}, as {name}=VALUE,VALUE or "
        f"{name}=LOW:HIGH. Received: {name}"
    )


def _defaults(config, known):
    names = SEARCHED.get(config.model, USUAL)
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


def _conditioned(config, chosen, given):
    """The dimensions in order, under the conditions that they need."""
    order = [dimension.name for dimension in CATALOGUE]
    names = [name for name in order if name in chosen]
    names += [name for name in chosen if name not in order]
    conditions = {d.name: d.condition for d in CATALOGUE}
    base = {**flat(config), **(circuit_of(config) or {})}
    for name in names:
        dimension = chosen[name]
        condition = conditions.get(name)
        if name == "entanglement":
            yield from _entanglement(dimension, chosen.get("qubits"), base)
            continue
        if condition is None or condition.name not in chosen:
            # Without the parent the config's own value decides.
            fits = condition is None or (
                base.get(condition.name) in condition.values
            )
            if fits:
                yield dimension
            elif name in given:
                raise UserError(
                    f"Expected {condition.name} to be one of "
                    f"{', '.join(map(str, condition.values))} where {name} is "
                    f"searched. Received: {condition.name}="
                    f"{base.get(condition.name)!r}"
                )
            continue
        parent = chosen[condition.name]
        shared = [v for v in parent.values if v in condition.values]
        if len(shared) == len(parent.values):
            yield dimension
        elif shared:
            limits = Condition(condition.name, tuple(shared))
            yield _under(dimension, limits)
        elif name in given:
            raise UserError(
                f"Expected {condition.name} to take one of "
                f"{', '.join(map(str, condition.values))}, which {name} "
                f"needs. Received: {condition.name}="
                f"{','.join(map(str, parent.values))}"
            )


def _under(dimension, condition):
    return type(dimension)(**{**vars(dimension), "condition": condition})


def _entanglement(dimension, qubits, base):
    """Patterns that need a third qubit only where there is one."""
    counts = qubits.values if qubits else (base.get("qubits", 3),)
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
        yield _under(limited, Condition("qubits", values))


def _values(dimension, values):
    return type(dimension)(**{**vars(dimension), "values": tuple(values)})
