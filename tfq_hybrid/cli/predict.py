"""`tfq-hybrid predict`, `evaluate` and `generate`: ask the model of a run."""

import json
import time

import click

from tfq_hybrid.cli.options import split_words
from tfq_hybrid.cli.run import json_option
from tfq_hybrid.cli.train import labels_line, regression_line, words_line
from tfq_hybrid.errors import UserError
from tfq_hybrid.startup import discarded_stderr, quiet_imports

PREDICT_EXAMPLES = """
Examples:

\b
  tfq-hybrid predict saved_models/sst2 "a moving film" "a tedious mess"
  tfq-hybrid predict runs/tune/best "a moving film"
  tfq-hybrid predict saved_models/chat "How are" --top-k 5 --seed 1
"""


@click.command(epilog=PREDICT_EXAMPLES)
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
@json_option(help="Print JSON.")
def predict(path, texts, as_json, **settings):
    """Classify sentences or complete prompts with an export or a run.

    A model that was trained on pairs of texts takes them two at a time.
    """
    quiet_imports()

    given = {k: v for k, v in settings.items() if v is not None}
    predictor = _open(path)
    asked = _pairs(texts) if predictor.takes_pairs else texts
    answers = predictor(asked, **given)
    if as_json:
        click.echo(json.dumps(answers))
        return
    for answer in answers:
        if "second_text" in answer:
            answer["text"] += f" | {answer['second_text']}"
        if "value" in answer:
            click.echo(f"{answer['value']:>12.4f}  {answer['text']}")
        elif "labels" in answer:
            labels = "|".join(answer["labels"]) or "none"
            click.echo(f"{labels:>12}  {answer['text']}")
        elif "label" in answer:
            best = max(answer["probabilities"])
            click.echo(f"{answer['label']:>12}  {best:.3f}  {answer['text']}")
        elif "embedding" in answer:
            numbers = " ".join(f"{x:g}" for x in answer["embedding"][:4])
            width = len(answer["embedding"])
            click.echo(f"{width} numbers: {numbers} …  {answer['text']}")
        else:
            click.echo(answer["text"])


def _open(path):
    from tfq_hybrid.serving.answers import answer_of
    from tfq_hybrid.serving.predictor import Predictor
    from tfq_hybrid.training import RunFolder, load_trained

    if not RunFolder(path).is_run:
        return Predictor(path)
    model, names = load_trained(path)
    return Predictor.of_model(model, names or None, answer=answer_of(path))


def _pairs(texts):
    """Texts two at a time."""
    if len(texts) % 2:
        raise UserError(
            "Expected an even number of texts, two of each pair. Received: "
            f"{len(texts)}"
        )
    return list(zip(texts[::2], texts[1::2], strict=True))


EVALUATE_EXAMPLES = """
Examples:

\b
  tfq-hybrid evaluate runs/sst2 --data sst2_test.tsv
  tfq-hybrid evaluate runs/embedded --data embedded --split test --json
  tfq-hybrid evaluate runs/stories --data tinyshakespeare.txt
"""


@click.command(epilog=EVALUATE_EXAMPLES)
@click.argument("run", type=click.Path())
@click.option(
    "--data",
    required=True,
    help="A .tsv, .csv, .jsonl, .json or .parquet file, or .gz of one, a TFDS "
    "name, or 'embedded'; for a language model a .txt or .jsonl file; for "
    "labels of words a .conllu file.",
)
@click.option("--split", help="The split of a TFDS data set. Default: test.")
@click.option("--text-column", help="Default: that of the run.")
@click.option(
    "--text-columns",
    callback=split_words,
    metavar="TEXT,TEXT",
    help="Of a run on pairs of texts. Default: those of the run.",
)
@click.option("--label-column", help="Default: that of the run.")
@click.option("--delimiter", help="Of a .tsv or .csv file.")
@click.option("--data-dir", type=click.Path(), help="Where TFDS keeps data.")
@json_option(help="Print JSON.")
def evaluate(run, data, split, as_json, **columns):
    """Evaluate the model of a run: labelled text, or text alone."""
    quiet_imports()
    from tfq_hybrid import training

    verbose = 0 if as_json else 1
    result = training.evaluate(run, data, split, verbose=verbose, **columns)
    if as_json:
        click.echo(json.dumps(result))
        return
    if "perplexity" in result:
        click.echo(
            f"Loss {result['loss']:.4f}, perplexity "
            f"{result['perplexity']:.2f}, accuracy {result['accuracy']:.4f}, "
            f"on {result['tokens']:,} tokens."
        )
        return
    if "mse" in result:
        examples = f"{result['examples']:,} examples"
        click.echo(f"{regression_line(result)}, on {examples}.")
        return
    if "words" in result:
        line = words_line(result)
        click.echo(f"{line[0].upper()}{line[1:]}.")
        return
    if "micro_f1" in result:
        examples = f"{result['examples']:,} examples"
        click.echo(f"{labels_line(result)}, on {examples}.")
        return
    low, high = result["accuracy_interval"]
    click.echo(
        f"Accuracy {result['accuracy']:.4f} (95 % interval {low:.4f} to "
        f"{high:.4f}), macro-F1 {result['macro_f1']:.4f}, loss "
        f"{result['loss']:.4f}, on {result['examples']:,} examples."
    )


GENERATE_EXAMPLES = """
Examples:

\b
  tfq-hybrid generate runs/stories "Once upon a time" --max-new-tokens 80
  tfq-hybrid generate runs/alpaca "Name three primary colours." --greedy
  tfq-hybrid generate runs/stories "One day" --top-k 20 --seed 1 --json
"""


@click.command(epilog=GENERATE_EXAMPLES)
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
@json_option(help="Print only the text and its statistics, as JSON.")
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
