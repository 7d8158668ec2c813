"""`tfq-hybrid generate`."""

import json
import time

import click

from tfq_hybrid.startup import discarded_stderr, quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid generate runs/stories "Once upon a time" --max-new-tokens 80
  tfq-hybrid generate runs/alpaca "Name three primary colours." --greedy
  tfq-hybrid generate runs/stories "One day" --top-k 20 --seed 1 --json
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path())
@click.argument("prompt")
@click.option(
    "--max-new-tokens",
    type=int,
    help="Maximum number of new tokens. Default: up to the model's training "
    "length.",
)
@click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="Sampling temperature; below 1 sharpens the distribution.",
)
@click.option("--top-k", type=int, help="Sample from the k likeliest tokens.")
@click.option(
    "--top-p",
    type=float,
    help="Sample from the likeliest tokens of this total probability.",
)
@click.option(
    "--greedy",
    is_flag=True,
    help="Greedy decoding: always the likeliest token.",
)
@click.option(
    "--seed",
    type=int,
    help="Random seed. Default: a different text every time.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print only the text and its statistics, as JSON.",
)
def generate(run, prompt, max_new_tokens, as_json, **sampling):
    """Continue a prompt with the language model of a run.

    The text appears token by token. A model that was trained on dialogues
    answers the prompt.
    """
    quiet_imports()
    from tfq_hybrid import training
    from tfq_hybrid.serving.streaming import TextStream, make_sampler

    training.check_task(run, "generation")
    sampler = make_sampler(**sampling)
    model, _ = training.load_trained(run)
    text_format = training.RunFolder(run).facts().get("format")
    stream = TextStream(model, text_format)
    with discarded_stderr():  # XLA announces itself there
        pieces = stream(prompt, max_new_tokens, sampler)
    if not as_json and text_format == "plain":
        click.echo(prompt, nl=False)
    text, tokens, began = "", 0, time.perf_counter()
    for piece in pieces:
        text += piece.text
        tokens += piece.token is not None
        if not as_json:
            click.echo(piece.text, nl=False)
    if not as_json:
        click.echo()
        return
    result = {
        "prompt": prompt,
        "text": text,
        "tokens": tokens,
        "seconds": round(time.perf_counter() - began, 3),
    }
    click.echo(json.dumps(result, ensure_ascii=False))
