"""`tfq-hybrid evaluate`: measure the model of a run on other data."""

import json

import click

from tfq_hybrid.cli.options import split_words
from tfq_hybrid.cli.run import json_option
from tfq_hybrid.cli.train import labels_line, regression_line, words_line
from tfq_hybrid.startup import quiet_imports

EVALUATE_EXAMPLES = """
Examples:

\b
  tfq-hybrid evaluate runs/sst2 --data sst2_test.tsv
  tfq-hybrid evaluate runs/embedded --data embedded --split test --json
  tfq-hybrid evaluate runs/stories --data tinyshakespeare.txt
  tfq-hybrid evaluate runs/sst2 --data sst2_test.tsv \\
      --device simulator:depolarize=0.01 --limit 50
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
@click.option(
    "--device",
    metavar="NAME",
    help="Run the circuits of a text classifier on a device: simulator, "
    "simulator:depolarize=0.01, or the name of an installed plug-in.",
)
@click.option(
    "--limit", type=int, help="With --device, the most texts. Default: 100."
)
@click.option(
    "--shots", type=int, help="With --device, of each circuit. Default: 1000."
)
@json_option(help="Print JSON.")
def evaluate(run, data, split, device, limit, shots, as_json, **columns):
    """Evaluate the model of a run: labelled text, or text alone.

    With --device its circuits run there; the simulated answers stand beside.
    """
    if device is None and (limit is not None or shots is not None):
        raise click.UsageError("--limit and --shots are for --device.")
    quiet_imports()
    from tfq_hybrid import training

    if device is not None:
        _on_device(run, data, device, limit, shots, as_json, split, columns)
        return
    verbose = 0 if as_json else 1
    result = training.evaluate(run, data, split, verbose=verbose, **columns)
    if as_json:
        click.echo(json.dumps(result))
        return
    for line in _told(result):
        click.echo(line)


def _on_device(run, data, name, limit, shots, as_json, split, columns):
    from tfq_hybrid import hardware, training

    device = hardware.device_named(name)
    if not isinstance(device, hardware.Device):  # a plug-in's has its own
        device = hardware.Device(device)
    given = {"limit": limit, "repetitions": shots}
    found = training.evaluate_on_device(
        run,
        data,
        device,
        **{key: value for key, value in given.items() if value is not None},
        split=split,
        **columns,
    )
    if as_json:
        click.echo(json.dumps(found.to_dict()))
        return
    click.echo(
        f"On {name}: accuracy {found.accuracy:.4f}, simulated exactly "
        f"{found.reference_accuracy:.4f}, on {found.examples:,} examples; "
        f"largest difference of a logit {found.largest_difference:.4f}."
    )
    click.echo(
        f"Jobs: {found.jobs:,}; {found.shots:,} shots; {found.seconds:.1f} s."
    )


def _told(result):
    """What was measured, in lines."""
    from tfq_hybrid.training.baselines import explain
    from tfq_hybrid.training.class_scores import tables_of_classes

    if "perplexity" in result:
        unigrams = ""
        if "unigram_loss" in result:
            unigrams = f" (unigrams {result['unigram_loss']:.4f})"
        yield (
            f"Loss {result['loss']:.4f}{unigrams}, perplexity "
            f"{result['perplexity']:.2f}, accuracy {result['accuracy']:.4f}, "
            f"on {result['tokens']:,} tokens."
        )
    elif "mse" in result:
        examples = f"{result['examples']:,} examples"
        yield f"{regression_line(result)}, on {examples}."
    elif "words" in result:
        line = words_line(result)
        yield f"{line[0].upper()}{line[1:]}."
    elif "micro_f1" in result:
        examples = f"{result['examples']:,} examples"
        yield f"{labels_line(result)}, on {examples}."
    else:
        low, high = result["accuracy_interval"]
        yield (
            f"Accuracy {result['accuracy']:.4f} (95 % interval {low:.4f} to "
            f"{high:.4f}; majority class {result['majority_accuracy']:.4f}), "
            f"macro-F1 {result['macro_f1']:.4f}, MCC {result['mcc']:.4f}, "
            f"loss {result['loss']:.4f}, on {result['examples']:,} examples."
        )
    said = explain(result, begin="The model knows nothing of these data")
    if said is not None:
        yield said
    if "classes" in result:
        yield ""
        yield from tables_of_classes(result)
