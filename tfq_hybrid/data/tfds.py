"""Labelled text from TensorFlow Datasets, also where there is no network."""

import contextlib
import io
import socket
import sys
import urllib.request

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core.download import downloader

from tfq_hybrid.data.embedded import EmbeddedSentiment
from tfq_hybrid.data.tables import (
    FOR_DECIMALS,
    LABEL_COLUMNS,
    find_column,
    find_texts,
)
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


def read_tfds(
    name,
    split,
    text_column,
    label_column,
    data_dir,
    text_columns=None,
    targets="classes",
):
    """Texts, labels and names of classes of a TFDS data set.

    The labels are classes, by name, or numbers, without names.
    """
    if targets not in ("classes", "numbers"):  # before anything is downloaded
        raise UserError(
            "Expected a file, such as a .jsonl, for labels of several classes "
            f"a text. Received: {name}"
        )
    builder = prepared_builder(name, data_dir)
    check_choice("split", split, list(builder.info.splits))
    features = builder.info.features
    columns = find_texts(text_column, text_columns, features)
    labels = find_column("label column", label_column, features, LABEL_COLUMNS)
    for column in columns:
        if not isinstance(features[column], tfds.features.Text):
            raise _wrong_feature(name, column, features, "text")
    classes = getattr(features[labels], "names", None)
    if targets == "classes" and not classes:
        raise _wrong_feature(name, labels, features, "a class label")
    if targets == "numbers" and (classes or not _is_number(features[labels])):
        raise _wrong_feature(name, labels, features, "a number")
    rows = builder.as_dataset(split=split)
    # Many rows at a time: one by one they take ten times as long.
    rows = rows.map(
        lambda row: (tuple(row[name] for name in columns), row[labels])
    ).batch(1024)
    found_texts, found_labels = [], []
    for some_texts, some_labels in tfds.as_numpy(rows):
        found = [[t.decode("utf-8") for t in column] for column in some_texts]
        found_texts += zip(*found, strict=True) if text_columns else found[0]
        found_labels += some_labels.tolist()
    if targets == "numbers":
        if not np.all(np.isfinite(found_labels)):
            raise UserError(
                f"Expected finite numbers as labels. Received: {labels} of "
                f"{name}"
            )
        return found_texts, found_labels, None
    if min(found_labels, default=0) < 0:
        raise UserError(
            f"Expected a split with labels. Received: split={split!r} of "
            f"{name}, whose labels are withheld"
        )
    return found_texts, [classes[i] for i in found_labels], classes


def _is_number(feature):
    dtype = getattr(feature, "np_dtype", None)
    is_scalar = getattr(feature, "shape", None) == ()
    return is_scalar and dtype is not None and np.issubdtype(dtype, np.number)


def _wrong_feature(name, column, features, expected):
    hint = ""
    if expected == "a class label" and _is_number(features[column]):
        hint = f" ({FOR_DECIMALS})"
    return UserError(
        f"Expected {column!r} of {name} to be {expected}{hint}. "
        f"Received: {type(features[column]).__name__}"
    )


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
