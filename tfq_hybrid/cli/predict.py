"""`tfq-hybrid predict`."""

import json

import click

from tfq_hybrid.startup import quiet_imports

EPILOG = """
Example:

\b
  tfq-hybrid predict saved_models/sst2 "a moving film" "a tedious mess"
"""


@click.command(epilog=EPILOG)
@click.argument("path", type=click.Path())
@click.argument("texts", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def predict(path, texts, as_json):
    """Answer sentences from an export."""
    quiet_imports()
    from tfq_hybrid.serving.predictor import Predictor

    answers = Predictor(path)(texts)
    if as_json:
        click.echo(json.dumps(answers))
        return
    for answer in answers:
        best = max(answer["probabilities"])
        click.echo(f"{answer['label']:>12}  {best:.3f}  {answer['text']}")
