"""Compare the speed of engines, TensorFlow Quantum and peers.

python -m benchmarks.engines --help
"""

import dataclasses
import json
import pathlib
import sys

import click

from benchmarks.cases import GROUPS, choose_cases
from benchmarks.implementations import choose
from benchmarks.measure import Settings
from benchmarks.run import run
from tfq_hybrid.cli.options import split_words
from tfq_hybrid.cli.run import run_command, say, status
from tfq_hybrid.config.fields import descriptions

EPILOG = """
Examples:

\b
  python -m benchmarks.engines --quick
  python -m benchmarks.peers --path .peers
  python -m benchmarks.engines --peers .peers/bin/python
  python -m benchmarks.engines --qubits 4,8 --depths 2 --batches 512
"""

# What --quick stands for, so that it ends in about two minutes.
QUICK = {"rounds": 3, "turn_seconds": 0.1, "cap_seconds": 20.0}
QUICK_CASES = {"qubits": (4, 8), "depths": (2,), "batches": (512,)}


def _integers(ctx, parameter, value):
    """Splits a comma-separated option of integers."""
    try:
        words = split_words(ctx, parameter, value)
        return None if words is None else [int(word) for word in words]
    except ValueError:
        raise click.BadParameter(
            f"expected integers such as 4,8. Received: {value!r}"
        ) from None


def _settings_options(function):
    """Gives a command an option for each argument of `Settings`."""
    for field in reversed(dataclasses.fields(Settings)):
        text, _ = descriptions(Settings)[field.name]
        option = click.option(
            f"--{field.name.replace('_', '-')}",
            type=field.type,
            help=f"{text}. Default: {field.default:g}.",
        )
        function = option(function)
    return function


@click.command(epilog=EPILOG)
@click.option(
    "--quick",
    is_flag=True,
    help="Two small problems, few rounds: about two minutes.",
)
@click.option(
    "--peers",
    type=click.Path(),
    help="Python interpreter of the peers' environment. Default: no peers.",
)
@click.option(
    "--output",
    default="runs/benchmark-engines",
    show_default=True,
    type=click.Path(),
    help="Folder for results.json, report.md and plot.png.",
)
@click.option(
    "--qubits",
    callback=_integers,
    help="Numbers of qubits in the grid, such as 4,8.",
)
@click.option(
    "--depths",
    callback=_integers,
    help="Circuit depths in the grid, such as 1,2.",
)
@click.option("--batches", callback=_integers, help="Batch sizes in the grid.")
@click.option(
    "--groups",
    callback=split_words,
    metavar=f"[{'|'.join(GROUPS)}],…",
    help="Default: all; with sizes, the grid.",
)
@click.option(
    "--implementations",
    callback=split_words,
    help="Such as batched,stock-tfq. Default: all.",
)
@_settings_options
@click.option(
    "--overwrite", is_flag=True, help="Discard previous results and start over."
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print only the results, as JSON.",
)
def engines(
    quick,
    peers,
    output,
    qubits,
    depths,
    batches,
    groups,
    implementations,
    overwrite,
    as_json,
    **options,
):
    """Compare the speed of engines, TensorFlow Quantum and the peers.

    Times the forward pass, and forward and gradient, of one circuit over a
    grid of sizes: each implementation in a process of its own, in alternating
    rounds, with the same number of threads. Then prints the table of goals.
    The same command resumes an interrupted run. Measure on an idle machine.
    """

    if quick and (qubits or depths or batches or groups):
        raise click.UsageError("--quick excludes sizes and --groups.")
    given = {name: v for name, v in options.items() if v is not None}
    narrowed = bool(qubits or depths or batches)
    if quick:
        cases, groups = choose_cases(**QUICK_CASES), ["grid"]
    else:
        cases = choose_cases(groups, qubits, depths, batches)
    if groups is None:
        groups = ["grid"] if narrowed else ["training-step"]
    results = run(
        cases,
        choose(implementations, peers=peers is not None),
        Settings(**(QUICK if quick else {}) | given),
        output,
        peers=peers,
        training_step="training-step" in groups,
        overwrite=overwrite,
        report=(lambda line: None) if as_json else say,
        status=(lambda line: None) if as_json else status,
    )
    if as_json:
        click.echo(json.dumps(results.content))
        return
    say(f"Report: {pathlib.Path(output) / 'report.md'}, beside plot.png")


if __name__ == "__main__":
    hints = {word: " The same command goes on." for word in sys.argv[1:]}
    run_command(engines, None, "benchmarks.engines", hints)
