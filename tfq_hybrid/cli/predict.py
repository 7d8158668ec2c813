"""`tfq-hybrid predict` and `generate`: ask the model of a run."""

import json
import time

import click

from tfq_hybrid.cli.options import split_words
from tfq_hybrid.cli.run import json_option
from tfq_hybrid.errors import UserError
from tfq_hybrid.startup import discarded_stderr, quiet_imports

PREDICT_EXAMPLES = """
Examples:

\b
  tfq-hybrid predict saved_models/sst2 "a moving film" "a tedious mess"
  tfq-hybrid predict runs/sst2 reviews.csv
  tfq-hybrid predict runs/sst2 --data reviews.csv --text-column review \\
      --output answers.jsonl
  head -n 5 sentences.txt | tfq-hybrid predict runs/sst2 -
  tfq-hybrid predict saved_models/chat "How are" --top-k 5 --seed 1
"""


@click.command(epilog=PREDICT_EXAMPLES)
@click.argument("path", type=click.Path())
@click.argument("texts", nargs=-1)
@click.option(
    "--data",
    metavar="FILE",
    help="A .tsv, .csv, .jsonl, .json or .parquet file, or .gz of one, whose "
    "rows are answered in order; a .txt file, a text a line; of a model that "
    "labels words a .conllu file, whose words are taken as they are; or - for "
    "the standard input, a text or a JSON object a line.",
)
@click.option(
    "--text-column",
    help="The column of the texts. Default: that of the run, or text, "
    "sentence, ….",
)
@click.option(
    "--text-columns",
    callback=split_words,
    metavar="TEXT,TEXT",
    help="Of a model of pairs of texts. Default: those of the run.",
)
@click.option("--delimiter", help="Of a .tsv or .csv file.")
@click.option(
    "--output",
    metavar="FILE",
    help="A .jsonl file for the answers: text, label, probabilities, and as "
    "expected the label of the row where the file has one.",
)
@click.option("--overwrite", is_flag=True, help="Replace --output.")
@click.option(
    "--max-length",
    type=int,
    help="Maximum length of a prompt and the text after it, in tokens. "
    "Default: 64.",
)
@click.option("--temperature", type=float, help="Sampling temperature.")
@click.option("--top-k", type=int, help="Sample from the k likeliest tokens.")
@click.option("--seed", type=int, help="Random seed of sampling.")
@click.option(
    "--adapter", metavar="NAME", help="Of an export of several adapters."
)
@json_option(help="Print JSON.")
def predict(
    path,
    texts,
    data,
    text_column,
    text_columns,
    delimiter,
    output,
    overwrite,
    as_json,
    **settings,
):
    """Classify sentences or complete prompts with an export or a run.

    A model that was trained on dialogues answers a prompt.

    TEXTS are sentences; or one file of them, as for --data. A model that was
    trained on pairs of texts takes them two at a time.
    """
    if overwrite and output is None:
        raise click.UsageError("--overwrite is for --output.")
    quiet_imports()
    from tfq_hybrid.cli import rows as of_rows
    from tfq_hybrid.data import Rows

    source = of_rows.find_source(texts, data)
    if source is None:
        for name, value in (
            ("--text-column", text_column),
            ("--text-columns", text_columns),
            ("--delimiter", delimiter),
        ):
            if value is not None:
                raise click.UsageError(f"{name} is for a file of texts.")
    if output is not None:
        of_rows.check_output(output, source, overwrite)
    usual, usual_pair, names = _columns(path)
    ask = _open(path)
    if source is None:
        asked = _pairs(texts) if ask.takes_pairs else [*texts]
        rows = Rows(asked, [None] * len(asked))
    else:
        pair = of_rows.pair_of(ask, text_column, text_columns, usual_pair)
        rows = of_rows.read_source(
            source, text_column, delimiter, usual, pair, ask.takes_words
        )
    given = {k: v for k, v in settings.items() if v is not None}
    ask_quietly = _quiet(ask) if ask.generates else ask
    answers = of_rows.answers_of(ask_quietly, rows, names, given)
    if output is not None:
        told = of_rows.write_answers(output, answers)
        if not as_json:
            click.echo(told)
        return
    if as_json:
        click.echo(json.dumps([*answers]))
        return
    for number, answer in enumerate(answers):
        if "words" not in answer:
            click.echo(_line(answer))
            continue
        if number:
            click.echo()
        for line in _word_lines(answer):
            click.echo(line)


def _word_lines(answer):
    """The words of a text, a line each; a blank line is between texts."""
    from tfq_hybrid.cli.rows import cut_off

    rows = zip(
        answer["words"], answer["labels"], answer["probabilities"], strict=True
    )
    expected = iter(answer.get("expected", ()))
    for word, label, probability in rows:
        line = f"{label or 'none':>12}  {probability:.3f}  {word}"
        truth = next(expected, None)
        yield line if truth is None else f"{line}  [{truth}]"
    if answer["missed"]:
        yield cut_off(answer["missed"])


def _line(answer):
    """An answer as a line for a person."""
    text = answer["text"]
    if "second_text" in answer:
        text += f" | {answer['second_text']}"
    if "value" in answer:
        line = f"{answer['value']:>12.4f}  {text}"
    elif "labels" in answer:
        line = f"{'|'.join(answer['labels']) or 'none':>12}  {text}"
    elif "label" in answer:
        best = max(answer["probabilities"])
        line = f"{answer['label']:>12}  {best:.3f}  {text}"
    elif "embedding" in answer:
        numbers = " ".join(f"{x:g}" for x in answer["embedding"][:4])
        width = len(answer["embedding"])
        line = f"{width} numbers: {numbers} …  {text}"
    else:
        line = text
    if "expected" in answer:
        line += f"  [{answer['expected']}]"
    return line


def _columns(path):
    """The columns of a run's data, and the names of its label values."""
    from tfq_hybrid.training import RunFolder

    if not RunFolder(path).is_run:
        return (None, None), None, {}
    config, values, names, _ = RunFolder(path).read()
    usual = config.text_column, config.label_column
    return usual, config.text_columns, dict(zip(values, names, strict=False))


def _quiet(ask):
    """The same, while nothing is written to stderr."""

    def answers(texts, **settings):
        with discarded_stderr():  # XLA announces itself there
            return ask(texts, **settings)

    return answers


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
