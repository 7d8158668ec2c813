"""`tfq-hybrid report`: a result as one page."""

import json

import click

EPILOG = """
Examples:

\b
  tfq-hybrid report runs/tune
  tfq-hybrid report runs/diagnose --output diagnosis.html
"""


@click.command(epilog=EPILOG)
@click.argument("path", type=click.Path())
@click.option(
    "--output",
    type=click.Path(),
    help="Write only the page, to this file. Default: report.html, table.md "
    "and plots, in the folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the paths.")
def report(path, output, as_json):
    """Make a page of a search, a screening or a diagnosis.

    PATH is the folder that `tune`, `screen` or `diagnose` wrote. The page
    opens without a server and without a network.
    """
    from tfq_hybrid import reports

    files = reports.write_report(path, output)
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
