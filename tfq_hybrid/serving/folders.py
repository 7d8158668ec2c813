"""The folder of an export: versions, the manifest of its files, loading."""

import contextlib
import hashlib
import importlib.metadata
import os
import pathlib
import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import (
    naming_storage_errors,
    remove_partials,
    replacing,
    write_text,
)
from tfq_hybrid.files.locks import writing
from tfq_hybrid.reading import foreign_code, read_text, reading


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

    Raises:
        UserError: another process exports there.
        StorageError: the folder cannot be written.
    """
    with writing(path):
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


MANIFEST = "SHA256SUMS"
_LARGEST = 2**20  # bytes; an export has about ten files
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def write_manifest(folder: str | os.PathLike[str]) -> None:
    """Writes the manifest of all files that are in a folder."""
    folder = pathlib.Path(folder)
    lines = [f"{_digest(folder / name)}  {name}\n" for name in _files(folder)]
    write_text(folder / MANIFEST, "".join(lines))


def check_manifest(folder: str | os.PathLike[str]) -> None:
    """Checks that an export is as it was written.

    Every file must be there with its content, and no other file.

    Args:
        folder: The folder of one version.

    Raises:
        UserError: it is not; the message names the first file.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "saved_model.pb"
    ...     _ = file.write_text("whole")
    ...     write_manifest(folder)
    ...     check_manifest(folder)
    ...     _ = file.write_text("broken")
    ...     try:
    ...         check_manifest(folder)
    ...     except UserError as error:
    ...         print("damaged (saved_model.pb" in str(error))
    True
    """
    folder = pathlib.Path(folder)
    expected = _read(folder)
    found = set(_files(folder))
    for name, digest in expected.items():
        if name not in found:
            raise _damaged(folder, f"{name} is missing")
        if _digest(folder / name) != digest:
            raise _damaged(folder, f"{name} has changed")
    for name in sorted(found - expected.keys()):
        raise _damaged(folder, f"{name} is not in {MANIFEST}")


def _read(folder):
    """The digests by file name."""
    path = folder / MANIFEST
    if not path.is_file():
        raise _damaged(folder, f"{MANIFEST} is missing")
    with reading("a whole export", folder):
        lines = read_text(path, _LARGEST).split("\n")
    matches = [_LINE.fullmatch(line) for line in lines[:-1]]
    if lines[-1] or not matches or not all(matches):
        raise _damaged(folder, f"{MANIFEST} cannot be read")
    return {match[2]: match[1] for match in matches}


def _files(folder):
    """Names of all files but the manifest, relative, in order."""
    paths = list(folder.rglob("*"))
    for path in paths:
        if path.is_symlink():  # it may lead anywhere
            raise _damaged(folder, f"{path.name} is a link")
    paths = [path for path in paths if not path.is_dir()]
    names = [path.relative_to(folder).as_posix() for path in paths]
    return sorted(name for name in names if name != MANIFEST)


def _digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(folder, reason):
    return UserError(
        f"Expected a whole export. Received: {folder}, damaged ({reason})"
    )


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
