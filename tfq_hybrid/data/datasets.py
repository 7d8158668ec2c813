"""`load_dataset`: labelled text, from local files or TensorFlow Datasets."""

import dataclasses
import hashlib
import json
import os
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf

from tfq_hybrid.data.formats import READERS, suffix_of
from tfq_hybrid.data.tables import read_labelled
from tfq_hybrid.errors import UserError


class Batches:
    """Examples in memory, in batches; the base of data sets."""

    def arrays(self) -> Any:
        """All examples: a nest of tensors with one example a row."""
        raise NotImplementedError

    def batches(self, batch_size: int) -> tf.data.Dataset:
        """Batches for `fit`, in order."""
        dataset = tf.data.Dataset.from_tensor_slices(self.arrays())
        return dataset.batch(batch_size).prefetch(tf.data.AUTOTUNE)

    def shuffled_batches(
        self, batch_size: int, seed: int, first_epoch: int = 0
    ) -> tf.data.Dataset:
        """Batches for `fit` without end, epoch after epoch.

        Each epoch's order is a function of `(seed, epoch)` alone, so that a
        run resumed at `first_epoch` sees what an uninterrupted one sees. The
        last batch of an epoch may be smaller; no batch spans two.

        Example:

        >>> data = TextDataset(list("abcde"), np.zeros(5, np.int32), ("x",))
        >>> batches = data.shuffled_batches(batch_size=3, seed=0)
        >>> [len(texts) for texts, _ in batches.take(4)]
        [3, 2, 3, 2]
        """
        arrays = self.arrays()
        length = len(tf.nest.flatten(arrays)[0])

        def epoch(number):
            order = tf.random.experimental.stateless_shuffle(
                tf.range(length), seed=[seed, number]
            )
            return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

        def pick(indices):
            return tf.nest.map_structure(
                lambda array: tf.gather(array, indices), arrays
            )

        epochs = tf.data.Dataset.counter(start=first_epoch, dtype=tf.int64)
        return epochs.flat_map(epoch).map(pick).prefetch(tf.data.AUTOTUNE)


@dataclasses.dataclass(frozen=True)
class TextDataset(Batches):
    """Labelled texts in memory.

    Attributes:
        texts: the texts.
        labels: int32 array of shape (examples,), indices into `label_names`.
        label_names: the labels' names.
    """

    texts: list[str]
    labels: np.ndarray
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, count: int | None) -> "TextDataset":
        """The first `count` examples; all of them for `None`."""
        return dataclasses.replace(
            self, texts=self.texts[:count], labels=self.labels[:count]
        )

    def only_seen(self) -> "TextDataset":
        """The same examples, without the labels that none of them has."""
        seen = np.unique(self.labels)
        return TextDataset(
            self.texts,
            np.searchsorted(seen, self.labels).astype(np.int32),
            tuple(self.label_names[i] for i in seen),
        )

    def fingerprint(self) -> str:
        """A digest of all texts and labels, in hexadecimal digits."""
        digest = hashlib.sha256()
        for text, label in zip(self.texts, self.labels, strict=True):
            row = [text, self.label_names[label]]
            digest.update(json.dumps(row).encode("utf-8"))
        return digest.hexdigest()

    def split(
        self, fraction: float, seed: int = 0
    ) -> tuple["TextDataset", "TextDataset"]:
        """Two disjoint random parts, the second of about `fraction`."""
        order = np.random.default_rng(seed).permutation(len(self))
        cut = len(self) - max(1, round(len(self) * fraction))
        return self.pick(order[:cut]), self.pick(order[cut:])

    def pick(self, indices: np.ndarray) -> "TextDataset":
        """The examples at some places, in that order."""
        texts = [self.texts[i] for i in indices]
        return dataclasses.replace(
            self, texts=texts, labels=self.labels[indices]
        )

    def inputs(self, count: int) -> tf.Tensor:
        """The texts of the first `count` examples, a string tensor."""
        return tf.constant(self.texts[:count])

    def arrays(self) -> tuple[tf.Tensor, tf.Tensor]:
        """All texts and labels, as tensors."""
        return tf.constant(self.texts), tf.constant(self.labels)


def load_dataset(
    source: str | os.PathLike[str],
    split: str = "train",
    text_column: str | None = None,
    label_column: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    delimiter: str | None = None,
) -> TextDataset:
    """Loads labelled text.

    Args:
        source: a local `.tsv`, `.csv`, `.jsonl`, `.json` or `.parquet`
            file, or `.gz` of one; the name of a TFDS data set such as
            `"glue/sst2"` or `"imdb_reviews"`; or `"embedded"`.
        split: the split of a TFDS data set or of `"embedded"`; a local file
            has only itself. Defaults to `"train"`.
        text_column: defaults to the usual names: text, sentence, ….
        label_column: defaults to the usual names: label, class, ….
        data_dir: where TFDS keeps its data sets. Defaults to TFDS's own
            place.
        delimiter: what separates the columns of a `.tsv` or `.csv` file.
            Defaults to `None`: tabs; commas, or what the header of a `.csv`
            file has in their place.

    Returns:
        The texts. Their labels are those of the TFDS feature, or those that
        occur in the file, sorted.

    Raises:
        UserError: no such file, data set, split or column; a malformed
            file.

    Example:

    >>> dataset = load_dataset("embedded", split="test")
    >>> len(dataset), dataset.label_names
    (1000, ('negative', 'positive'))
    """
    if is_local(source):
        texts, values = read_labelled(
            source, text_column, label_column, delimiter
        )
        names = sorted(set(values), key=_natural)
    else:
        from tfq_hybrid.data.tfds import read_tfds

        if delimiter is not None:
            raise UserError(
                "Expected no delimiter for a data set of TFDS, where it has "
                f"no effect. Received: delimiter={delimiter!r}"
            )
        texts, values, names = read_tfds(
            source, split, text_column, label_column, data_dir
        )
    index = {name: i for i, name in enumerate(names)}
    if not any(text.strip() for text in texts):
        raise UserError(f"Expected texts. Received: {source}, all blank")
    labels = np.array([index[value] for value in values], np.int32)
    return TextDataset(texts, labels, tuple(names))


def is_local(source: str | os.PathLike[str]) -> bool:
    """Whether `load_dataset` takes `source` for a file."""
    path = pathlib.Path(source)
    return suffix_of(path) in READERS or path.is_file()


def splits_of(
    source: str | os.PathLike[str],
    data_dir: str | os.PathLike[str] | None = None,
) -> list[str]:
    """The names of the splits of a data set; none for a local file.

    Args:
        source, data_dir: as for `load_dataset`.

    Raises:
        UserError: there is no such data set.
    """
    if is_local(source):
        return []
    from tfq_hybrid.data.tfds import prepared_builder

    return list(prepared_builder(source, data_dir).info.splits)


def _natural(value):
    """Sorts numbers by size and before words."""
    try:
        return (0, int(value), value)
    except ValueError:
        return (1, 0, value)
