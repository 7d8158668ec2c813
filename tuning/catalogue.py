"""The arguments that can be searched, and their usual values."""

import dataclasses

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.config.values import flatten
from tfq_hybrid.errors import UserError
from tfq_hybrid.tuning.dimensions import Above, Choice, Condition, Range

# What decides on the data, and so on what is compared.
FIXED = {
    "adapter",
    "baseline",
    "circuit",
    "data",
    "data_dir",
    "epochs",
    "gradient_every",
    "label_column",
    "label_names",
    "limit",
    "method",
    "model",
    "preset",
    "seed",
    "split",
    "text_column",
    "validation_data",
    "vocabulary_size",
}


def last(key):
    """The last part of a dotted key."""
    return key.rpartition(".")[2]


def arguments_of(config):
    """The dotted keys of the arguments that can be searched, a list of str.

    Args:
        config: `TrainConfig`.

    Example:

    >>> from tfq_hybrid.training import TrainConfig
    >>> keys = arguments_of(TrainConfig("embedded"))
    >>> "circuit.depth" in keys, "data" in keys
    (True, False)
    """
    return [
        key for key, _ in flatten(_arguments(config)) if last(key) not in FIXED
    ]


def _arguments(config):
    """The arguments of a config, without circuits that are no spec."""
    arguments = config.to_dict()
    options = config.options
    adapter = getattr(options, "adapter", None)
    if adapter is not None:
        for name in options.unused_with_adapter:
            del arguments[name]
    for holder, values in (
        (options, arguments),
        (adapter, arguments.get("adapter") or {}),
    ):
        circuit = getattr(holder, "circuit", None)
        if "circuit" in values and not isinstance(circuit, CircuitSpec):
            del values["circuit"]
    return arguments


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
    Choice("share_weights", (False, True), Above("reuploads", 0)),
    Choice(
        "ansatz",
        (["ry", "rz", "cnot"], ["ry", "cnot"], ["rx", "rz", "cz"]),
    ),
    Choice("entanglement", ("none", "linear", *MANY_QUBITS)),
    Choice("distance", (1, 2), Condition("entanglement", ("long_range",))),
    Choice("tokens", ("all", "cls")),
    Choice("layers", (None, "0")),
    Choice("constant_amplitude", (0.0, 1.0)),
    Choice("residual_scale", (0.0, 1.0)),
    Choice("shots", (128, 1024)),
    Choice("repetitions", (128, 1024)),
    Range("dropout", 0.0, 0.3),
    Range("learning_rate", 1e-4, 1e-2, "log"),
    Range("quantum_learning_rate", 1e-3, 1e-1, "log"),
)

# What a search takes when neither the user nor the system says it.
USUAL = (
    "qubits",
    "depth",
    "reuploads",
    "entanglement",
    "distance",
    "dropout",
    "learning_rate",
    "quantum_learning_rate",
)

# What a baseline uses of the circuit: the widths that it sets.
BASELINE_CIRCUIT = {"bottleneck": ("qubits", "encoding")}
OF_CIRCUITS = ("engine", "shots", "repetitions", "quantum_learning_rate")


def searchable(config):
    """The dotted keys that can be searched with an effect, a list of str.

    Args:
        config: `TrainConfig`.
    """
    names = arguments_of(config)
    if config.baseline is None:
        return names
    used = BASELINE_CIRCUIT.get(config.baseline, ())
    idle = {*OF_CIRCUITS, *config.system.baselines[config.baseline]}
    if not used:
        idle.add("tokens")
    circuits = {field.name for field in dataclasses.fields(CircuitSpec)}
    return [
        name for name in names if last(name) not in (circuits - {*used}) | idle
    ]


def usual(key):
    """The usual values of an argument, a dimension without a condition.

    Args:
        key: str, dotted. Its last part counts.

    Raises:
        UserError: it has none; they must be said.

    Example:

    >>> usual("circuit.depth").values
    (1, 2, 3, 4, 6)
    """
    for dimension in CATALOGUE:
        if dimension.name == last(key):
            return dataclasses.replace(dimension, name=key, condition=None)
    raise UserError(
        f"Expected the values of {key}, as {key}=VALUE,VALUE or "
        f"{key}=LOW:HIGH. Received: {key}"
    )


def condition_of(key, keys):
    """The condition of an argument, on another one beside it, or `None`.

    Args:
        key: str, dotted.
        keys: the dotted keys that there are.
    """
    for dimension in CATALOGUE:
        condition = dimension.condition
        if dimension.name == last(key) and condition is not None:
            parent = key.removesuffix(last(key)) + condition.name
            if parent in keys:
                return dataclasses.replace(condition, name=parent)
    return None


def order_of(key):
    """Where an argument stands in the catalogue, parents first, an int."""
    names = [dimension.name for dimension in CATALOGUE]
    name = last(key)
    return names.index(name) if name in names else len(names)
