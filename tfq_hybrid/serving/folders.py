"""The folder of an export: its versions, and loading one."""

import contextlib
import importlib.metadata
import os
import pathlib
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import (
    naming_storage_errors,
    remove_partials,
    replacing,
)
from tfq_hybrid.files.locks import writing
from tfq_hybrid.files.manifest import check_manifest
from tfq_hybrid.reading import foreign_code, reading


def said_in_graph(error: tf.errors.OpError) -> str:
    """The message of a failure in a graph, without where it happened.

    Example:

    >>> error = tf.errors.InvalidArgumentError(
    ...     None, None, "node: assertion failed: [Expected a text.] [7]")
    >>> said_in_graph(error)
    '[Expected a text.] [7]'
    """
    text = " ".join(str(error.message).split())
    return text.rpartition("assertion failed: ")[2][:200]  # or all of it


def versions(path: str | os.PathLike[str]) -> list[int]:
    """The version numbers of an export, in ascending order.

    Args:
        path: The folder of an export. Need not exist.
    """
    path = pathlib.Path(path)
    found = [p.name for p in path.iterdir()] if path.is_dir() else []
    return sorted(int(name) for name in found if is_version(name))


def is_version(name: str) -> bool:
    """Whether a name is a version's: digits, as `str` writes a number.

    Example:

    >>> [is_version(name) for name in ("1", "20", "01", "²", "v1")]
    [True, True, False, False, False]
    """
    return name.isascii() and name.isdigit() and str(int(name)) == name


def find_version(path: str | os.PathLike[str]) -> pathlib.Path:
    """The folder of the newest version, or `path` where it is a version's.

    Raises:
        UserError: there is no export there.
    """
    path = pathlib.Path(path)
    found = versions(path)
    if found:
        path = path / str(found[-1])
    if not (path / "saved_model.pb").is_file():
        raise UserError(
            "Expected the folder of an export, as `tfq-hybrid export` "
            f"makes it. Received: {path}"
        )
    return path


def add_version(
    path: pathlib.Path, write: Callable[[pathlib.Path], None]
) -> pathlib.Path:
    """Writes the next version beside the others, whole or not at all.

    `write` makes the folder whose path it gets, and fills it.

    Whoever else exports there is waited for.

    Raises:
        StorageError: the folder cannot be written.
    """
    with writing(path, wait=True):
        with naming_storage_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        remove_partials(path)
        version = path / str(1 + max(versions(path), default=0))
        try:
            with replacing(version) as partial:
                write(partial)
        except BaseException:
            with contextlib.suppress(OSError):  # it holds other versions
                path.rmdir()
            raise
    return version


def load_export(path: str | os.PathLike[str]) -> tuple[pathlib.Path, Any]:
    """Loads one version of an export, once its manifest has been checked.

    Of the folder of an export it is the newest version. Returns the folder of
    the version, and the SavedModel.

    Raises:
        UserError: there is no export there, or a damaged one.
    """
    path = find_version(path)
    check_manifest(path)
    load_text_operations()
    # TensorFlow raises what protocol buffers and operations raise.
    with reading("a whole export", path), foreign_code():
        return path, tf.saved_model.load(str(path))


def load_text_operations() -> None:
    """Registers the operations of TensorFlow Text, which tokenize.

    The libraries alone: `import tensorflow_text` would import Keras.
    """
    package = importlib.metadata.distribution("tensorflow-text")
    folder = package.locate_file("tensorflow_text/python/ops")
    for library in sorted(pathlib.Path(str(folder)).glob("_*.so")):
        tf.load_op_library(str(library))
