"""Reading files that may be damaged, or made to do harm.

Nothing here runs what a file says; what is too large is refused before it is
in memory; and what is wrong is one line.
"""

import contextlib
import errno
import json
import math
import os
import pathlib
import re
import select
import stat
import sys
import traceback

from tfq_hybrid.errors import StorageError, UserError
from tfq_hybrid.shapes import check_shape

PACKAGE = __name__.partition(".")[0]

LARGEST_TEXT = 2**33  # bytes: 8 GiB of training text
# Bytes: 64 MiB, which Python may need 25 times as much memory to parse. The
# largest results have a few.
LARGEST_JSON = 2**26
_CHUNK = 2**20
_PIPE_MILLISECONDS = 2000
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_bytes(path, largest, expected="a readable file"):
    """The content of a file.

    Args:
        path: str or path.
        largest: int. The most bytes that it may have.
        expected: str, for the message. Defaults to `"a readable file"`.

    Raises:
        UserError: it cannot be read, or has more.
    """
    path = pathlib.Path(path)
    try:
        with open_file(path) as file:
            content = _read_at_most(file, largest + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"Expected {expected}. Received: {path} ({reason})"
        ) from error
    if len(content) > largest:
        raise UserError(
            f"Expected at most {largest:,} bytes. Received: {path}, with more"
        )
    return content


def open_file(path):
    """Opens a file for reading bytes; a pipe, where somebody writes to it.

    To open a pipe as a file is opened waits for a writer, for ever.

    Raises:
        OSError: it cannot be opened, or nobody writes to the pipe.
    """

    def opener(path, flags):
        return os.open(path, flags | os.O_NONBLOCK)

    file = open(path, "rb", opener=opener)  # noqa: SIM115
    os.set_blocking(file.fileno(), True)
    if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
        poll = select.poll()
        poll.register(file, select.POLLIN)
        if not poll.poll(_PIPE_MILLISECONDS):
            file.close()
            raise OSError(errno.ENXIO, "a pipe that nobody writes to")
    return file


