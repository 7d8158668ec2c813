"""The searchable arguments, their usual values, and configs that have them."""

import dataclasses

from tfq_hybrid.circuits import ENCODINGS, CircuitSpec
from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.training.config import TrainConfig
from tfq_hybrid.tuning.dimensions import Above, Choice, Condition, Range

CIRCUIT_ARGUMENTS = tuple(f.name for f in dataclasses.fields(CircuitSpec))
LISTS = ("ansatz", "first_layer", "observables")
# What decides on the data, and so on what is compared.
FIXED = {
    "adapter",
    "circuit",
    "classical",
    "data",
    "data_dir",
    "epochs",
    "gradient_every",
    "label_column",
    "label_names",
    "limit",
    "model",
    "options",
    "preset",
    "seed",
    "split",
    "text_column",
    "validation_data",
    "vocabulary_size",
}


def flat(config):
    """The arguments of a config and of its system, side by side, a dict."""
    arguments = config.to_dict()
    return {**arguments, **arguments.pop("options")}


def arguments_of(config):
    """The names of the arguments that can be searched, a list of str.

    Args:
        config: `TrainConfig`.
    """
    arguments = flat(config)
    names = [name for name in arguments if name not in FIXED]
    names += [name for name in arguments.get("adapter") or {}]
    names = [name for name in names if name not in ("method", "circuit")]
    if _spec(arguments) is not None:
        names += CIRCUIT_ARGUMENTS
    return list(dict.fromkeys(names))


def circuit_of(config):
    """The circuit of a config as a dict; `None` where there is none."""
    arguments = flat(config)
    return (arguments.get("adapter") or arguments).get("circuit")


def configured(config, values):
    """A config with some of its arguments replaced.

    Args:
        config: `TrainConfig`.
        values: dict of arguments, as `arguments_of` names them, and of
            `seed` and `epochs`.

    Returns:
        A `TrainConfig`.

    Raises:
        UserError: an argument is not known, or the values do not go
            together.

    Example:

    >>> config = configured(
    ...     TrainConfig("embedded"), {"qubits": 2, "learning_rate": 0.01}
    ... )
    >>> circuit_of(config)["qubits"], config.learning_rate
    (2, 0.01)
    """
    known = [*arguments_of(config), "seed", "epochs"]
    arguments = flat(config)
    adapter = arguments.get("adapter") or {}
    spec = _spec(arguments)
    changes = {}
    for name, value in values.items():
        if name not in known:
            raise choice_error("argument", name, known)
        if name in CIRCUIT_ARGUMENTS and spec is not None:
            alone = name in LISTS and isinstance(value, str)
            changes[name] = [value] if alone else value
        elif name in adapter:
            adapter[name] = value
        else:
            arguments[name] = value
    if changes:
        (adapter or arguments)["circuit"] = _circuit({**spec}, changes)
    return TrainConfig.from_dict(arguments)


def _spec(arguments):
    """The circuit where it is a `CircuitSpec`, as a dict; else `None`."""
    circuit = (arguments.get("adapter") or arguments).get("circuit")
    is_spec = circuit and set(circuit) <= set(CIRCUIT_ARGUMENTS)
    return circuit if is_spec else None


def _circuit(spec, changes):
    """A circuit that was changed, without what no longer has a meaning."""
    if changes.get("entanglement", "long_range") != "long_range":
        spec["distance"] = 1
    if "qubits" in changes and "observables" not in changes:
        # Words that name qubits hold for the circuit that they came with.
        spec["observables"] = ()
    if "encoding" in changes and changes["encoding"] in ENCODINGS:
        amplitudes = ENCODINGS[changes["encoding"]].starts_from_amplitudes
        if amplitudes:
            spec |= {"scaling": None, "reuploads": 0}
    spec |= changes
    try:
        return CircuitSpec.from_dict(spec).to_dict()
    except TypeError as error:
        raise UserError(
            f"Expected arguments of a circuit. Received: {changes} ({error})"
        ) from None


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

# What a classical baseline uses of the circuit: the widths that it sets.
BASELINE_CIRCUIT = {"bottleneck": ("qubits", "encoding")}


def searchable(config):
    """The names that can be searched with an effect, a list of str.

    Args:
        config: `TrainConfig`.
    """
    names = arguments_of(config)
    if config.classical is None:
        return names
    used = BASELINE_CIRCUIT.get(config.classical, ())
    idle = {*CIRCUIT_ARGUMENTS} - {*used} | {"engine", "shots"}
    idle |= {"repetitions", "quantum_learning_rate"}
    idle |= {*config.system.baselines[config.classical]}
    if not used:
        idle.add("tokens")
    return [name for name in names if name not in idle]


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
