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
    help="Default: up to the length that the model was trained with.",
)
@click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="Below 1 likely tokens become likelier.",
)
@click.option("--top-k", type=int, help="Only the likeliest tokens.")
@click.option(
    "--top-p",
    type=float,
    help="Only the likeliest tokens that together have this probability.",
)
@click.option("--greedy", is_flag=True, help="Always the likeliest token.")
@click.option("--seed", type=int, help="Default: another text every time.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the text and what it took as JSON, and nothing else.",
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
    text_format = training.RunFolder(run).facts()["format"]
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
