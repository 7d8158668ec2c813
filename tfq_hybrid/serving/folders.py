"""The folder of a model: `NAME/VERSION/`, as TensorFlow Serving reads it."""

import pathlib

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import (
    naming_storage_errors,
    remove_partials,
    replacing,
)
from tfq_hybrid.locks import writing


def versions(path):
    """The version numbers of an export, in ascending order."""
    path = pathlib.Path(path)
    found = [p.name for p in path.iterdir()] if path.is_dir() else []
    return sorted(int(name) for name in found if is_version(name))


def is_version(name):
    """Whether a name is a version's: digits, as `str` writes a number.

    Example:

    >>> [is_version(name) for name in ("1", "20", "01", "²", "v1")]
    [True, True, False, False, False]
    """
    return name.isascii() and name.isdigit() and str(int(name)) == name


def find_version(path):
    """The folder of the newest version, or `path` where it is a version's.

    Args:
        path: str or path. The folder of an export, with its versions, or of
            one version.

    Returns:
        A `pathlib.Path`.

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


def add_version(path, write):
    """Writes the next version beside the others, whole or not at all.

    Args:
        path: `pathlib.Path` of the folder of the versions.
        write: function of the path of a folder that it makes and fills.

    Returns:
        The folder of the new version.

    Raises:
        UserError: another process exports there.
        StorageError: the folder cannot be written.
    """
    with writing(path):
        with naming_storage_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        remove_partials(path)
        version = path / str(1 + max(versions(path), default=0))
        with replacing(version) as partial:
            write(partial)
    return version
