"""The factors of a screening: arguments with a low and a high level."""

from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.tuning.catalogue import INTEGERS, searchable
from tfq_hybrid.tuning.configured import configured
from tfq_hybrid.tuning.dimension_from_words import read_dimension

# Our choice: ends that a paper's authors would compare, both of which train.
LEVELS = {
    "qubits": (2, 6),
    "depth": (1, 4),
    "encoding": ("angle", "hadamard_angle"),
    "reuploads": (0, 2),
    "scaling": ("half_pi_tanh", "pi_tanh"),
    "share_weights": (False, True),
    "ansatz": (["ry", "cnot"], ["ry", "rz", "cnot"]),
    "entanglement": ("none", "ring"),
    "tokens": ("cls", "all"),
    "shots": (128, 1024),
    "repetitions": (128, 1024),
    "dropout": (0.0, 0.3),
    "learning_rate": (3e-4, 3e-3),
    "quantum_learning_rate": (1e-3, 1e-2),
    "batch_size": (16, 64),
    "weight_decay": (0.0, 0.1),
}


def read_factors(config, names, words=()):
    """The factors and their two levels.

    Args:
        config: `TrainConfig`.
        names: sequence of str, at least two arguments.
        words: sequence of str such as `qubits=2,6`, in place of the usual
            levels.

    Returns:
        A dict of a name and a pair of values.

    Raises:
        UserError: a factor is not known, stands twice, is constant, or has
            no usual levels and no others.

    Example:

    >>> from tfq_hybrid.training import TrainConfig
    >>> read_factors(
    ...     TrainConfig("embedded"), ["depth", "qubits"], ["qubits=2,8"]
    ... )
    {'depth': (1, 4), 'qubits': (2, 8)}
    """
    known = searchable(config)
    names = [name.replace("-", "_") for name in names]
    given = {}
    for word in words:
        name, _, text = word.partition("=")
        name = name.strip().replace("-", "_")
        if name not in names:
            raise choice_error("--levels", name, names)
        given[name] = _levels(name, text)
    factors = {}
    for name in names:
        if name not in known:
            raise choice_error("factor", name, known)
        if name in factors:
            raise UserError(f"Expected {name} once. Received: {name} twice")
        if name not in given and name not in LEVELS:
            raise UserError(
                f"Expected the levels of {name}, as --levels "
                f"{name}=LOW,HIGH. Received: none"
            )
        factors[name] = given.get(name) or LEVELS[name]
    if len(factors) < 2:
        raise UserError(
            f"Expected at least 2 factors. Received: {', '.join(factors)}"
        )
    return factors


def _levels(name, text):
    values = read_dimension(name, text.replace(":", ","), name in INTEGERS)
    values = values.values
    if len(values) != 2:
        raise UserError(
            f"Expected two different levels, as {name}=LOW,HIGH. Received: "
            f"{name}={text}, which is constant"
            if len(values) < 2
            else f"Expected two levels, as {name}=LOW,HIGH. Received: "
            f"{name}={text}"
        )
    return values


def rows_of(config, factors, design):
    """The values of each row of a design, checked to make a model's config.

    Raises:
        UserError: a row's values do not go together.
    """
    rows = []
    for levels in design:
        values = {
            name: ends[int(level > 0)]
            for (name, ends), level in zip(factors.items(), levels, strict=True)
        }
        configured(config, values)
        rows.append(values)
    return rows
