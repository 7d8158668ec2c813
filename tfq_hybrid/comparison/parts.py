"""Training, validation and test data of a comparison: fixed, and disjoint."""

import dataclasses
import json
import pathlib
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import replacing

if TYPE_CHECKING:
    from tfq_hybrid.data import TextDataset
    from tfq_hybrid.training import TrainConfig

PARTS = ("training", "validation", "test")
# Of data without parts of their own, as the authors of hybrid BERT split.
SHARE = 0.15
# The columns of written parts.
TEXT, PAIR, LABEL = "text", ("first", "second"), "label"


class Parts(NamedTuple):
    """The parts, with the same label names, and what was left out.

    Attributes:
        training, validation, test: the data.
        dropped: training examples whose text is in another part too.
    """

    training: "TextDataset"
    validation: "TextDataset"
    test: "TextDataset"
    dropped: int


def make_parts(config: "TrainConfig", test_data: str | None = None) -> Parts:
    """The parts of a data set, the same for every row and seed.

    A TFDS data set has its own; of a file, 15 % validate and 15 % test, unless
    files are named for that: a fixed draw that keeps the shares of the labels.
    A training text that validation or test has too, whatever its case and
    spaces, is dropped.

    Args:
        config: where the data are: `data`, `validation_data`, `limit`, ….
        test_data: the file of the test data, or a data set whose test split
            counts. Defaults to `None`: of `data`.

    Raises:
        UserError: a part cannot be read, lacks a class, or is too small.
    """
    from tfq_hybrid import data
    from tfq_hybrid.training.task import columns_of
    from tfq_hybrid.training.tasks import relabel

    def load(source, split):
        return data.load_dataset(source, split, **columns_of(config))

    whole = load(config.data, config.split).take(config.limit).only_seen()
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
            part = load(source, name)
            others[-1] = relabel(part, whole.label_names, source)
    _check(whole, config.data)
    count = round(SHARE * len(whole))
    for place in (1, 0):
        if others[place] is None:
            whole, others[place] = _split(whole, count, config.data)
    validation, test = others
    kept = _not_in(whole, (*validation.texts, *test.texts))
    training = whole.pick(kept)
    _check(training, config.data)
    return Parts(training, validation, test, len(whole) - len(training))


def _check(dataset, source):
    counts = np.bincount(dataset.labels, minlength=len(dataset.label_names))
    if len(counts) < 2:
        raise UserError(
            "Expected at least two labels among the training examples. "
            f"Received: {source} with {', '.join(dataset.label_names)}"
        )
    if counts.min() == 0:
        missing = dataset.label_names[int(np.argmin(counts))]
        raise UserError(
            "Expected training examples of every label that are in no other "
            f"part. Received: {source} without any of {missing}"
        )


def _split(dataset, count, source):
    from sklearn.model_selection import train_test_split

    try:
        rest, drawn = train_test_split(
            np.arange(len(dataset)),
            test_size=count,
            random_state=0,
            stratify=dataset.labels,
        )
    except ValueError as error:
        counts = np.bincount(dataset.labels)
        raise UserError(
            "Expected enough examples of each label for validation and test "
            f"data, or files for these. Received: {source}, with "
            f"{counts.min()} of {dataset.label_names[int(counts.argmin())]}"
        ) from error
    return dataset.pick(np.sort(rest)), dataset.pick(np.sort(drawn))


def _not_in(dataset: "TextDataset", texts: Iterable[str]) -> np.ndarray:
    """The places of the examples whose text is not among some."""
    seen = {_folded(text) for text in texts}
    kept = [i for i, t in enumerate(dataset.texts) if _folded(t) not in seen]
    return np.array(kept, int)


def _folded(text):
    if not isinstance(text, str):  # a pair
        return tuple(map(_folded, text))
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def write_parts(parts: Parts, folder: pathlib.Path) -> dict[str, str]:
    """Writes the parts as `.jsonl` files; their paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name in PARTS:
        part = getattr(parts, name)
        rows = zip(part.texts, part.labels, strict=True)
        lines = [
            json.dumps({**_columns_of(text), LABEL: part.label_names[label]})
            for text, label in rows
        ]
        paths[name] = str(folder / f"{name}.jsonl")
        with replacing(paths[name]) as partial:
            partial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return paths


def _columns_of(text):
    if isinstance(text, str):
        return {TEXT: text}
    return dict(zip(PAIR, text, strict=True))


def columns(config: "TrainConfig") -> dict[str, Any]:
    """Where texts and labels are in written parts, for `load_dataset`."""
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
