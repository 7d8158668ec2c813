"""Writing files: whole or not at all, and only where it can be done."""

import contextlib
import json
import os
import pathlib
import shutil

from tfq_hybrid.errors import StorageError, UserError


@contextlib.contextmanager
def replacing(path):
    """Writes a file or folder that takes its place whole, or not at all.

    What is written goes to a hidden name in the same folder, is flushed to
    the disk and renamed. A failure leaves what was there before.

    Args:
        path: str or path of the file, or of a folder that does not exist
            yet. A link is followed.

    Yields:
        The `pathlib.Path` to write to, of the same suffix.

    Raises:
        StorageError: the disk is full, or the place cannot be written.

    Example:

    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "numbers.txt"
    >>> with replacing(path) as partial:
    ...     _ = partial.write_text("1 2 3")
    >>> path.read_text(), partial.exists()
    ('1 2 3', False)
    """
    path = pathlib.Path(path).resolve()
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        with naming_storage_errors(path):
            yield partial
            _flush(partial)
            os.replace(partial, path)
            _flush_entry(path.parent)
    finally:
        _remove(partial)


@contextlib.contextmanager
def naming_storage_errors(path):
    """Turns the system's errors into one line that says what became of it.

    Args:
        path: what is written.

    Raises:
        StorageError: for an `OSError` with a number of the system.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise StorageError(
            f"Expected to write {path}. Received: "
            f"{os.strerror(error.errno)}. What was there before is kept."
        ) from error


def write_json(path, content):
    """Writes JSON whole: a reader sees the old file or the new one.

    Raises:
        ValueError: a number is not finite, which JSON cannot hold.
        StorageError: as for `replacing`.
    """
    text = json.dumps(content, indent=2, allow_nan=False)
    write_text(path, text)


def write_text(path, text):
    """Writes a UTF-8 text whole: a reader sees the old file or the new one.

    Raises:
        StorageError: as for `replacing`.
    """
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def remove_partials(folder):
    """Removes what writers that were killed have left in a folder.

    Call it where nobody else writes.
    """
    for path in pathlib.Path(folder).glob(".partial-*"):
        _remove(path)


def _flush(path):
    """Makes a file, or all files of a folder, reach the disk."""
    for inner in [path, *path.rglob("*")] if path.is_dir() else [path]:
        _flush_entry(inner)


def _flush_entry(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def check_output_folder(path):
    """Raises `UserError` unless a folder can be made or written at `path`."""
    path = pathlib.Path(path)
    nearest = path.absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        what = "no folder" if not nearest.is_dir() else "not writable"
        raise UserError(
            f"Expected a folder that can be written. Received: {path}, where "
            f"{nearest} is {what}"
        )