def _read_at_most(file, count):
    """Reads that many bytes or fewer, in as much memory as there are.

    `read(count)` would ask for `count` bytes at once, however small the file;
    and a device or a pipe has no size to be asked for before.
    """
    content = bytearray()
    while len(content) < count:
        chunk = file.read(
            min(max(_CHUNK, len(content) // 8), count - len(content))
        )
        if not chunk:
            break
        content += chunk
    return content


def read_text(path, largest=LARGEST_TEXT, expected="a readable file"):
    """The content of a UTF-8 file, a str with its line ends as they are.

    Args:
        path: str or path.
        largest: int. The most bytes. Defaults to `LARGEST_TEXT`.
        expected: str, for the message. Defaults to `"a readable file"`.

    Raises:
        UserError: the file cannot be read, is too large, or is not UTF-8.
    """
    return decoded(read_bytes(path, largest, expected), path)


def decoded(content, path):
    """The text of the bytes of a file.

    Raises:
        UserError: it is not UTF-8; the message names the line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"Expected UTF-8 text. Received: {path}, line {line}, with the "
            f"byte 0x{content[error.start]:02x}"
        ) from error


def parse_json(text, finite=True, repeated=True):
    """What a JSON text stands for.

    Args:
        text: str.
        finite: bool. Whether a number may not be infinite or NaN, which
            Python takes for JSON. Defaults to `True`.
        repeated: bool. Whether an object may have a key several times, the
            last of which holds. Defaults to `True`.

    Raises:
        ValueError: it is none; it is nested too deeply; it has such a
            number or such keys; or half a surrogate pair, which no encoder
            takes.

    Example:

    >>> parse_json('{"loss": 0.5}')
    {'loss': 0.5}
    >>> parse_json('{"loss": 1e999}')
    Traceback (most recent call last):
    ...
    ValueError: 1e999 is not finite
    """
    try:
        checks = {"parse_constant": _not_finite, "parse_float": _finite}
        checks = checks if finite else {}
        hook = None if repeated else _once
        content = json.loads(text, object_pairs_hook=hook, **checks)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    # Only an escape brings it in.
    if ("\\ud" in text or "\\uD" in text) and _SURROGATE.search(
        json.dumps(content, ensure_ascii=False)
    ):
        raise ValueError("half a surrogate pair is no character")
    return content


def read_json(path, expected="JSON", shape=dict, hint=""):
    """The content of a JSON file.

    Args:
        path: str or path.
        expected: str. What it should be, for the message. Defaults to
            `"JSON"`.
        shape: its type, as `shapes.check_shape` takes it. Defaults to
            `dict`: an object.
        hint: str, the end of the message. Defaults to none.

    Raises:
        UserError: it cannot be read, is too large, is damaged or of another
            type.
    """
    text = read_text(path, LARGEST_JSON, expected)
    with reading(expected, path, hint):
        return check_shape(parse_json(text), shape)


# What says that a file is damaged. All else that code which reads raises is a
# bug of it: what a file holds has been checked (`shapes`) before it is used.
# A `KeyError` or a `TypeError` is a check that is missing.
DAMAGE = (
    EOFError,
    OSError,
    RecursionError,  # it is nested without end
    ValueError,  # also `UserError` and what is not UTF-8
)


@contextlib.contextmanager
def reading(expected, path, hint=""):
    """Converts what is `DAMAGE` into a one-line `UserError`, its cause.

    Args:
        expected: str. What the file should be, such as `"a whole run"`.
        path: what is read.
        hint: str, the end of the message. Defaults to none.

    Raises:
        UserError: instead of any of them.

    Example:

    >>> with reading("a whole run", "runs/sst2"):
    ...     parse_json("{")
    Traceback (most recent call last):
    ...
    tfq_hybrid.errors.UserError: Expected a whole run. Received: runs/sst2, \
damaged (Expecting property name enclosed in double quotes: line 1 column 2 \
(char 1))
    """
    try:
        with naming_shortage(path):
            yield
    except DAMAGE as error:
        raise UserError(
            f"Expected {expected}. Received: {path}, damaged "
            f"({reason_of(error)}){hint and '. ' + hint}"
        ) from error


# What a machine is short of, however whole a file is that is being read.
_SHORT = (errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOSPC)
_NO_TEMPORARY_FOLDER = "No usable temporary directory"


def shortage(error):
    """What the system said of a full disk or the like, a str, or `None`.

    Libraries wrap it, or keep its text alone.
    """
    for each in chain(error):
        if isinstance(each, OSError) and each.errno in _SHORT:
            return os.strerror(each.errno)
        for text in (*map(os.strerror, _SHORT), _NO_TEMPORARY_FOLDER):
            if text in str(each):
                return text
    return None


@contextlib.contextmanager
def naming_shortage(path):
    """Converts what a full disk brings about into one line that says so.

    Args:
        path: what is read, perhaps by way of temporary files.

    Raises:
        StorageError: instead of it.
    """
    try:
        yield
    except Exception as error:
        if (reason := shortage(error)) is None:
            raise
        raise StorageError(
            f"Could not read {path}, by way of temporary files in TMPDIR: "
            f"{reason}"
        ) from error


@contextlib.contextmanager
def foreign_code():
    """Converts whatever a library raises over a file into a `ValueError`.

    It belongs around the call of the library alone. Where the library calls
    this package back, as Keras calls `from_config`, a bug of the package comes
    through as it is.

    Raises:
        ValueError: instead of what is no `DAMAGE`.

    Example:

    >>> import fractions
    >>> with foreign_code():
    ...     fractions.Fraction(1, 0)  # which is a ZeroDivisionError
    Traceback (most recent call last):
    ...
    ValueError: Fraction(1, 0)
    """
    older = sys.exception()  # handled by whoever calls, and no part of this
    try:
        yield
    except Exception as error:
        raise_bug(error, older)
        if isinstance(error, (*DAMAGE, MemoryError)):
            raise
        raise ValueError(reason_of(error)) from error


def raise_bug(error, older=None):
    """Raises the bug of this package that an exception is or hides, if any.

    Keras wraps what `from_config` raises into other exceptions. The first of
    the chain that was raised by a line of this package decides: it is a bug,
    unless it is `DAMAGE`, which is raised on purpose.

    Args:
        error: an exception of a library that was caught.
        older: an exception at which the chain ends. Defaults to `None`.
    """
    for each in chain(error, older):
        if _raised_here(each):
            if isinstance(each, DAMAGE):
                return
            raise each


def chain(error, older=None):
    """An exception, what it was raised from, and so on, up to an older one."""
    seen = set()
    while error not in (None, older) and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__


def _raised_here(error):
    """Whether the line that raised is one of this package."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    module = frames[-1].f_globals.get("__name__", "") if frames else ""
    return module.partition(".")[0] == PACKAGE


def reason_of(error):
    """The first line of an exception, at most 200 characters of it.

    Where Keras could not load some layers, its first line announces what is
    the matter with one of them, with a colon; then that is the reason.
    """
    if isinstance(error, KeyError):
        return f"{error} is missing"[:200]
    lines = [line for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.endswith(":")]
    return [*said, *lines, type(error).__name__][0][:200]


def _once(pairs):
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:60]!r} several times")
    return found


def _finite(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not finite")
    return value


def _not_finite(text):
    raise ValueError(f"{text} is not finite")
