"""The manifest of a folder: the SHA-256 of each file, as `sha256sum` has it."""

import hashlib
import os
import pathlib
import re
import stat
from collections.abc import Iterable

from tfq_hybrid.files.writing import StrPath, write_text
from tfq_hybrid.reading import open_file, read_text, reading

MANIFEST = "SHA256SUMS"
_LARGEST = 2**20  # bytes; a folder has some ten files
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def write_manifest(folder: StrPath, names: Iterable[str] | None = None) -> None:
    """Writes the manifest of a folder.

    Args:
        folder: Of the files.
        names: The files that are new, beside those of the manifest that is
            there. Defaults to `None`: all files that are in the folder.
    """
    folder = pathlib.Path(folder)
    digests = {}
    if names is None:
        names = [name for name, odd in _files(folder).items() if not odd]
    elif (folder / MANIFEST).is_file():
        digests = _read(folder, "a whole folder")
    digests |= {name: _digest(folder / name) for name in names}
    lines = [f"{digests[name]}  {name}\n" for name in sorted(digests)]
    write_text(folder / MANIFEST, "".join(lines))


def check_manifest(
    folder: StrPath,
    expected: str = "a whole export",
    strict: bool = True,
    only: str | None = None,
) -> list[str]:
    """Checks that a folder is as it was written.

    Every file of the manifest must be there with its content.

    Args:
        folder: Of one version of an export, of a run, or of a preset.
        expected: What it should be, for the message. Defaults to `"a whole
            export"`.
        strict: Whether there must be a manifest, and no other files. Defaults
            to `True`.
        only: The file that is compared. Defaults to `None`: all.

    Returns:
        The names of other files, of which nothing is known.

    Raises:
        UserError: it is not; the message names the first file.

    Example:

    >>> import tempfile
    >>> from tfq_hybrid.errors import UserError
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "saved_model.pb"
    ...     _ = file.write_text("whole")
    ...     write_manifest(folder)
    ...     _ = check_manifest(folder)
    ...     _ = file.write_text("broken")
    ...     try:
    ...         check_manifest(folder)
    ...     except UserError as error:
    ...         print("damaged (saved_model.pb" in str(error))
    True
    """
    folder = pathlib.Path(folder)
    if not strict and not (folder / MANIFEST).is_file():
        return []
    listed = _read(folder, expected)
    with reading(expected, folder):
        found = _files(folder)
        for name, digest in listed.items():
            if only not in (None, name):
                continue
            if name not in found:
                raise ValueError(f"{name} is missing")
            if found[name]:
                raise ValueError(f"{name} is {found[name]}")
            if _digest(folder / name) != digest:
                raise ValueError(f"{name} has changed")
        others = sorted(found.keys() - listed.keys())
        others = [name for name in others if only in (None, name)]
        if strict and others:
            odd = found[others[0]] or f"not in {MANIFEST}"
            raise ValueError(f"{others[0]} is {odd}")
    return others


def _read(folder: pathlib.Path, expected: str) -> dict[str, str]:
    """The digests by file name."""
    path = folder / MANIFEST
    with reading(expected, folder):
        if not path.is_file():
            raise ValueError(f"{MANIFEST} is missing")
        lines = read_text(path, _LARGEST).split("\n")
        matches = [_LINE.fullmatch(line) for line in lines[:-1]]
        if lines[-1] or not matches or not all(matches):
            raise ValueError(f"{MANIFEST} cannot be read")
    return {match[2]: match[1] for match in matches if match}


def _files(folder: pathlib.Path) -> dict[str, str | None]:
    """All but folders and the manifest: what is odd of each, by its name."""
    found: dict[str, str | None] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):  # it may lead anywhere
            found[name] = "a link"
        elif not stat.S_ISDIR(mode):
            found[name] = None if stat.S_ISREG(mode) else "no file"
    found.pop(MANIFEST, None)
    return found


def folder_digest(folder: StrPath) -> str:
    """A digest of the names and contents of all files of a folder.

    Returns:
        64 hexadecimal digits.
    """
    folder, digest = pathlib.Path(folder), hashlib.sha256()
    for name in sorted(_files(folder)):
        digest.update(f"{_digest(folder / name)}  {name}\n".encode())
    return digest.hexdigest()


def _digest(path: pathlib.Path) -> str:
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
