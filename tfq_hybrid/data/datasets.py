"""TensorFlow Datasets' downloads where there is no network."""

import contextlib
import dataclasses
import hashlib
import io
import json
import pathlib
import socket
import sys
import urllib.request

import numpy as np
import tensorflow as tf

from tfq_hybrid.data.batches import shuffled_batches
from tfq_hybrid.data.files import (
    LABEL_COLUMNS,
    TEXT_COLUMNS,
    find_column,
    read_file,
)
from tfq_hybrid.errors import UserError, check_choice, choice_error
from tfq_hybrid.reading import raise_bug, reason_of

_HOST = "storage.googleapis.com"  # where TFDS looks for prepared data first


def has_network():
    """Whether names of hosts can be resolved, here or by a proxy.

    Returns:
        A bool.
    """
    if urllib.request.getproxies():
        return True
    try:
        socket.getaddrinfo(_HOST, 443)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def no_vain_retries():
    """While TFDS prepares data: where there is no network, it tries once.

    It would try ten times, over more than three minutes. What lies in its
    folder of downloads already is taken all the same.
    """
    from tensorflow_datasets.core.download import downloader

    before = downloader.MAX_RETRIES
    if not has_network():
        downloader.MAX_RETRIES = 0
    try:
        yield
    finally:
        downloader.MAX_RETRIES = before


@dataclasses.dataclass(frozen=True)
class TextDataset:
    """Labelled texts in memory.

    Attributes:
        texts: list of str.
        labels: int32 array of shape (examples,), indices into `label_names`.
        label_names: tuple of str.
    """

    texts: list[str]
    labels: np.ndarray
    label_names: tuple[str, ...]

    def __len__(self):
        return len(self.texts)

    def take(self, count):
        """The first `count` examples; all of them for `None`."""
        if count is None:
            return self
        return dataclasses.replace(
            self, texts=self.texts[:count], labels=self.labels[:count]
        )

    def only_seen(self):
        """The same examples, without the labels that none of them has."""
        seen = np.unique(self.labels)
        return TextDataset(
            self.texts,
            np.searchsorted(seen, self.labels).astype(np.int32),
            tuple(self.label_names[i] for i in seen),
        )

    def fingerprint(self):
        """A digest of all texts and labels, a hexadecimal str."""
        digest = hashlib.sha256()
        for text, label in zip(self.texts, self.labels, strict=True):
            row = [text, self.label_names[label]]
            digest.update(json.dumps(row).encode("utf-8"))
        return digest.hexdigest()

    def split(self, fraction, seed=0):
        """Two disjoint random parts, the second of about `fraction`."""
        order = np.random.default_rng(seed).permutation(len(self))
        cut = len(self) - max(1, round(len(self) * fraction))
        return self.pick(order[:cut]), self.pick(order[cut:])

    def pick(self, indices):
        """The examples at some places, in that order."""
        texts = [self.texts[i] for i in indices]
        return dataclasses.replace(
            self, texts=texts, labels=self.labels[indices]
        )

    def inputs(self, count):
        """The texts of the first `count` examples, a string tensor."""
        return tf.constant(self.texts[:count])

    def batches(self, batch_size):
        """A `tf.data.Dataset` of (texts, labels) batches, in order."""
        dataset = tf.data.Dataset.from_tensor_slices((self.texts, self.labels))
        return dataset.batch(batch_size).prefetch(tf.data.AUTOTUNE)

    def shuffled_batches(self, batch_size, seed, first_epoch=0):
        """Batches, epoch after epoch: see `data.batches`."""
        arrays = tf.constant(self.texts), tf.constant(self.labels)
        return shuffled_batches(arrays, batch_size, seed, first_epoch)


def load_dataset(
    source,
    split="train",
    text_column=None,
    label_column=None,
    data_dir=None,
):
    """Loads labelled text.

    Args:
        source: str or path. A local `.tsv`, `.csv` or `.jsonl` file, the
            name of a TFDS data set such as `"glue/sst2"` or `"imdb_reviews"`,
            or `"embedded"`.
        split: str. The split of a TFDS data set or of `"embedded"`; a local
            file has only itself. Defaults to `"train"`.
        text_column: str. Defaults to the usual names.
        label_column: str. Defaults to the usual names.
        data_dir: str or path. Where TFDS keeps its data sets. Defaults to
            TFDS's own place.

    Returns:
        A `TextDataset`. Its labels are those of the TFDS feature, or those
        that occur in the file, sorted.

    Raises:
        UserError: no such file, data set, split or column; a malformed
            file.

    Example:

    >>> dataset = load_dataset("embedded", split="test")
    >>> len(dataset), dataset.label_names
    (1000, ('negative', 'positive'))
    """
    if is_local(source):
        texts, values = read_file(source, text_column, label_column)
        names = sorted(set(values), key=_natural)
    else:
        texts, values, names = _read_tfds(
            source, split, text_column, label_column, data_dir
        )
    index = {name: i for i, name in enumerate(names)}
    if not any(text.strip() for text in texts):
        raise UserError(f"Expected texts. Received: {source}, all blank")
    labels = np.array([index[value] for value in values], np.int32)
    return TextDataset(texts, labels, tuple(names))


