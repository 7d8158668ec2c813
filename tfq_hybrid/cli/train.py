"""`tfq-hybrid train`."""

import dataclasses
import json
import pathlib

import click

from tfq_hybrid.cli.adapter_options import read_adapter
from tfq_hybrid.cli.startup import quiet_imports
from tfq_hybrid.errors import UserError

EPILOG = """
Examples:

\b
  tfq-hybrid train --data embedded --epochs 3 --output runs/embedded
  tfq-hybrid train --data sst2_train.tsv --validation-data sst2_dev.tsv \\
      --qubits 4 --depth 2 --output runs/sst2
  tfq-hybrid train --data glue/sst2 --classical ffn --output runs/ffn
  tfq-hybrid train --data glue/sst2 --preset bert_tiny_en_uncased \\
      --adapter QuantumAdapter --targets attention,ffn --output runs/qaa
  tfq-hybrid train --resume --output runs/sst2

Watch it: tensorboard --logdir runs/sst2/logs
"""

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


def _words(ctx, parameter, value):
    """Splits a comma-separated option."""
    return None if value is None else [w.strip() for w in value.split(",")]


@click.command(epilog=EPILOG)
@click.option(
    "--data", help="A .tsv, .csv or .jsonl file, a TFDS name, or 'embedded'."
)
@click.option(
    "--output", required=True, type=click.Path(), help="The run folder."
)
@click.option(
    "--validation-data",
    help="As --data. Default: its validation split, or a tenth of it.",
)
@click.option("--model", metavar="[qffn-bert]", help="Default: qffn-bert.")
@click.option(
    "--classical",
    metavar="[ffn|bottleneck]",
    help="Train this classical twin instead of the circuit.",
)
@click.option(
    "--preset",
    help="A keras-hub BERT preset, name or folder, to "
    "start from. Default: BERT-tiny from random weights.",
)
@click.option(
    "--adapter",
    metavar="[QuantumAdapter|ReplaceDense|LoRA|…]",
    help="Adapt the preset by this method instead of replacing all its "
    "feed-forward blocks.",
)
@click.option(
    "--targets",
    callback=_words,
    help="What to adapt, such as attention,ffn. Default: the method's.",
)
@click.option("--layers", help="Blocks to adapt, such as 0,8-11. Default: all.")
@click.option(
    "--adapter-size",
    type=int,
    help="Its rank, width, length, qubits, layers of its circuit, or blocks "
    "that train.",
)
@click.option("--qubits", type=int, help="Default: 4.")
@click.option("--depth", type=int, help="Ansatz layers. Default: 2.")
@click.option(
    "--encoding",
    metavar="[angle|hadamard_ry|hadamard_angle|iqp|amplitude]",
    help="Default: angle.",
)
@click.option(
    "--scaling",
    metavar="[identity|pi_tanh|half_pi_tanh|arctan]",
    help="From feature to angle. Default: pi_tanh.",
)
@click.option(
    "--ansatz",
    callback=_words,
    help="Gates of a layer in order, "
    "of rx, ry, rz, cnot, cz, cnot_ry. Default: ry,rz,cnot.",
)
@click.option(
    "--first-layer",
    callback=_words,
    help="Gates of the first layer, where they are others.",
)
@click.option(
    "--entanglement",
    metavar="[none|linear|ring|alternating|pairwise|brick|long_range|full]",
    help="Default: alternating.",
)
@click.option(
    "--distance",
    type=int,
    help="The longest distance that long_range couples. Default: 1.",
)
@click.option(
    "--reuploads",
    type=int,
    help="Times that encoding and ansatz are repeated. Default: 0.",
)
@click.option(
    "--share-weights",
    is_flag=True,
    default=None,
    help="One set of angles for all re-uploads.",
)
@click.option(
    "--observables",
    callback=_words,
    help="Pauli words such as Z0,X0*X1. Default: Z on each qubit.",
)
@click.option(
    "--circuit",
    "circuit_file",
    type=click.Path(),
    help="Instead of the options above: a preset (qffn, hybrid_bert, "
    "hyqut_ring, hyqut_pairwise, ionq, qaa) or a JSON file with a CircuitSpec "
    "or a Cirq circuit whose symbols begin with x (features) and w "
    "(weights).",
)
@click.option(
    "--tokens",
    metavar="[all|cls]",
    help="Which tokens go through the circuit. Default: all.",
)
@click.option("--engine", metavar="[auto|batched|tfq]", help="Default: auto.")
@click.option("--split", help="The split of a TFDS data set. Default: train.")
@click.option("--text-column", help="Default: text, sentence, ….")
@click.option("--label-column", help="Default: label, class, ….")
@click.option(
    "--label-names",
    callback=_words,
    help="Names for the labels in sorted order, such as negative,positive.",
)
@click.option("--data-dir", type=click.Path(), help="Where TFDS keeps data.")
@click.option("--limit", type=int, help="Train on the first examples only.")
@click.option("--vocabulary-size", type=int, help="Default: 8192.")
@click.option("--sequence-length", type=int, help="Tokens. Default: 48.")
@click.option("--epochs", type=int, help="Default: 1.")
@click.option("--batch-size", type=int, help="Default: 64.")
@click.option("--learning-rate", type=float, help="Default: 0.001.")
@click.option("--weight-decay", type=float, help="Default: 0.01.")
@click.option("--dropout", type=float, help="Default: 0.1.")
@click.option(
    "--patience",
    type=int,
    help="Epochs without a better "
    "validation accuracy before it stops. Default: 3.",
)
@click.option(
    "--gradient-every",
    type=int,
    help="Steps between readings of the gradients. Default: 10.",
)
@click.option(
    "--xla", is_flag=True, default=None, help="Compile the step by XLA."
)
@click.option("--seed", type=int, help="Default: 0.")
@click.option("--resume", is_flag=True, help="Go on with the run in --output.")
@click.option("--overwrite", is_flag=True, help="Replace the run in --output.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the metrics as JSON, and nothing else.",
)
def train(output, circuit_file, resume, overwrite, as_json, **options):
    """Train a text classifier whose feed-forward blocks are circuits."""
    given = {name: v for name, v in options.items() if v is not None}
    quiet_imports()
    from tfq_hybrid import training

    if resume and circuit_file:
        raise click.UsageError("--resume and --circuit exclude each other.")
    stored = _resumed(output, given) if resume else None
    config = stored or _config(given, circuit_file)
    metrics = training.train(
        config,
        output,
        resume=resume,
        overwrite=overwrite,
        verbose=0 if as_json else "auto",
        report=(lambda line: None) if as_json else click.echo,
    )
    if as_json:
        click.echo(json.dumps(metrics))
        return
    click.echo(
        f"Validation accuracy {metrics['validation_accuracy']:.4f} on "
        f"{metrics['validation_examples']:,} examples, epoch "
        f"{metrics['best_epoch']}, in {metrics['seconds']:.0f} s.\n"
        f"Run folder: {output}\n"
        f"Next: tfq-hybrid export {output} --output saved_models/NAME"
    )


