"""`tfq-hybrid predict`."""

import json

import click

from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid predict saved_models/sst2 "a moving film" "a tedious mess"
  tfq-hybrid predict runs/tune/best "a moving film"
  tfq-hybrid predict saved_models/chat "How are" --top-k 5 --seed 1
"""


@click.command(epilog=EPILOG)
@click.argument("path", type=click.Path())
@click.argument("texts", nargs=-1, required=True)
@click.option(
    "--max-length",
    type=int,
    help="Maximum length of generated text, in tokens.",
)
@click.option("--temperature", type=float, help="Sampling temperature.")
@click.option("--top-k", type=int, help="Sample from the k likeliest tokens.")
@click.option("--seed", type=int, help="Random seed of sampling.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def predict(path, texts, as_json, **settings):
    """Classify sentences or complete prompts with an export or a run."""
    quiet_imports()

    given = {k: v for k, v in settings.items() if v is not None}
    answers = _open(path)(texts, **given)
    if as_json:
        click.echo(json.dumps(answers))
        return
    for answer in answers:
        if "label" in answer:
            best = max(answer["probabilities"])
            click.echo(f"{answer['label']:>12}  {best:.3f}  {answer['text']}")
        elif "embedding" in answer:
            numbers = " ".join(f"{x:g}" for x in answer["embedding"][:4])
            width = len(answer["embedding"])
            click.echo(f"{width} numbers: {numbers} …  {answer['text']}")
        else:
            click.echo(answer["text"])


def _open(path):
    from tfq_hybrid.serving.predictor import Predictor
    from tfq_hybrid.training import RunFolder, load_trained

    if not RunFolder(path).is_run:
        return Predictor(path)
    model, names = load_trained(path)
    return Predictor.of_model(model, names or None)
