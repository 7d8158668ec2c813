"""One writer at a time."""

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from tfq_hybrid.errors import UserError
from tfq_hybrid.files.writing import naming_storage_errors


@contextlib.contextmanager
def writing(path: str | os.PathLike[str], wait: bool = False) -> Iterator[None]:
    """Holds the right to write at a path; other processes are refused.

    The lock is the kernel's and dies with its process, however it ends. Its
    file, `.NAME.lock`, stands beside the path, which may be replaced
    meanwhile.

    Args:
        path: Of a file or folder, which need not exist.
        wait: Whether to wait for another process to let go, instead of
            raising. Defaults to `False`.

    Raises:
        UserError: another process holds it; its number is named.
        StorageError: the folder of the path cannot be written.

    Example:

    >>> import tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "run"
    >>> with writing(path), writing(path):  # doctest: +ELLIPSIS
    ...     pass
    Traceback (most recent call last):
    ...
    tfq_hybrid.errors.UserError: Expected a place that nothing else writes...
    """
    path = pathlib.Path(os.path.realpath(path))
    lock = path.with_name(f".{path.name}.lock")
    with naming_storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _acquire(lock, path, wait)
    try:
        with naming_storage_errors(path):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()
        os.close(descriptor)


def _acquire(lock: pathlib.Path, path: pathlib.Path, wait: bool) -> int:
    how = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        descriptor = os.open(
            lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644
        )
        try:
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode(errors="replace")
            os.close(descriptor)
            raise UserError(
                "Expected a place that nothing else writes. Received: "
                f"{path}, which process {holder or 'unknown'} is writing"
            ) from None
        # The last holder may have removed the file after it was opened.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(lock)):
                return descriptor
        os.close(descriptor)
