"""`tfq-hybrid export`."""

import json

import click

from tfq_hybrid.startup import quiet_imports

EPILOG = """
Example:

\b
  tfq-hybrid export runs/sst2 --output saved_models/sst2
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path())
@click.option(
    "--output",
    required=True,
    type=click.Path(),
    help="The folder of the model's versions.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(run, output, as_json):
    """Export the model of a run as a SavedModel that serves strings."""
    quiet_imports()
    from tfq_hybrid import serving, training

    training.check_task(run, "classification")
    model, names = training.load_trained(run)
    version = serving.export(model, output, names)
    if as_json:
        click.echo(json.dumps({"path": str(version), "labels": list(names)}))
        return
    click.echo(
        f"Exported to {version}\n"
        f'Next: tfq-hybrid predict {output} "a fine film"'
    )
