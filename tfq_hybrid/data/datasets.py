"""`load_dataset`: labelled text, from local files or TensorFlow Datasets."""

import dataclasses
import hashlib
import json
import os
import pathlib
import typing
from collections.abc import Callable, Sequence
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


Text = str | tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Examples(Batches):
    """Texts in memory, each with what is to be learned of it; the base.

    Attributes:
        texts: the texts, or pairs of texts.
        labels: array of shape (examples, ...).
        tokens: what a model takes in place of the texts, as of `encoded`.
    """

    texts: list[Any]
    labels: np.ndarray
    tokens: Any = dataclasses.field(default=None, kw_only=True, repr=False)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, count: int | None) -> typing.Self:
        """The first `count` examples; all of them for `None`."""
        return dataclasses.replace(
            self,
            texts=self.texts[:count],
            labels=self.labels[:count],
            tokens=None,
        )

    def pick(self, indices: np.ndarray) -> typing.Self:
        """The examples at some places, in that order."""
        texts = [self.texts[i] for i in indices]
        return dataclasses.replace(
            self, texts=texts, labels=self.labels[indices], tokens=None
        )

    def encoded(self, preprocessor: Callable[[Any], Any]) -> typing.Self:
        """The same examples, whose texts are made tokens once and for all.

        Otherwise each epoch, and each look at the validation data, would
        tokenize them again.

        Args:
            preprocessor: from string tensors to what a model takes, such as
                that of a keras-hub task.
        """
        tokens = preprocessor(_strings(self.texts))
        return dataclasses.replace(self, tokens=tokens)

    def with_inputs(self, more: dict[str, Any]) -> typing.Self:
        """The same examples, with more beside the tokens."""
        return dataclasses.replace(self, tokens={**self.tokens, **more})

    def split(
        self, fraction: float, seed: int = 0
    ) -> tuple[typing.Self, typing.Self]:
        """Two disjoint random parts, the second of about `fraction`."""
        order = np.random.default_rng(seed).permutation(len(self))
        cut = len(self) - max(1, round(len(self) * fraction))
        return self.pick(order[:cut]), self.pick(order[cut:])

    def written(self) -> list[Any]:
        """The labels as plain JSON types, as the data have them."""
        raise NotImplementedError

    def targets(self) -> np.ndarray:
        """The labels as a loss takes them, by default as they are."""
        return self.labels

    def fingerprint(self) -> str:
        """A digest of all texts and labels, in hexadecimal digits."""
        digest = hashlib.sha256()
        for row in zip(self.texts, self.written(), strict=True):
            digest.update(json.dumps(row).encode("utf-8"))
        return digest.hexdigest()

    def inputs(self, count: int) -> Any:
        """The first `count` examples as a model takes them, without labels.

        The tokens, where they are there; else a string tensor of shape
        (examples,), and of pairs two of them.
        """
        if self.tokens is not None:
            return tf.nest.map_structure(lambda x: x[:count], self.tokens)
        return _strings(self.texts[:count])

    def arrays(self) -> tuple[Any, tf.Tensor]:
        """All texts, or their tokens, and the labels, as tensors."""
        inputs = self.tokens
        if inputs is None:
            inputs = _strings(self.texts)
        return inputs, tf.constant(self.targets())


def _strings(texts):
    if not texts or isinstance(texts[0], str):
        return tf.constant(texts, tf.string)
    return tuple(
        tf.constant(column, tf.string) for column in zip(*texts, strict=True)
    )


@dataclasses.dataclass(frozen=True)
class TextDataset(Examples):
    """Labelled texts in memory.

    Attributes:
        texts: the texts, or pairs of texts.
        labels: int32 array of shape (examples,), indices into `label_names`.
        label_names: the labels' names.
    """

    label_names: tuple[str, ...]

    def only_seen(self) -> "TextDataset":
        """The same examples, without the labels that none of them has."""
        seen = np.unique(self.labels)
        return TextDataset(
            self.texts,
            np.searchsorted(seen, self.labels).astype(np.int32),
            tuple(self.label_names[i] for i in seen),
        )

    def written(self) -> list[str]:
        return [self.label_names[label] for label in self.labels]


def load_dataset(
    source: str | os.PathLike[str],
    split: str = "train",
    text_column: str | None = None,
    label_column: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    delimiter: str | None = None,
    text_columns: Sequence[str] | None = None,
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
        text_columns: two columns, whose texts are pairs, such as
            `("premise", "hypothesis")`. Defaults to `None`: single texts.

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
    texts, values, names = read_source(
        source,
        split,
        text_column,
        label_column,
        data_dir,
        delimiter,
        text_columns,
    )
    if names is None:
        names = sorted(set(values), key=natural)
    index = {name: i for i, name in enumerate(names)}
    labels = np.array([index[value] for value in values], np.int32)
    return TextDataset(texts, labels, tuple(names))


def read_source(
    source: str | os.PathLike[str],
    split: str,
    text_column: str | None = None,
    label_column: str | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    delimiter: str | None = None,
    text_columns: Sequence[str] | None = None,
    targets: str = "classes",
) -> tuple[list[Any], list[Any], list[str] | None]:
    """The texts and labels of a file or a TFDS data set.

    Args:
        source, split, text_column, label_column, data_dir, delimiter,
            text_columns: as for `load_dataset`.
        targets: what the labels are, a key of `tables.TARGETS`. Defaults to
            `"classes"`.

    Returns:
        The texts, the labels, and the names of classes where the data set
        says which there are.

    Raises:
        UserError: as for `load_dataset`.
    """
    names = None
    if is_local(source):
        texts, values = read_labelled(
            source, text_column, label_column, delimiter, text_columns, targets
        )
    else:
        from tfq_hybrid.data.tfds import read_tfds

        if delimiter is not None:
            raise UserError(
                "Expected no delimiter for a data set of TFDS, where it has "
                f"no effect. Received: delimiter={delimiter!r}"
            )
        texts, values, names = read_tfds(
            source,
            split,
            text_column,
            label_column,
            data_dir,
            text_columns,
            targets,
        )
    if not any(map(_has_text, texts)):
        raise UserError(f"Expected texts. Received: {source}, all blank")
    return texts, values, names


def _has_text(text):
    return bool("".join(text).strip())


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


def natural(value: str) -> tuple[int, int, str]:
    """A key that sorts numbers by size and before words."""
    try:
        return (0, int(value), value)
    except ValueError:
        return (1, 0, value)
