"""`tfq-hybrid verify`."""

import json
import sys

import click

from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid verify runs/sst2
  tfq-hybrid verify runs/sst2/model.keras
  tfq-hybrid verify saved_models/sst2 --json
  tfq-hybrid verify adapter.h5
"""


@click.command(epilog=EPILOG)
@click.argument("path", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(path, as_json):
    """Check that a run, a model, an adapter or an export is whole.

    Structure, checksums where there are any, every reader, finite weights.
    Ends with 0 where all is well, with 1 and one line where something is
    damaged, and with 2 where PATH is none of these.
    """
    quiet_imports()
    from tfq_hybrid.verify import verify as check

    found = check(path)
    if as_json:
        click.echo(json.dumps(found.to_dict()))
    else:
        for line in found.checks:
            click.echo(f"ok  {line}")
        if found.is_whole:
            click.echo(f"{found.path}: a whole {found.kind}")
    if not found.is_whole:
        click.echo(f"tfq-hybrid: {found.problem}", err=True)
        sys.exit(1)
