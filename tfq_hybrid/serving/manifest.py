"""The manifest of an export: the SHA-256 of every file in it.

Its format is that of `sha256sum`, so that `sha256sum --check SHA256SUMS`
checks an export where this package is not installed.
"""

import hashlib
import pathlib
import re

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import write_text
from tfq_hybrid.reading import read_text, reading

MANIFEST = "SHA256SUMS"
_LARGEST = 2**20  # bytes; an export has about ten files
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def write_manifest(folder):
    """Writes the manifest of all files that are in a folder."""
    folder = pathlib.Path(folder)
    lines = [f"{_digest(folder / name)}  {name}\n" for name in _files(folder)]
    write_text(folder / MANIFEST, "".join(lines))


def check_manifest(folder):
    """Raises `UserError` unless an export is as it was written.

    Every file must be there with its content, and no other file.

    Args:
        folder: str or path. The folder of one version.

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
