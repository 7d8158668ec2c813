"""The options of `train` that describe a circuit."""

import dataclasses

import click

from tfq_hybrid.reading import read_json

# Options of the circuit, named as the arguments of `CircuitSpec`.
CIRCUIT_OPTIONS = (
    "qubits",
    "depth",
    "encoding",
    "scaling",
    "ansatz",
    "first_layer",
    "entanglement",
    "distance",
    "reuploads",
    "share_weights",
    "observables",
)


def split_words(ctx, parameter, value):
    """Splits a comma-separated option."""
    return None if value is None else [w.strip() for w in value.split(",")]


_DECORATORS = (
    click.option("--qubits", type=int, help="Default: 4."),
    click.option("--depth", type=int, help="Ansatz layers. Default: 2."),
    click.option(
        "--encoding",
        metavar="[angle|hadamard_ry|hadamard_angle|iqp|amplitude]",
        help="Default: angle.",
    ),
    click.option(
        "--scaling",
        metavar="[identity|pi_tanh|half_pi_tanh|arctan]",
        help="Scaling from features to angles. Default: pi_tanh.",
    ),
    click.option(
        "--ansatz",
        callback=split_words,
        help="Gates of a layer in order, "
        "of rx, ry, rz, cnot, cz, cnot_ry. Default: ry,rz,cnot.",
    ),
    click.option(
        "--first-layer",
        callback=split_words,
        help="First-layer gates, if different from --ansatz.",
    ),
    click.option(
        "--entanglement",
        metavar="[none|linear|ring|alternating|pairwise|brick|long_range|full]",
        help="Default: alternating.",
    ),
    click.option(
        "--distance",
        type=int,
        help="Longest distance that long_range couples. Default: 1.",
    ),
    click.option(
        "--reuploads",
        type=int,
        help="How often encoding and ansatz are repeated. Default: 0.",
    ),
    click.option(
        "--share-weights",
        is_flag=True,
        default=None,
        help="Share one set of weights among all re-uploads.",
    ),
    click.option(
        "--observables",
        callback=split_words,
        help="Pauli strings such as Z0,X0*X1. Default: Z on each qubit.",
    ),
    click.option(
        "--circuit",
        "circuit_file",
        type=click.Path(),
        help="Instead of the options above: a preset (qffn, hybrid_bert, "
        "hyqut_ring, hyqut_pairwise, ionq, qaa) or a JSON or YAML file with a "
        "CircuitSpec or a Cirq circuit whose symbols begin with x (features) "
        "and w (weights).",
    ),
)


def circuit_options(command):
    """Gives a command the options that describe a circuit."""
    for decorate in reversed(_DECORATORS):
        command = decorate(command)
    return command


def read_circuit(given, circuit_file, default):
    """The circuit that the options or the file describe.

    Args:
        given: dict of the options that were given.
        circuit_file: str, a preset or the path of a JSON or YAML file, or
            `None`.
        default: `CircuitSpec` that the options change.

    Returns:
        A `CircuitSpec` or `CustomCircuit`; `None` where nothing of it was
        given.

    Raises:
        UserError: the file or an option is not valid.
    """
    from tfq_hybrid.circuits import PRESETS, as_circuit
    from tfq_hybrid.files.yaml_reader import read_yaml

    changes = {k: v for k, v in given.items() if k in CIRCUIT_OPTIONS}
    if circuit_file is None:
        for name in ("ansatz", "first_layer", "observables"):
            if name in changes:
                changes[name] = tuple(changes[name])
        return dataclasses.replace(default, **changes) if changes else None
    if changes:
        option = f"--{next(iter(changes)).replace('_', '-')}"
        raise click.UsageError(f"--circuit and {option} exclude each other.")
    if circuit_file in PRESETS:
        return PRESETS[circuit_file]
    expected = (
        f"a preset of {', '.join(PRESETS)}, or a JSON or YAML file with a "
        "circuit"
    )
    is_yaml = circuit_file.endswith((".yaml", ".yml"))
    read = read_yaml if is_yaml else read_json
    return as_circuit(read(circuit_file, expected))
