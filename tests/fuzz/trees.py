"""An input of a reader: files and links by their names.

A dict of the path of each file, and its content: bytes, or a `Link`.
"""

import os
import pathlib
import shutil
from typing import NamedTuple


class Link(NamedTuple):
    """A symbolic link and where it leads to."""

    target: str


def write_tree(tree, folder):
    """Writes an input into an empty folder.

    Args:
        tree: dict of a path and bytes or a `Link`.
        folder: path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        else:
            path.write_bytes(content)


def read_tree(folder):
    """The files under a folder, as an input."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(pathlib.Path(folder).rglob("*"))
        if path.is_file()
    }


def empty(folder):
    """Removes all that is in a folder."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
