"""`tfq-hybrid diagnose`: expressibility, entangling capability, gradients."""

import contextlib
import dataclasses
import itertools
import json
import pathlib
import sys

import click

from tfq_hybrid.cli.given import read_circuit
from tfq_hybrid.cli.options import cluster_options, split_words
from tfq_hybrid.cli.run import json_option
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid diagnose --qubits 2:8 --depth 1:8 --output runs/diagnose
  tfq-hybrid diagnose --ansatz qffn --ansatz hybrid_bert --qubits 2,4,6 \\
      --depth 1:4 --observable global --output runs/global
  tfq-hybrid diagnose --ansatz ry,rz,cz --entanglement ring,none \\
      --output runs/ablation
  tfq-hybrid diagnose --ansatz ry,cnot,rx --entanglement ring --mirror 2 \\
      --depth 16 --features random \\
      --initialization uniform,small_angles,identity_blocks --output runs/starts
  tfq-hybrid diagnose --circuit ionq --circuit own.json --output runs/own

Called again with the same options it goes on where it stopped; with more
circuits it measures only those.
"""


_MOST = 1_000  # beyond it nothing fits in memory


def _numbers(ctx, parameter, value):
    """Reads "4", "2,4,8", "2:8" (both ends count) or "2:8:2"."""
    if value is None:
        return None
    try:
        numbers = []
        for part in value.split(","):
            first, *rest = map(int, part.split(":"))
            last, step = ([first, 1], [*rest, 1], rest)[len(rest)]
            numbers += range(first, min(last, _MOST) + 1, step)
        if not numbers or min(numbers) < 1:
            raise ValueError
    except (ValueError, IndexError):
        raise click.BadParameter(
            "expected numbers from 1 such as 4, 2,4,8 or 2:8, which is 2 to "
            f"8. Received: {value!r}"
        ) from None
    return sorted(set(numbers))


@click.command(epilog=EPILOG)
@click.option(
    "--output", required=True, type=click.Path(), help="The folder to write."
)
@click.option(
    "--ansatz",
    "ansaetze",
    multiple=True,
    help="A preset (qffn, hybrid_bert, hyqut_ring, hyqut_pairwise, ionq, qaa) "
    "or the gates of a layer such as ry,rz,cnot. Repeatable. Default: qffn.",
)
@click.option("--qubits", callback=_numbers, help="Default: 2:8, as 2 to 8.")
@click.option("--depth", callback=_numbers, help="Layers. Default: 1:8.")
@click.option(
    "--entanglement",
    callback=split_words,
    metavar="[none|linear|ring|alternating|pairwise|brick|long_range|full],…",
    help="Entanglement patterns to compare, for every --ansatz. Default: its "
    "own.",
)
@click.option(
    "--mirror",
    type=int,
    help="Layers that their inverses follow, for identity_blocks. Default: "
    "its own.",
)
@click.option(
    "--initialization",
    callback=split_words,
    metavar="[uniform|small_angles|identity_blocks],…",
    help="How weights start, to compare in the gradient variance. Default: its "
    "own.",
)
@click.option(
    "--circuit",
    "circuits",
    multiple=True,
    help="A circuit of fixed size: a preset, or a JSON file with a CircuitSpec "
    "or a Cirq circuit. Repeatable.",
)
@click.option(
    "--samples",
    type=int,
    help="Pairs of states for expressibility. Default: 5000.",
)
@click.option(
    "--gradient-samples",
    type=int,
    help="Random initialisations for gradient variance. Default: 1000.",
)
@click.option(
    "--observable",
    help="Cost observable: a Pauli string such as Z0*Z1, or global (Z on every "
    "qubit). Default: Z0.",
)
@click.option(
    "--features",
    metavar="[zero|random]",
    help="Encoded angles: zero, to measure the ansatz alone, or random. "
    "Default: zero.",
)
@click.option(
    "--bins", type=int, help="Bins of the fidelity histogram. Default: 75."
)
@click.option(
    "--resamples", type=int, help="Bootstrap resamples. Default: 1000."
)
@click.option("--seed", type=int, help="Default: 0.")
@cluster_options(workers=1)
@click.option(
    "--overwrite", is_flag=True, help="Discard previous results and start over."
)
@json_option(help="Print only the diagnosis, as JSON.")
def diagnose(
    output,
    ansaetze,
    qubits,
    depth,
    entanglement,
    mirror,
    initialization,
    circuits,
    workers,
    where,
    overwrite,
    as_json,
    **options,
):
    """Measure circuits by simulation, before they are trained.

    Expressibility, entangling capability and the variance of the gradient
    over random initialisations, with its decay with the number of qubits;
    each with a 95 % interval. Writes diagnosis.json, a table, plots, and a
    page that opens without a server.
    """
    given = {name: v for name, v in options.items() if v is not None}
    quiet_imports()
    from tfq_hybrid import diagnostics, reports

    settings = diagnostics.DiagnosisSettings(**given)
    changes = {
        "entanglement": entanglement,
        "mirror": mirror and [mirror],
        "initialization": initialization,
    }
    subjects = _subjects(ansaetze, qubits, depth, changes, circuits)
    with _bar(as_json) as bar:
        content = diagnostics.diagnose(
            subjects,
            output,
            settings,
            overwrite=overwrite,
            report=_report if bar else (lambda line: None),
            advance=_Progress(bar) if bar else (lambda subject, share: None),
            workers=workers,
            where=where,
        )
    files = reports.write_report(output)
    if as_json:
        click.echo(json.dumps(content))
        return
    click.echo(reports.markdown(content))
    click.echo(f"Page: {files.page}\nTable: {files.table}")
    click.echo(f"Plots: {pathlib.Path(output) / 'plots'}")


def _bar(as_json):
    """The progress bar, or nothing in its place."""
    if as_json:
        return contextlib.nullcontext()
    return click.progressbar(
        length=1000,
        label="Diagnosis",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
        item_show_func=lambda name: name,
    )


class _Progress:
    """Moves a bar of 1,000 steps by shares of the whole."""

    def __init__(self, bar):
        self._bar, self._share, self._steps = bar, 0.0, 0

    def __call__(self, subject, share):
        self._share += share
        steps = round(1000 * self._share) - self._steps
        self._steps += steps
        self._bar.update(steps, subject.name)


def _report(line):
    """A line in the place of the bar, which is drawn again below it."""
    clear = "\r\033[K" if sys.stderr.isatty() else ""
    click.echo(f"{clear}{line}", err=True)


def _subjects(ansaetze, qubits, depth, changes, circuits):
    """The circuits that the options name."""
    from tfq_hybrid.circuits import as_circuit
    from tfq_hybrid.diagnostics import Subject, grid

    subjects = []
    if circuits and not ansaetze:
        given = {"qubits": qubits, "depth": depth, **changes}
        for name, value in given.items():
            if value is not None:
                raise UserError(
                    f"Expected no --{name} with --circuit alone, which has "
                    f"its own. Received: --{name}={value}"
                )
    else:
        for text in ansaetze or ("qffn",):
            for name, circuit in _variants(text, changes):
                step = 2 * circuit.mirror or 1
                layers = depth or range(step, max(step, 8) + 1, step)
                subjects += grid(name, circuit, qubits or range(2, 9), layers)
    for name in circuits:
        circuit = as_circuit(read_circuit(name))
        subjects.append(Subject(pathlib.Path(name).stem, circuit))
    return subjects


def _variants(text, changes):
    """Pairs (name, circuit) of one --ansatz, in all its variants."""
    from tfq_hybrid.circuits import ENTANGLEMENTS, PRESETS
    from tfq_hybrid.circuits.initialization import INITIALIZATIONS

    if text in PRESETS:
        circuit = PRESETS[text]
    elif "," in text or text in ("rx", "ry", "rz", "cnot_ry"):
        gates = tuple(word.strip() for word in text.split(","))
        circuit = dataclasses.replace(PRESETS["qffn"], ansatz=gates)
    else:
        check_choice("--ansatz", text, PRESETS)
    given = {name: values for name, values in changes.items() if values}
    for name, choices in (
        ("entanglement", ENTANGLEMENTS),
        ("initialization", INITIALIZATIONS),
    ):
        for value in given.get(name, ()):
            check_choice(f"--{name}", value, choices)
    variants = []
    for values in itertools.product(*given.values()):
        changed = dict(zip(given, values, strict=True))
        words = [text, *(v for v in values if isinstance(v, str))]
        # Sizes follow, which a mirror must divide.
        depth = 2 * changed.get("mirror", circuit.mirror) or circuit.depth
        variants.append(
            (" ".join(words), circuit.changed(depth=depth, **changed))
        )
    return variants
