"""`tfq-hybrid reproduce` and `report`: published results, and their pages."""

import json
import math

import click

from tfq_hybrid.cli.options import cluster_options
from tfq_hybrid.cli.run import json_option, say, status
from tfq_hybrid.errors import UserError
from tfq_hybrid.startup import quiet_imports

REPRODUCE_EXAMPLES = """
Examples:

\b
  tfq-hybrid reproduce qffn-bert --quick --data DATA
  tfq-hybrid reproduce qffn-bert --budget 60m --data DATA
  tfq-hybrid reproduce qffn-bert --full --seeds 10 --data DATA

DATA is a folder with sst2_train.tsv, sst2_dev.tsv, sst2_test.tsv and the
like. An interrupted reproduction goes on when it is called again.
"""


@click.command(epilog=REPRODUCE_EXAMPLES)
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
    "Default: minilm, all-MiniLM-L6-v2, if `tfq-hybrid presets add` got it.",
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
    data once, and writes a page and report.md with paired intervals.
    """
    quiet_imports()
    from tfq_hybrid import comparison

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
        report=say,
        status=status,
        **options,
    )
    say(f"Page: {path}\nReport: {path.with_name('report.md')}")


def parse_minutes(text):
    """Minutes from a text such as `60m`, `2h` or `90`.

    >>> parse_minutes(".5h"), parse_minutes("90m"), parse_minutes("15")
    (30.0, 90.0, 15.0)
    """
    from dask.utils import parse_timedelta

    try:
        # A digit first: dask takes "m" for "1m", and ".5h" for "1.5h".
        minutes = parse_timedelta(f"0{text}", default="m") / 60
    except (ValueError, LookupError, OverflowError):
        minutes = math.nan
    if not 0 < minutes < math.inf:
        raise UserError(
            "Expected --budget to be a time such as 60m or 2h. Received: "
            f"--budget={text!r}"
        )
    return minutes


REPORT_EXAMPLES = """
Examples:

\b
  tfq-hybrid report runs/tune
  tfq-hybrid report runs/diagnose --output diagnosis.html
  tfq-hybrid report results/adapters results/heads --output joined.html
"""


@click.command(epilog=REPORT_EXAMPLES)
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option(
    "--output",
    type=click.Path(),
    help="Write only the page, to this file. Default: report.html, table.md "
    "and plots, in the folder.",
)
@json_option(help="Print the paths.")
def report(paths, output, as_json):
    """Make a page of a search, a comparison, a reproduction and the like.

    PATHS is the folder that `tune`, `screen`, `diagnose`, `compare` or
    `reproduce` wrote. The page opens without a server and without a network.

    The rows of several comparisons of the same data are joined: their tables
    are printed, or --output takes a page.
    """
    from tfq_hybrid import reports

    if len(paths) > 1:
        _report_joined(paths, output, as_json)
        return
    files = reports.write_report(paths[0], output)
    if as_json:
        content = {"page": str(files.page)}
        content["table"] = files.table and str(files.table)
        content["plots"] = [str(plot) for plot in files.plots]
        click.echo(json.dumps(content))
        return
    click.echo(f"Page: {files.page}")
    if files.table:
        click.echo(f"Table: {files.table}")
    if files.plots:
        click.echo(f"Plots: {files.plots[0].parent}")


def _report_joined(paths, output, as_json):
    """The rows of several comparisons together."""
    quiet_imports()
    from tfq_hybrid import comparison

    found = comparison.join(*paths)
    page = output and found.page(output)
    if as_json:
        click.echo(json.dumps({"page": str(page)} if page else found.content))
    elif page:
        say("\n".join([*found.sentences, f"Page: {page}"]))
    else:
        click.echo(found.table(), nl=False)
