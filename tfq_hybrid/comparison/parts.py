"""Training, validation and test data of a comparison: fixed, and disjoint."""

import dataclasses
import json
import pathlib
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfq_hybrid.files import replacing

if TYPE_CHECKING:
    from tfq_hybrid.training import TrainConfig

PARTS = ("training", "validation", "test")
# Of data without parts of their own, as the authors of hybrid BERT split.
SHARE = 0.15
# The columns of written parts.
TEXT, PAIR, LABEL = "text", ("first", "second"), "label"


class Parts(NamedTuple):
    """The parts, with the same labels, and what was left out.

    Attributes:
        training, validation, test: the data, as of `Task.read`.
        dropped: training examples that are in another part too.
    """

    training: Any
    validation: Any
    test: Any
    dropped: int


def make_parts(config: "TrainConfig", test_data: str | None = None) -> Parts:
    """The parts of a data set, the same for every row and seed.

    A TFDS data set has its own; of a file, 15 % validate and 15 % test, unless
    files are named for that: a fixed draw, which keeps the shares of classes;
    of the text of a language model the end. A training example that validation
    or test has too, whatever its case and spaces, is dropped.

    Args:
        config: where the data are: `data`, `validation_data`, `limit`, ….
        test_data: the file of the test data, or a data set whose test split
            counts. Defaults to `None`: of `data`.

    Raises:
        UserError: a part cannot be read, lacks a class, or is too small.
    """
    from tfq_hybrid import data
    from tfq_hybrid.training import TASKS

    task = TASKS[config.task]
    whole = task.read(config, config.data, config.split)
    whole = task.seen(whole.take(config.limit))
    splits = data.splits_of(config.data, config.data_dir)
    others: list[Any] = []
    for name, source in (
        ("validation", config.validation_data),
        ("test", test_data),
    ):
        if source is None and name in splits:
            source = config.data
        others.append(source)
        if source is not None:
            part = task.read(config, source, name)
            others[-1] = task.labelled_as(whole, part, source)
    task.check(whole, config.data)
    count = round(SHARE * len(whole))
    for place in (1, 0):
        if others[place] is None:
            whole, others[place] = task.cut(whole, count, config.data)
    validation, test = others
    training = _not_in(task, whole, validation, test)
    task.check(training, config.data)
    return Parts(training, validation, test, len(whole) - len(training))


def _not_in(task, dataset, *others):
    """The examples that are not among others."""
    keys = task.keys(dataset)
    if keys is None:
        return dataset
    seen = {_folded(key) for other in others for key in task.keys(other)}
    kept = [i for i, key in enumerate(keys) if _folded(key) not in seen]
    return dataset.pick(np.array(kept, int))


def _folded(text):
    if not isinstance(text, str):  # a pair, words, what is said
        return tuple(map(_folded, text))
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def write_parts(parts: Parts, folder: pathlib.Path) -> dict[str, str]:
    """Writes the parts as files that `Task.read` reads; their paths by name."""
    return {
        name: write_part(getattr(parts, name), name, folder) for name in PARTS
    }


def write_part(part: Any, name: str, folder: pathlib.Path) -> str:
    """Writes a part as a file that `Task.read` reads; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    suffix, text = _written(part)
    path = folder / f"{name}{suffix}"
    with replacing(path) as partial:
        # As it is: the lines of a text may end in any way.
        partial.write_text(text, encoding="utf-8", newline="")
    return str(path)


def _written(part):
    """The suffix and the content of a file."""
    from tfq_hybrid.data import Corpus, TaggedSentences

    if isinstance(part, TaggedSentences):
        rows = zip(part.texts, part.labels, strict=True)
        names = part.label_names
        return ".conllu", "\n".join(_sentence(*row, names) for row in rows)
    if isinstance(part, Corpus) and part.format == "plain":
        return ".txt", "".join(part.rows)
    if isinstance(part, Corpus):
        objects = [
            {"conversations": [{"role": r, "content": c} for r, c in turns]}
            for turns in part.rows
        ]
    else:
        rows = zip(part.texts, part.written(), strict=True)
        objects = [{**_columns_of(text), LABEL: label} for text, label in rows]
    return ".jsonl", "".join(f"{json.dumps(row)}\n" for row in objects)


def _sentence(words, labels, names):
    """A sentence in CoNLL-U; what is not known of a word is `_`."""
    return "".join(
        "\t".join([str(place), word, "_", names[label], *["_"] * 6]) + "\n"
        for place, (word, label) in enumerate(
            zip(words, labels, strict=True), start=1
        )
    )


def _columns_of(text):
    if isinstance(text, str):
        return {TEXT: text}
    return dict(zip(PAIR, text, strict=True))


def columns(config: "TrainConfig") -> dict[str, Any]:
    """Where texts and labels are in written parts, as arguments of training."""
    if config.task == "tokens":
        return {"label_column": "upos"}
    if config.task == "generation":
        return {"text_column": None}
    if config.text_columns is None:
        return {"text_column": TEXT, "label_column": LABEL}
    return {"text_columns": PAIR, "label_column": LABEL}


def read_from(
    config: "TrainConfig", paths: dict[str, str], seed: int
) -> "TrainConfig":
    """A config that trains on written parts, from a seed."""
    return dataclasses.replace(
        config,
        data=paths["training"],
        validation_data=paths["validation"],
        **{"text_column": None, **columns(config)},
        delimiter=None,
        split="train",
        limit=None,
        seed=seed,
    )