def is_local(source):
    """Whether `load_dataset` takes `source` for a file."""
    path = pathlib.Path(source)
    return path.suffix in {".tsv", ".csv", ".jsonl"} or path.is_file()


def splits_of(source, data_dir=None):
    """The names of the splits of a data set; none for a local file."""
    if is_local(source):
        return []
    return list(_prepared_builder(source, data_dir).info.splits)


def _natural(value):
    """Sorts numbers by size and before words."""
    try:
        return (0, int(value), "")
    except ValueError:
        return (1, 0, value)


def _read_tfds(name, split, text_column, label_column, data_dir):
    """Texts, labels (by name) and label names of a TFDS data set."""
    import tensorflow_datasets as tfds

    builder = _prepared_builder(name, data_dir)
    check_choice("split", split, list(builder.info.splits))
    features = builder.info.features
    texts = find_column("text column", text_column, features, TEXT_COLUMNS)
    labels = find_column("label column", label_column, features, LABEL_COLUMNS)
    if not isinstance(features[texts], tfds.features.Text):
        raise UserError(
            f"Expected {texts!r} of {name} to be text. "
            f"Received: {type(features[texts]).__name__}"
        )
    names = getattr(features[labels], "names", None)
    if not names:
        raise UserError(
            f"Expected {labels!r} of {name} to be a class label. "
            f"Received: {type(features[labels]).__name__}"
        )
    rows = builder.as_dataset(split=split)
    # Many rows at a time: one by one they take ten times as long.
    rows = rows.map(lambda row: (row[texts], row[labels])).batch(1024)
    found_texts, found_labels = [], []
    for some_texts, some_labels in tfds.as_numpy(rows):
        found_texts += [text.decode("utf-8") for text in some_texts]
        found_labels += some_labels.tolist()
    if min(found_labels, default=0) < 0:
        raise UserError(
            f"Expected a split with labels. Received: split={split!r} of "
            f"{name}, whose labels are withheld"
        )
    return found_texts, [names[i] for i in found_labels], names


def _prepared_builder(name, data_dir):
    import tensorflow_datasets as tfds

    from tfq_hybrid.data.embedded import EmbeddedSentiment

    tfds.disable_progress_bar()
    if name == "embedded":
        builder = EmbeddedSentiment(data_dir=data_dir)
    else:
        builder = _builder(tfds, name, data_dir)
    _prepare(builder, name)
    return builder


def _builder(tfds, name, data_dir):
    try:
        return tfds.builder(str(name), data_dir=data_dir)
    except (tfds.core.DatasetNotFoundError, ValueError):
        known = ["embedded", *tfds.list_builders(with_community_datasets=False)]
        base, slash, _ = str(name).partition("/")
        if slash and base in known:
            configs = tfds.builder_cls(base).builder_configs
            known = [f"{base}/{config}" for config in configs]
        error = choice_error("data set", name, known)
        _, _, hint = str(error).rpartition(". ")
        hint = f" {hint}" if hint.startswith("Did") else ""
        raise UserError(
            "Expected the data to be a local .tsv, .csv or .jsonl file, the "
            "name of a TFDS data set, or 'embedded'. Received: "
            f"data={str(name)!r}.{hint}"
        ) from None


def _prepare(builder, name):
    # TFDS reports on stdout, which belongs to a command's own output.
    report = io.StringIO() if name == "embedded" else sys.stderr
    try:
        with contextlib.redirect_stdout(report), no_vain_retries():
            builder.download_and_prepare()
    except Exception as error:
        raise_bug(error)
        # TFDS raises whatever its downloader or generator raises.
        reason = reason_of(error)
        # That of requests, whose words name a host and the last of its tries.
        if type(error).__name__ == "ConnectionError" and not has_network():
            reason = "no network"
        raise UserError(
            f"Expected {name} to be prepared under {builder.data_dir}, or a "
            f"network to download it. Received: {reason}"
        ) from error
