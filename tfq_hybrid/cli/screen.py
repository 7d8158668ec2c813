"""`tfq-hybrid screen`."""

import json

import click

from tfq_hybrid.cli.config_command import USUAL, ConfigCommand
from tfq_hybrid.cli.options import cluster_options, split_words
from tfq_hybrid.cli.run import json_option
from tfq_hybrid.cli.tune import read_bytes
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid screen --model qffn-bert --data sst2_train.tsv --limit 4000 \\
      --factors qubits,depth,reuploads,entanglement,learning_rate \\
      --output runs/screen
  tfq-hybrid screen --data embedded --factors qubits,depth,entanglement \\
      --levels qubits=2,4 --design full --replicates 3 --output runs/full

A screening that was interrupted goes on by the same command.
"""


@click.command(cls=ConfigCommand, usual=USUAL, epilog=EPILOG)
@click.option("--output", required=True, type=click.Path(), help="The folder.")
@click.option(
    "--factors",
    required=True,
    callback=split_words,
    help="The arguments to screen, such as qubits,depth,learning_rate.",
)
@click.option(
    "--levels",
    multiple=True,
    metavar="NAME=LOW,HIGH",
    help="Levels of a factor instead of its usual ones. Repeatable.",
)
@click.option(
    "--design",
    default="plackett-burman",
    metavar="[plackett-burman|fractional|full]",
)
@click.option(
    "--resolution",
    type=int,
    help="Resolution of a fractional design. Default: 4.",
)
@click.option(
    "--replicates",
    type=int,
    default=2,
    help="Seeds per row of the design.",
)
@click.option(
    "--response",
    help="Response metric. Default: the task's, such as val_accuracy.",
)
@click.option(
    "--max-memory",
    callback=read_bytes,
    help="Memory limit of a run, such as 4GiB. Default: the free memory.",
)
@cluster_options(workers=1)
@json_option(help="Print only screening.json.")
def screen(
    given,
    output,
    factors,
    levels,
    design,
    resolution,
    replicates,
    response,
    max_memory,
    workers,
    where,
    as_json,
):
    """Screen which arguments matter, by a designed experiment."""
    quiet_imports()
    from tfq_hybrid import tuning

    config = given.config()
    trials = tuning.SystemTrials(config)
    screening = tuning.Screening(
        trials,
        tuning.read_factors(config, factors, levels),
        response or trials.task.monitor,
        design,
        resolution,
        replicates,
        config.seed,
    )
    tuning.SearchFolder(output).check(screening.to_dict())
    report = (lambda line: None) if as_json else click.echo
    if not as_json:
        for line in tuning.describe_screening(screening):
            report(line)
    result = tuning.screen(
        screening, output, max_memory, report, workers, where
    )
    if as_json:
        click.echo(json.dumps(result))
        return
    from tfq_hybrid.reports import write_report
    from tfq_hybrid.tuning.screening import largest_first

    for remark in result["remarks"]:
        click.echo(remark)
    for row in largest_first(result["effects"]):
        if row["effect"] is None:
            click.echo(f"{row['factor']:>24}  not determined")
            continue
        click.echo(
            f"{row['factor']:>24}  {row['effect']:+.4f}  (95 % interval "
            f"{row['low']:+.4f} to {row['high']:+.4f})"
        )
    page = write_report(output).page
    click.echo(f"Folder: {output} (report.md, screening.json)\nPage: {page}")
