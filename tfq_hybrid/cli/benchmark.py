"""`tfq-hybrid benchmark`: speed, side by side."""

import json
import pathlib
import shlex

import click

from tfq_hybrid.cli.progress import report, status

EPILOG = """
Examples:

\b
  tfq-hybrid benchmark engines --quick
  tfq-hybrid benchmark install-peers --path .peers
  tfq-hybrid benchmark engines --peers .peers/bin/python
  tfq-hybrid benchmark engines --qubits 4,8 --depths 2 --batches 512
"""

INSTALL_EPILOG = """
Example:

\b
  tfq-hybrid benchmark install-peers --path .peers

About 2 GB. PyPI's torch for Linux brings several GB of CUDA libraries along;
to have PyTorch's own build for the CPU:

\b
  PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \\
      tfq-hybrid benchmark install-peers
"""

# What --quick stands for, so that it ends in about two minutes.
QUICK = {"rounds": 3, "turn_seconds": 0.1, "cap_seconds": 20.0}


def _words(ctx, parameter, value):
    """Splits a comma-separated option."""
    return None if value is None else [w.strip() for w in value.split(",")]


def _integers(ctx, parameter, value):
    """Splits a comma-separated option of integers."""
    try:
        words = _words(ctx, parameter, value)
        return None if words is None else [int(word) for word in words]
    except ValueError:
        raise click.BadParameter(
            f"expected integers such as 4,8. Received: {value!r}"
        ) from None


@click.group()
def benchmark():
    """Measure speed side by side with others."""


@benchmark.command(epilog=EPILOG)
@click.option("--quick", is_flag=True, help="Two small points, few turns.")
@click.option(
    "--peers",
    type=click.Path(),
    help="The Python of the peers' environment. Default: no peers.",
)
@click.option(
    "--output",
    default="runs/benchmark-engines",
    show_default=True,
    type=click.Path(),
    help="The folder of results.json, report.md and plot.png.",
)
@click.option("--qubits", callback=_integers, help="Of the grid, such as 4,8.")
@click.option("--depths", callback=_integers, help="Of the grid, such as 1,2.")
@click.option("--batches", callback=_integers, help="Of the grid.")
@click.option(
    "--groups",
    callback=_words,
    metavar="[grid|large|fed|shots|noise|memory|training-step],…",
    help="Default: all; with sizes, the grid.",
)
@click.option(
    "--implementations",
    callback=_words,
    help="Such as batched,stock-tfq. Default: all.",
)
@click.option("--rounds", type=int, help="Turns of each. Default: 7.")
@click.option(
    "--turn-seconds", type=float, help="The least of a turn. Default: 0.2."
)
@click.option(
    "--cap-seconds",
    type=float,
    help="To start, or to compile and call twice. Default: 60.",
)
@click.option(
    "--memory-gb",
    type=float,
    help="What an implementation may take. Default: 16.",
)
@click.option("--threads", type=int, help="For everybody. Default: 2.")
@click.option("--seed", type=int, help="Of inputs and weights. Default: 0.")
@click.option("--overwrite", is_flag=True, help="Do not go on: begin anew.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the results as JSON, and nothing else.",
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
    """Engines, TensorFlow Quantum and the peers, side by side.

    Forward and forward + gradient of one circuit over a grid of sizes, in
    alternating turns of fresh processes, with the same threads for everybody;
    then the table of goals. An interrupted run goes on when it is called
    again. Measure on an otherwise idle machine.
    """
    from tfq_hybrid.benchmarks.cases import choose_cases, quick_cases
    from tfq_hybrid.benchmarks.engines import run
    from tfq_hybrid.benchmarks.implementations import choose

    if quick and (qubits or depths or batches or groups):
        raise click.UsageError("--quick excludes sizes and --groups.")
    narrowed = bool(qubits or depths or batches)
    if quick:
        cases, groups = quick_cases(), ["grid"]
    else:
        cases = choose_cases(groups, qubits, depths, batches)
    if groups is None:
        groups = ["grid"] if narrowed else ["training-step"]
    results = run(
        cases,
        choose(implementations, peers=peers is not None),
        _settings(options, quick),
        output,
        peers=peers,
        training_step="training-step" in groups,
        overwrite=overwrite,
        report=(lambda line: None) if as_json else report,
        status=(lambda line: None) if as_json else status,
    )
    if as_json:
        click.echo(json.dumps(results.content))
        return
    report(f"Report: {pathlib.Path(output) / 'report.md'}, beside plot.png")


def _settings(options, quick):
    from tfq_hybrid.benchmarks.measure import Settings
    from tfq_hybrid.errors import UserError, check_integer, is_number

    given = {name: v for name, v in options.items() if v is not None}
    settings = Settings(**({**QUICK, **given} if quick else given))
    check_integer("--rounds", settings.rounds, 1)
    check_integer("--threads", settings.threads, 1)
    check_integer("--seed", settings.seed, 0)
    for name in ("turn_seconds", "cap_seconds", "memory_gb"):
        value = getattr(settings, name)
        if not is_number(value) or value <= 0:
            option = f"--{name.replace('_', '-')}"
            raise UserError(
                f"Expected {option} to be above 0. Received: {option}={value}"
            )
    return settings


@benchmark.command("install-peers", epilog=INSTALL_EPILOG)
@click.option(
    "--path",
    default=".peers",
    show_default=True,
    type=click.Path(),
    help="The folder of the environment.",
)
def install_peers(path):
    """Install the peers in an environment of their own.

    PennyLane with its Lightning simulator, TensorCircuit-NG and pyqtorch, on
    JAX and PyTorch, in the versions that were tried.
    """
    from tfq_hybrid.benchmarks import peers

    python = peers.install_peers(path, report=click.echo)
    python = shlex.quote(str(python))
    click.echo(f"Next: tfq-hybrid benchmark engines --peers {python}")