def _config(given, circuit_file):
    from tfq_hybrid.training.config import TrainConfig

    if "data" not in given:
        raise click.UsageError("Missing option '--data'.")
    _refuse_idle_options(given, circuit_file)
    circuit = _circuit(given, circuit_file)
    described = circuit_file or set(given) & set(CIRCUIT_OPTIONS)
    given = dict(given)
    adapter = read_adapter(given, circuit if described else None)
    if adapter is not None:
        given["adapter"] = adapter
    rest = {k: v for k, v in given.items() if k not in CIRCUIT_OPTIONS}
    return TrainConfig(circuit=circuit.to_dict(), **rest)


def _refuse_idle_options(given, circuit_file):
    """Refuses options that the chosen model or data would not heed."""
    from tfq_hybrid.data import is_local

    idle = {}
    if given.get("classical") == "ffn":
        idle["--classical ffn"] = [*CIRCUIT_OPTIONS, "tokens", "engine"]
    if given.get("classical") == "bottleneck":
        idle["--classical bottleneck"] = ["engine"]
    if "preset" in given:
        idle["--preset"] = ["vocabulary_size"]
    if is_local(given["data"]):
        idle[f"--data {given['data']}"] = ["split"]
    for cause, names in idle.items():
        for name in names:
            if name in given:
                option = f"--{name.replace('_', '-')}"
                raise UserError(
                    f"Expected no {option} with {cause}, where it has no "
                    f"effect. Received: {option}={given[name]!r}"
                )
    if circuit_file and given.get("classical") == "ffn":
        raise UserError(
            "Expected no --circuit with --classical ffn, where it has no "
            f"effect. Received: --circuit={circuit_file!r}"
        )


def _resumed(output, given):
    """The stored config; what is given again must agree with it."""
    from tfq_hybrid.training.run_folder import RunFolder

    folder = RunFolder(output)
    folder.check_writable(resume=True, overwrite=False)
    config, *_ = folder.read()
    stored = {**config.circuit, **config.to_dict()}
    if config.adapter:
        stored |= config.adapter
        stored["adapter"] = config.adapter["method"]
    for name, value in given.items():
        if stored.get(name) != value:
            option = f"--{name.replace('_', '-')}"
            raise UserError(
                f"Expected the options of the run in {output}, where "
                f"{option} is {stored.get(name)!r}. Received: {option}="
                f"{value!r}"
            )
    return config


def _circuit(given, circuit_file):
    """The circuit that the options or the file describe."""
    from tfq_hybrid.circuits import PRESETS, as_circuit

    changes = {k: v for k, v in given.items() if k in CIRCUIT_OPTIONS}
    if circuit_file is None:
        for name in ("ansatz", "first_layer", "observables"):
            if name in changes:
                changes[name] = tuple(changes[name])
        return dataclasses.replace(PRESETS["qffn"], **changes)
    if changes:
        option = f"--{next(iter(changes)).replace('_', '-')}"
        raise click.UsageError(f"--circuit and {option} exclude each other.")
    if circuit_file in PRESETS:
        return PRESETS[circuit_file]
    try:
        content = json.loads(pathlib.Path(circuit_file).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"Expected a preset of {', '.join(PRESETS)}, or a JSON file with "
            f"a circuit. Received: {circuit_file} ({error})"
        ) from None
    return as_circuit(content)
