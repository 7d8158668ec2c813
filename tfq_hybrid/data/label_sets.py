"""`load_label_sets`: texts with any number of labels each."""

import dataclasses
import os
from typing import Any

import numpy as np

from tfq_hybrid.data.datasets import Examples, natural, read_source
from tfq_hybrid.errors import choice_error


@dataclasses.dataclass(frozen=True)
class LabelSets(Examples):
    """Texts in memory, with any number of labels each.

    Attributes:
        texts: the texts, or pairs of texts.
        labels: float32 array of shape (examples, names), 1 for each label
            that a text has.
        label_names: the labels' names.

    Example:

    >>> labels = np.array([[1, 0, 1], [0, 0, 0]], np.float32)
    >>> LabelSets(["a", "b"], labels, ("x", "y", "z")).written()
    [['x', 'z'], []]
    """

    label_names: tuple[str, ...]

    def written(self) -> list[list[str]]:
        return [
            [self.label_names[place] for place in np.flatnonzero(row)]
            for row in self.labels
        ]

    def only_seen(self) -> "LabelSets":
        """The same examples, without the labels that none of them has."""
        seen = np.flatnonzero(self.labels.any(axis=0))
        names = tuple(self.label_names[place] for place in seen)
        return LabelSets(self.texts, self.labels[:, seen], names)

    def named(self, names: tuple[str, ...], source: str) -> "LabelSets":
        """The same examples, with the labels in the order of some names.

        Args:
            names: the labels that there are.
            source: where the examples are from, for an error.

        Raises:
            UserError: an example has a label that is not among them.
        """
        seen = self.only_seen()
        labels = np.zeros((len(self), len(names)), np.float32)
        for name, column in zip(seen.label_names, seen.labels.T, strict=True):
            if name not in names:
                raise choice_error(f"label in {source}", name, names)
            labels[:, names.index(name)] = column
        return LabelSets(self.texts, labels, names)


def load_label_sets(
    source: str | os.PathLike[str],
    split: str = "train",
    **columns: Any,
) -> LabelSets:
    """Loads texts with any number of labels each.

    A label column holds lists, in `.jsonl`, `.json` and `.parquet` files, or
    labels between bars, such as `fast|cheap`; an empty one is no label.

    Args:
        source, split: as for `load_dataset`. A data set of TFDS has none.
        **columns: further arguments of `load_dataset`.

    Returns:
        The texts. Their labels are those that occur in the file, sorted.

    Raises:
        UserError: as for `load_dataset`.
    """
    texts, values, _ = read_source(source, split, **columns, targets="sets")
    names = sorted({name for row in values for name in row}, key=natural)
    labels = np.zeros((len(texts), len(names)), np.float32)
    index = {name: i for i, name in enumerate(names)}
    for place, row in enumerate(values):
        labels[place, [index[name] for name in row]] = 1
    return LabelSets(texts, labels, tuple(names))
