"""Labelled text from TensorFlow Datasets, also where there is no network."""

import contextlib
import io
import socket
import sys
import urllib.request

import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import downloader

from tfq_hybrid.data.embedded import EmbeddedSentiment
from tfq_hybrid.data.tables import LABEL_COLUMNS, TEXT_COLUMNS, find_column
from tfq_hybrid.errors import UserError, check_choice, choice_error
from tfq_hybrid.reading import raise_bug, reason_of

_HOST = "storage.googleapis.com"  # where TFDS looks for prepared data first


def has_network() -> bool:
    """Whether names of hosts can be resolved, here or by a proxy."""
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
    before = downloader.MAX_RETRIES
    if not has_network():
        downloader.MAX_RETRIES = 0
    try:
        yield
    finally:
        downloader.MAX_RETRIES = before


def read_tfds(name, split, text_column, label_column, data_dir):
    """Texts, labels (by name) and label names of a TFDS data set."""
    builder = prepared_builder(name, data_dir)
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


def prepared_builder(name, data_dir):
    tfds.disable_progress_bar()
    if name == "embedded":
        builder = EmbeddedSentiment(data_dir=data_dir)
    else:
        builder = _builder(name, data_dir)
    _prepare(builder, name)
    return builder


def _builder(name, data_dir):
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
            "Expected the data to be a local file such as a .tsv, .csv or "
            ".jsonl, the name of a TFDS data set, or 'embedded'. Received: "
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
