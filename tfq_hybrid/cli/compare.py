"""`tfq-hybrid compare`."""

import dataclasses
import json
import shlex

import click

from tfq_hybrid.cli.config_command import ConfigCommand
from tfq_hybrid.cli.options import Words, cluster_options
from tfq_hybrid.cli.reproduce import parse_minutes
from tfq_hybrid.cli.run import json_option, say, status
from tfq_hybrid.startup import quiet_imports

EPILOG = """
Examples:

\b
  tfq-hybrid compare --data reviews.tsv --preset minilm \\
      --methods head-only,lora,quantum-adapter --output results/compare
  tfq-hybrid compare --data reviews.tsv --preset minilm \\
      --methods lora,lora:rank=16,hybrid-bert,hybrid-bert:baseline=mlp,svm \\
      --match-parameters 7700 --budget 60m --output results/matched
  tfq-hybrid compare --config compare.yaml

The same command goes on with an interrupted comparison.
"""
# The arguments of a training that all rows share.
SHARED = (
    "data",
    "task",
    "validation_data",
    "split",
    "text_column",
    "text_columns",
    "label_column",
    "delimiter",
    "label_names",
    "data_dir",
    "limit",
    "preset",
    "pooling",
    "sequence_length",
    "vocabulary_size",
    "epochs",
    "batch_size",
    "optimizer",
    "warmup",
    "weight_decay",
    "clipnorm",
)


@click.command(cls=ConfigCommand, keys=SHARED, usual=SHARED[:13], epilog=EPILOG)
@click.option(
    "--methods",
    type=Words(),
    metavar="NAME[:KEY=VALUE],…",
    help="Rows: methods of adaptation, published systems, "
    "logistic-regression, svm, mlp, ridge, with arguments of their own.",
)
@click.option("--test-data", help="Test data. Default: 15 % of the data.")
@click.option(
    "--metric",
    help="Metric of the task by which rows are compared. Default: its first, "
    "such as accuracy or spearman.",
)
@click.option(
    "--match-parameters",
    type=int,
    help="Trainable parameters of every method, to 5 %: in fewer matrices "
    "where its size does not reach them.",
)
@click.option(
    "--other-data",
    help="A text that a language model is not trained on: its loss says what "
    "was forgotten.",
)
@click.option(
    "--answers",
    type=int,
    default=0,
    help="Answer so many prompts of the test data, and score the answers by "
    "BLEU, ROUGE and token embeddings.",
)
@click.option(
    "--answer-tokens", type=int, default=64, help="The longest answer."
)
@click.option(
    "--answer-encoder",
    help="The preset whose token embeddings are matched. Default: minilm.",
)
@click.option("--seeds", type=int, default=5, help="Seeds of each row.")
@click.option(
    "--rates",
    type=int,
    default=3,
    help="Learning rates tried for each row on seed 0: 1, 3 or 5.",
)
@click.option("--budget", help="Time budget, such as 60m or 2h.")
@click.option("--output", type=click.Path(), help="The folder of the results.")
@cluster_options(workers=2)
@click.option(
    "--overwrite", is_flag=True, help="Discard previous results and start over."
)
@json_option(help="Print only comparison.json.")
def compare(given, methods, output, budget, as_json, **options):
    """Compare methods on your data: quality with intervals, and cost.

    Every row trains from the same seeds on the same parts of the data; its
    learning rate is picked on validation data, the test data is read once.
    """
    for name, value in (("methods", methods), ("output", output)):
        if not value:
            raise click.UsageError(f"Missing option '--{name}'.")
    minutes = parse_minutes(budget) if budget else None
    shared = given.nested()
    if "data" not in shared:
        raise click.UsageError("Missing option '--data'.")
    if not as_json:
        click.echo(f"Comparing {len(methods)} methods …")
    quiet_imports()
    from tfq_hybrid import comparison
    from tfq_hybrid.comparison.beside import Beside
    from tfq_hybrid.reports import write_report

    asked = [field.name for field in dataclasses.fields(Beside)]
    beside = Beside(**{name: options.pop(name) for name in asked})
    found = comparison.compare(
        methods,
        shared,
        output,
        beside=beside,
        minutes=minutes,
        report=(lambda line: None) if as_json else say,
        status=(lambda line: None) if as_json else status,
        **options,
    )
    files = write_report(output)
    if as_json:
        click.echo(json.dumps(found.content))
        return
    for line in found.sentences:
        click.echo(line)
    click.echo(f"Page: {files.page}\nTable: {files.table}")
    click.echo(f"Again: tfq-hybrid report {shlex.quote(output)}")
