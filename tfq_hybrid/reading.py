"""Reading files that may be damaged, or made to do harm.

Nothing here runs what a file says; what is too large is refused before it is
in memory; and what is wrong is one line.
"""

import contextlib
import json
import math
import pathlib
import re

from tfq_hybrid.errors import UserError

LARGEST_TEXT = 2**33  # bytes: 8 GiB of training text
# Bytes: 64 MiB, which Python may need 25 times as much memory to parse. The
# largest results have a few.
LARGEST_JSON = 2**26
_CHUNK = 2**20
_KINDS = {dict: "an object", str: "a text"}
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
        with path.open("rb") as file:
            content = _read_at_most(file, largest + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"Expected {expected}. Received: {path} ({reason})"
        ) from None
    if len(content) > largest:
        raise UserError(
            f"Expected at most {largest:,} bytes. Received: {path}, with more"
        )
    return content


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
    content = read_bytes(path, largest, expected)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UserError(
            f"Expected UTF-8 text. Received: {path}, line {line}, with the "
            f"byte 0x{content[error.start]:02x}"
        ) from None


def parse_json(text, finite=True):
    """What a JSON text stands for.

    Args:
        text: str.
        finite: bool. Whether a number may not be infinite or NaN, which
            Python takes for JSON. Defaults to `True`.

    Raises:
        ValueError: it is none; it is nested too deeply; it has such a
            number; or half a surrogate pair, which no encoder takes.

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
        content = json.loads(text, **(checks if finite else {}))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    # Only an escape brings it in.
    if ("\\ud" in text or "\\uD" in text) and _SURROGATE.search(
        json.dumps(content, ensure_ascii=False)
    ):
        raise ValueError("half a surrogate pair is no character")
    return content


def read_json(path, expected="JSON", kind=dict, hint=""):
    """The content of a JSON file.

    Args:
        path: str or path.
        expected: str. What it should be, for the message. Defaults to
            `"JSON"`.
        kind: `dict` or `str`: what stands outermost. Defaults to `dict`.
        hint: str, the end of the message. Defaults to none.

    Raises:
        UserError: it cannot be read, is too large or is damaged.
    """
    text = read_text(path, LARGEST_JSON, expected)
    with reading(expected, path, hint=hint):
        content = parse_json(text)
        if not isinstance(content, kind):
            raise ValueError(f"not {_KINDS[kind]}")
    return content


@contextlib.contextmanager
def reading(expected, path, errors=(), hint=""):
    """Converts read errors into a one-line `UserError`.

    Args:
        expected: str. What the file should be, such as `"a whole run"`.
        path: what is read.
        errors: tuple of the exceptions that mean damage beside those of
            Python's own types and of the system. Defaults to none. For a
            library that may raise anything, `(Exception,)`.
        hint: str, the end of the message. Defaults to none.

    Raises:
        UserError: instead of any of them.

    Example:

    >>> with reading("a whole run", "runs/sst2"):
    ...     {}["config"]
    Traceback (most recent call last):
    ...
    tfq_hybrid.errors.UserError: Expected a whole run. Received: runs/sst2, \
damaged ('config' is missing)
    """
    try:
        yield
    except UserError as error:
        raise _damaged(expected, path, error, hint) from None
    except (*DAMAGE, *errors) as error:
        raise _damaged(expected, path, error, hint) from None


# What code that reads raises when its input is not what it took it for.
DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


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


def _damaged(expected, path, error, hint):
    return UserError(
        f"Expected {expected}. Received: {path}, damaged "
        f"({reason_of(error)}){hint and '. ' + hint}"
    )


def _finite(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not finite")
    return value


def _not_finite(text):
    raise ValueError(f"{text} is not finite")
