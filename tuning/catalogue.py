"""The arguments that can be searched, and their usual values."""

import dataclasses
from collections.abc import Container
from typing import Any

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.config.values import flatten
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.tuning.dimensions import Choice, Condition, Range

# What decides on the data, and so on what is compared.
FIXED = set(
    "adapter baseline circuit data data_dir delimiter epochs gradient_every "
    "label_column label_names limit method model preset seed split task "
    "text_column text_columns validation_data vocabulary_size".split()
)


def last(key: str) -> str:
    """The last part of a dotted key."""
    return key.rpartition(".")[2]


def arguments_of(config: TrainConfig) -> list[str]:
    """The dotted keys of the arguments that can be searched.

    >>> from tfq_hybrid.training import TrainConfig
    >>> keys = arguments_of(TrainConfig("embedded"))
    >>> "circuit.depth" in keys, "data" in keys
    (True, False)
    """
    return [
        key for key, _ in flatten(_arguments(config)) if last(key) not in FIXED
    ]


def _arguments(config: TrainConfig) -> dict[str, Any]:
    """The arguments of a config, without circuits that are no spec."""
    arguments = config.to_dict()
    options: Any = config.options
    adapter = getattr(options, "adapter", None)
    for holder, values in (
        (options, arguments),
        (adapter, arguments.get("adapter") or {}),
    ):
        circuit = getattr(holder, "circuit", None)
        if "circuit" in values and not isinstance(circuit, CircuitSpec):
            del values["circuit"]
    return arguments


INTEGERS = (
    "batch_size depth distance patience qubits repetitions reuploads "
    "sequence_length shots".split()
)
# On two qubits these are all the same pair, or need a third.
MANY_QUBITS = ("ring", "alternating", "brick", "full", "long_range")
ANGLE_ENCODINGS = ("angle", "hadamard_ry", "hadamard_angle", "iqp")

# The usual values of each argument. Parents stand before their children.
CATALOGUE = (
    Choice("qubits", (2, 3, 4, 5, 6, 8)),
    Choice("depth", (1, 2, 3, 4, 6)),
    Choice("encoding", ANGLE_ENCODINGS),
    Choice("reuploads", (0, 1, 2)),
    Choice("scaling", ("pi_tanh", "half_pi_tanh", "arctan", "identity")),
    Choice("share_weights", (False, True)),
    Choice(
        "ansatz", (["ry", "rz", "cnot"], ["ry", "cnot"], ["rx", "rz", "cz"])
    ),
    Choice("entanglement", ("none", "linear", *MANY_QUBITS)),
    Choice("distance", (1, 2)),
    Choice("tokens", ("all", "cls")),
    Choice("pooling", ("mean", "cls", "last")),
    Choice("layers", (None, "0")),
    Choice("constant_amplitude", (0.0, 1.0)),
    Choice("residual_scale", (0.0, 1.0)),
    Choice("shots", (128, 1024)),
    Choice("repetitions", (128, 1024)),
    Range("dropout", 0.0, 0.3),
    Range("learning_rate", 1e-4, 1e-2, "log"),
    Range("quantum_learning_rate", 1e-3, 1e-1, "log"),
)


@dataclasses.dataclass(frozen=True)
class Above:
    """As `Condition`, where the other dimension is above a number."""

    name: str
    bound: int

    def holds(self, value: Any) -> bool:
        """Whether the other dimension's value is above it."""
        return value > self.bound

    def __str__(self):
        return f"above {self.bound}"


_angles = Condition("encoding", ANGLE_ENCODINGS)
CONDITIONS: dict[str, Condition | Above] = {
    "distance": Condition("entanglement", ("long_range",)),
    "reuploads": _angles,
    "scaling": _angles,
    "share_weights": Above("reuploads", 0),
}

# What a search takes when neither the user nor the system says it.
USUAL = (
    "qubits depth reuploads entanglement distance dropout learning_rate "
    "quantum_learning_rate".split()
)

# What a baseline uses of the circuit: the widths that it sets.
BASELINE_CIRCUIT = {"bottleneck": ("qubits", "encoding")}
OF_CIRCUITS = ("engine", "shots", "repetitions", "quantum_learning_rate")


def searchable(config: TrainConfig) -> list[str]:
    """The dotted keys that can be searched with an effect.

    A baseline leaves out the arguments of a circuit that it does not have.

    Args:
        config: What is trained.
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


def usual(key: str, config: TrainConfig) -> Choice | Range:
    """The usual values of an argument, by the last part of its dotted key.

    Those of the learning rate are up to ten times less and more than the
    config's own, which is the default of its system or method.

    >>> from tfq_hybrid.training import TrainConfig
    >>> config = TrainConfig("embedded")
    >>> usual("circuit.depth", config).values
    (1, 2, 3, 4, 6)
    >>> usual("learning_rate", config).values
    (0.0001, 0.01)
    """
    rate = config.learning_rate
    if key == "learning_rate" and rate:
        return Range(key, rate / 10, rate * 10, "log")
    for dimension in CATALOGUE:
        if dimension.name == last(key):
            return dataclasses.replace(dimension, name=key)
    raise UserError(
        f"Expected the values of {key}, as {key}=VALUE,VALUE or "
        f"{key}=LOW:HIGH. Received: {key}"
    )


def condition_of(key: str, keys: Container[str]) -> Condition | Above | None:
    """The condition of an argument, on another one beside it in `keys`."""
    condition = CONDITIONS.get(last(key))
    if condition is None:
        return None
    parent = key.removesuffix(last(key)) + condition.name
    if parent not in keys:
        return None
    return dataclasses.replace(condition, name=parent)


def order_of(key: str) -> int:
    """Where an argument stands in the catalogue, parents first."""
    names = [dimension.name for dimension in CATALOGUE]
    name = last(key)
    return names.index(name) if name in names else len(names)
