"""`tfq-hybrid reproduce`: a published system beside its classical baselines."""

import click

from tfq_hybrid.cli.options import cluster_options
from tfq_hybrid.cli.progress import report, status
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid reproduce qffn-bert --quick --data DATA
  tfq-hybrid reproduce qffn-bert --budget 60m --data DATA
  tfq-hybrid reproduce qffn-bert --full --seeds 10 --data DATA

DATA is a folder with sst2_train.tsv, sst2_dev.tsv, sst2_test.tsv and the
like. An interrupted reproduction goes on when it is called again.
"""


@click.command(epilog=EPILOG)
@click.argument("recipe")
@click.option(
    "--quick",
    is_flag=True,
    help="Smoke test of the whole pipeline, about 5 minutes.",
)
@click.option("--budget", help="Time budget, such as 60m or 2h.")
@click.option("--full", is_flag=True, help="Run everything.")
@click.option(
    "--seeds",
    type=int,
    help="Seeds of each row. Default: 1 with --quick, else 5.",
)
@click.option("--data", required=True, type=click.Path(), help="A folder.")
@click.option(
    "--output", type=click.Path(), help="Default: results/RECIPE-SCALE."
)
@cluster_options(workers=2)
@click.option(
    "--encoder",
    help="A BERT preset or a folder, where the recipe starts from one. "
    "Default: all-MiniLM-L6-v2, if its wheel is installed.",
)
@click.option(
    "--base",
    help="A run folder, a .keras file or a preset of a GPT-2, where the "
    "recipe adapts one. Default: one that it trains.",
)
@click.option(
    "--overwrite", is_flag=True, help="Discard previous results and start over."
)
def reproduce(recipe, quick, budget, full, output, **options):
    """Reproduce a published system beside its classical baselines.

    Trains from several seeds, selects on validation data, reads the test
    data once, and writes results.json and report.md with paired intervals.
    """
    quiet_imports()
    from tfq_hybrid import comparison
    from tfq_hybrid.durations import parse_minutes

    given = [
        name
        for name, value in (
            ("quick", quick),
            ("budget", budget),
            ("full", full),
        )
        if value
    ]
    if len(given) > 1:
        raise click.UsageError(
            f"--{given[0]} and --{given[1]} exclude each other."
        )
    scale = given[0] if given else "quick"
    path = comparison.reproduce(
        recipe,
        output=output or f"results/{recipe}-{scale}",
        scale=scale,
        minutes=parse_minutes(budget) if budget else None,
        report=report,
        status=status,
        **options,
    )
    report(f"Report: {path}")
