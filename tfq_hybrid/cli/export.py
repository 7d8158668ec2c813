"""`tfq-hybrid export`."""

import json
import shlex

import click

from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid export runs/sst2 --output saved_models/sst2
  tfq-hybrid export runs/sst2 --baseline runs/sst2-ffn --format onnx \\
      --output saved_models/sst2
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path())
@click.option(
    "--output",
    required=True,
    type=click.Path(),
    help="The folder of the model's versions.",
)
@click.option(
    "--baseline",
    type=click.Path(),
    help="Run of the baseline, for the model card.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["savedmodel", "onnx"]),
    default="savedmodel",
    show_default=True,
    help="onnx also writes model.onnx, for token ids.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(run, output, baseline, form, as_json):
    """Export the model of a run as a SavedModel that serves strings.

    Beside it lie MODEL_CARD.md and SHA256SUMS; a damaged export is refused.
    """
    quiet_imports()
    from tfq_hybrid import serving, training

    model, names = training.load_trained(run)
    version = serving.export(
        model,
        output,
        names or None,  # a language model has no labels
        about=serving.about_run(run, baseline),
        with_onnx=form == "onnx",
    )
    if as_json:
        click.echo(json.dumps({"path": str(version), "labels": list(names)}))
        return
    text = "a fine film" if names else "Once upon a time"
    saved = shlex.quote(output)
    click.echo(
        f"Exported to {version}\n"
        f'Next: tfq-hybrid predict {saved} "{text}", or tfq-hybrid '
        f"serve {saved}"
    )
