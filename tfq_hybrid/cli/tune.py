"""`tfq-hybrid tune`."""

import json
import os
import shlex

import click

from tfq_hybrid.cli.config_command import USUAL, ConfigCommand
from tfq_hybrid.cli.given import flag
from tfq_hybrid.cli.options import split_words
from tfq_hybrid.cli.run import json_option
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid tune --model qffn-bert --data sst2_train.tsv --tuner hyperband \\
      --max-trials 30 --objective val_accuracy --output runs/tune
  tfq-hybrid tune --data embedded --space qubits=2,4,6 \\
      --space learning_rate=1e-4:1e-2:log --only --output runs/rates
  tfq-hybrid tune --data sst2_train.tsv --limit 4000 --tuner bayesian \\
      --objective val_accuracy,parameters,step_seconds --workers 2 \\
      --output runs/two
  tfq-hybrid tune --model hyqut --data tinystories_sample.txt --size tiny \\
      --space depth=1:4 --only --objective val_loss --output runs/stories

The same command goes on with an interrupted search. Watch it: tensorboard
--logdir runs/tune/trials; values against metrics: runs/tune/tensorboard
"""
HYPERBAND_EPOCHS = 3


def read_bytes(ctx, parameter, value):
    """Bytes from a text such as 500MB or 4GiB."""
    if value is None:
        return None
    from dask.utils import parse_bytes

    try:
        size = parse_bytes(f"0{value}")  # dask takes "GiB" for "1GiB"
    except (ValueError, OverflowError):
        size = 0
    if size < 1:
        raise click.BadParameter(
            f"expected bytes such as 500MB or 4GiB. Received: {value!r}"
        )
    return size


@click.command(cls=ConfigCommand, usual=USUAL, epilog=EPILOG)
@click.option(
    "--output", required=True, type=click.Path(), help="The search folder."
)
@click.option(
    "--tuner",
    default="random",
    metavar="[hyperband|bayesian|random|grid]",
    help="keras-tuner's search algorithm.",
)
@click.option("--max-trials", type=int, default=30)
@click.option(
    "--objective",
    "objectives",
    callback=split_words,
    help="Metric to optimise: one of the training, such as val_accuracy, "
    "val_spearman, val_macro_f1 or val_loss, parameters, step_seconds or "
    "seconds, as NAME:min or NAME:max. The first one steers the search; all "
    "make the Pareto front. Default: val_accuracy or val_loss.",
)
@click.option(
    "--space",
    multiple=True,
    metavar="NAME[=VALUES]",
    help="Values to search: qubits=2,4,6, learning_rate=1e-4:1e-2:log or "
    "depth=1:4, by a key or its end. One value fixes an argument; a name "
    "alone takes its usual values. Repeatable.",
)
@click.option("--only", is_flag=True, help="Search only what --space names.")
@click.option(
    "--executions",
    type=int,
    default=1,
    help="Runs per trial, with consecutive seeds.",
)
@click.option(
    "--max-memory",
    callback=read_bytes,
    help="Memory limit of a trial, such as 4GiB; a larger one is infeasible. "
    "Default: the free memory, shared by the workers.",
)
@click.option("--workers", type=int, default=1)
@click.option(
    "--port", type=int, help="Port of the chief. Default: a free one."
)
@click.option(
    "--join",
    is_flag=True,
    help="Join the search in --output as a worker; reads KERASTUNER_TUNER_ID, "
    "KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT.",
)
@json_option(help="Print only search.json.")
def tune(
    given,
    output,
    tuner,
    max_trials,
    objectives,
    space,
    only,
    executions,
    max_memory,
    workers,
    port,
    join,
    as_json,
):
    """Search circuits and learning rates with keras-tuner."""
    quiet_imports()
    if join:
        _join(output, given, max_trials, max_memory)
        return
    if "KERASTUNER_ORACLE_IP" in os.environ:
        raise click.UsageError(
            "KERASTUNER_ORACLE_IP is set, which is for --join. Unset it."
        )
    from tfq_hybrid import tuning

    defaults = {"epochs": HYPERBAND_EPOCHS} if tuner == "hyperband" else {}
    config = given.config(defaults)
    trials = tuning.SystemTrials(config)
    study = tuning.Study(
        trials,
        tuning.space_of(config, space, only),
        tuning.read_objectives(
            objectives or [trials.task.monitor], trials.metrics()
        ),
        tuner,
        config.seed,
        executions,
    )
    report = (lambda line: None) if as_json else click.echo
    tuning.SearchFolder(output).check(study.to_dict())
    if not as_json:
        for line in tuning.describe(study, max_trials, workers):
            report(line)
    if workers == 1:
        if port is not None:
            raise click.UsageError("--port is for --workers of at least 2.")
        result = tuning.search(study, output, max_trials, max_memory, report)
    else:
        result = tuning.search_with_workers(
            study, output, workers, max_trials, max_memory, port, report
        )
    if as_json:
        click.echo(json.dumps(result))
        return
    _tell(result, output)


def _tell(result, output):
    first = result["objectives"][0]["name"]
    best = next(t for t in result["trials"] if t["id"] == result["best"])
    from tfq_hybrid.reports import write_report

    page = write_report(output).page
    best_run = shlex.quote(f"{output}/best")
    for remark in result["remarks"]:
        click.echo(remark)
    is_open = any(line.startswith("Best:") for line in result["remarks"])
    click.echo(
        f"{f'Kept in {output}/best' if is_open else 'Best'}: trial "
        f"{best['id']}, {first} {best['metrics'][first]:.4f}"
        f"{_beside(best, first)}, {best['parameters']:,} parameters. Pareto "
        f"front: {', '.join(result['pareto'])}.\n"
        f"Search folder: {output} (report.md, search.json)\n"
        f"Page: {page}\n"
        f"Next: tfq-hybrid export {best_run} --output saved_models/NAME"
    )


def _beside(trial, name):
    """What a metric is without learning, in brackets."""
    from tfq_hybrid.training.baselines import COUNTERPARTS

    for metric, other, *_ in COUNTERPARTS:
        without = trial["metrics"].get(f"val_{other}")
        if name == f"val_{metric}" and without is not None:
            return f" ({other.replace('_', ' ')} {without:.4f})"
    return ""


def _join(output, given, max_trials, max_memory):
    """Is the chief of a search, or one of its workers."""
    from tfq_hybrid import tuning
    from tfq_hybrid.errors import UserError

    names = ("TUNER_ID", "ORACLE_IP", "ORACLE_PORT")
    for name in names:
        if f"KERASTUNER_{name}" not in os.environ:
            raise UserError(
                "Expected KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_IP and "
                f"KERASTUNER_ORACLE_PORT with --join. Received: no "
                f"KERASTUNER_{name}"
            )
    if given.values:
        option = flag(next(iter(given.values)))
        raise UserError(
            "Expected --output alone with --join: the folder holds all else. "
            f"Received: {option}"
        )
    tuning.join(output, max_trials, max_memory, click.echo)
