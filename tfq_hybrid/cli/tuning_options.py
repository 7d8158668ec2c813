"""Options that `tune` and `screen` share: the training that they repeat."""

import re

import click

from tfq_hybrid.cli.circuit_options import split_words
from tfq_hybrid.cli.system_options import set_option

_DECORATORS = (
    click.option("--model", metavar="NAME", help="Default: qffn-bert."),
    click.option(
        "--data",
        help="A .tsv, .csv or .jsonl file, a TFDS name, or 'embedded'.",
    ),
    click.option(
        "--validation-data",
        help="As --data. Default: its validation split, or a tenth of it.",
    ),
    click.option("--classical", metavar="NAME", help="A classical baseline."),
    click.option("--preset", help="A pretrained model to start from."),
    click.option("--adapter", help="Adapt the preset by this method."),
    click.option("--targets", callback=split_words, help="See `train --help`."),
    click.option("--layers", help="See `train --help`."),
    click.option("--adapter-size", type=int, help="See `train --help`."),
    click.option(
        "--circuit",
        "circuit_file",
        type=click.Path(),
        help="The circuit that the values change: a preset, or a JSON file "
        "with a CircuitSpec. Default: the system's own.",
    ),
    click.option("--tokens", help="all or cls."),
    click.option("--engine", metavar="[auto|batched|tfq]"),
    click.option("--split", help="The split of a TFDS data set."),
    click.option("--text-column", help="Default: text, sentence, …."),
    click.option("--label-column", help="Default: label, class, …."),
    click.option(
        "--data-dir", type=click.Path(), help="Where TFDS keeps data."
    ),
    click.option("--limit", type=int, help="Train on the first examples only."),
    click.option("--vocabulary-size", type=int),
    click.option("--sequence-length", type=int, help="Tokens."),
    click.option("--batch-size", type=int),
    click.option("--learning-rate", type=float),
    click.option("--quantum-learning-rate", type=float),
    click.option("--dropout", type=float),
    click.option("--weight-decay", type=float),
    click.option("--patience", type=int),
    set_option,
)
_UNITS = {"": 1, "B": 1}
_UNITS |= {f"{p}iB": 2 ** (10 * (i + 1)) for i, p in enumerate("KMGT")}
_UNITS |= {f"{p}B": 10 ** (3 * (i + 1)) for i, p in enumerate("KMGT")}


def training_options(command):
    """Gives a command the options of the training that it repeats."""
    for decorate in reversed(_DECORATORS):
        command = decorate(command)
    return command


def read_bytes(ctx, parameter, value):
    """Bytes from a text such as 500MB or 4GiB."""
    if value is None:
        return None
    match = re.fullmatch(r"([0-9.]+) *([A-Za-z]*)", value.strip())
    try:
        number, unit = match.groups()
        size = int(float(number) * _UNITS[unit])
    except (AttributeError, KeyError, ValueError, OverflowError):
        size = 0
    if size < 1:
        raise click.BadParameter(
            f"expected bytes such as 500MB or 4GiB. Received: {value!r}"
        )
    return size
