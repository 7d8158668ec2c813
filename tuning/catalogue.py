"""What can be searched, argument by argument, and what is by default.

An argument belongs to the space of every system that has it. What a search
takes when the user names nothing, a system may say itself (`System.searched`).
"""

from tfq_hybrid.errors import UserError
from tfq_hybrid.tuning.configured import CIRCUIT_ARGUMENTS, arguments_of
from tfq_hybrid.tuning.dimensions import Above, Choice, Condition, Range

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
