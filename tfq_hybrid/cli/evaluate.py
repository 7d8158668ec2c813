"""`tfq-hybrid evaluate`."""

import json

import click

from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid evaluate runs/sst2 --data sst2_test.tsv
  tfq-hybrid evaluate runs/embedded --data embedded --split test --json
  tfq-hybrid evaluate runs/stories --data tinyshakespeare.txt
"""


@click.command(epilog=EPILOG)
@click.argument("run", type=click.Path())
@click.option(
    "--data",
    required=True,
    help="A .tsv, .csv or .jsonl file, a TFDS name, or 'embedded'; for a "
    "language model a .txt or .jsonl file.",
)
@click.option("--split", help="The split of a TFDS data set. Default: test.")
@click.option("--text-column", help="Default: that of the run.")
@click.option("--label-column", help="Default: that of the run.")
@click.option("--data-dir", type=click.Path(), help="Where TFDS keeps data.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
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
    low, high = result["accuracy_interval"]
    click.echo(
        f"Accuracy {result['accuracy']:.4f} (95 % interval {low:.4f} to "
        f"{high:.4f}), macro-F1 {result['macro_f1']:.4f}, loss "
        f"{result['loss']:.4f}, on {result['examples']:,} examples."
    )
