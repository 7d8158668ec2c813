"""Atomic writers: files are written whole or not at all."""

import contextlib
import ctypes
import errno
import json
import os
import pathlib
import re
import secrets
import shutil
import stat
from collections.abc import Iterator

from tfq_hybrid.errors import StorageError, UserError
from tfq_hybrid.reading import shortage

StrPath = str | os.PathLike[str]


@contextlib.contextmanager
def replacing(path: StrPath) -> Iterator[pathlib.Path]:
    """Writes a file or folder atomically: all of it, or nothing.

    What is written goes to a hidden name in the same folder, is flushed to
    the disk and renamed. A failure leaves what was there before.

    Args:
        path: Of the file or folder. A link is followed.

    Yields:
        The path to write to, of the same suffix.

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
    path = pathlib.Path(os.path.realpath(path))
    partial = path.with_name(f".partial-{secrets.token_hex(4)}-{path.name}")
    try:
        with naming_storage_errors(path):
            yield partial
            _flush(partial)
            _put(partial, path)
            _flush_entry(path.parent)
    finally:
        _remove(partial)


@contextlib.contextmanager
def naming_storage_errors(path: StrPath) -> Iterator[None]:
    """Converts system errors into one line that says what is still intact.

    Args:
        path: What is written.

    Raises:
        StorageError: for an `OSError` with a number of the system, and what
            else a library raises over a full disk.
    """
    try:
        yield
    except Exception as error:
        reason = shortage(error)
        if isinstance(error, OSError) and error.errno is not None:
            reason = os.strerror(error.errno)
        if reason is None:
            raise
        raise StorageError(
            f"Could not write {path}: {reason}; the previous version, if any, "
            "is intact."
        ) from error


def write_json(path: StrPath, content: object) -> None:
    """Writes JSON atomically: a reader sees the old file or the new one.

    Raises:
        ValueError: a number is not finite, which JSON cannot hold.
        StorageError: as for `replacing`.
    """
    text = json.dumps(content, indent=2, allow_nan=False)
    write_text(path, text)


def write_text(path: StrPath, text: str) -> None:
    """Writes UTF-8 text atomically: a reader sees the old or the new file.

    Raises:
        StorageError: as for `replacing`.
    """
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def remove_partials(folder: StrPath) -> None:
    """Removes the partial files of killed writers from a folder.

    Call it where nobody else writes.
    """
    for path in pathlib.Path(folder).glob(".partial-*"):
        _remove(path)


def remove_partials_of(path: StrPath) -> None:
    """Removes the partial files of killed writers of one file or folder.

    Call it where nobody else writes it; others may write beside it.
    """
    path = pathlib.Path(os.path.realpath(path))
    name = re.compile(rf"\.partial-[0-9a-f]+-{re.escape(path.name)}")
    for beside in path.parent.glob(".partial-*"):
        if name.fullmatch(beside.name):
            _remove(beside)


def _put(partial: pathlib.Path, path: pathlib.Path) -> None:
    """Renames a file or folder over what is there, but no file over a folder.

    Another writer may put a folder there, or take one away, at any moment.
    """
    while partial.is_dir() and path.is_dir():
        with contextlib.suppress(FileNotFoundError):
            return _exchange(partial, path)
    try:
        os.replace(partial, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        _put(partial, path)


def _exchange(a: pathlib.Path, b: pathlib.Path) -> None:
    """Swaps two paths atomically.

    Linux's `renameat2`, for which `os` has no name. A file system without
    it gets two steps, between which a kill leaves `b` under a hidden name.
    """
    call = ctypes.CDLL(None, use_errno=True).renameat2
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if call(here, os.fsencode(a), here, os.fsencode(b), swap) == 0:
        return
    number = ctypes.get_errno()
    if number not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        raise OSError(number, os.strerror(number))
    old = b.with_name(f".old-{secrets.token_hex(4)}-{b.name}")
    b.rename(old)
    a.rename(b)
    _remove(old)


def _flush(path: pathlib.Path) -> None:
    """Makes a file, or all files of a folder, reach the disk."""
    for inner in [path, *path.rglob("*")] if path.is_dir() else [path]:
        _flush_entry(inner)


def _flush_entry(path: pathlib.Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def check_output_folder(path: StrPath) -> None:
    """Raises `UserError` unless a folder can be made or written at `path`."""
    nearest = pathlib.Path(os.path.realpath(path))
    while not os.path.lexists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        what = "no folder" if not nearest.is_dir() else "not writable"
        raise UserError(
            f"Expected a folder that can be written. Received: {path}, where "
            f"{nearest} is {what}"
        )


def check_links(folder: StrPath, expected: str) -> None:
    """Raises `UserError` for what leads out of a folder, or is no file.

    It may come from elsewhere, and what goes on there writes into it: through
    a link, over a file of the user's.
    """
    inside = os.path.realpath(folder)
    for above, folders, files in os.walk(folder):
        for path in (os.path.join(above, name) for name in folders + files):
            try:
                mode = os.lstat(path).st_mode
            except OSError:
                continue  # gone since: somebody writes here
            found = None
            if stat.S_ISLNK(mode):
                real = os.path.realpath(path)
                if os.path.commonpath([inside, real]) != inside:
                    found = "a link that leads out of it"
            elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                found = "neither file nor folder"
            if found:
                name = os.path.relpath(path, folder)
                raise UserError(
                    f"Expected {expected}. Received: {folder}, where {name} is "
                    f"{found}"
                )
