"""Writing files: atomically, and only where it can be done."""

import json
import os
import pathlib

from tfq_hybrid.errors import UserError


def write_json(path, content):
    """Writes JSON atomically: a reader sees the old file or the new one.

    Raises:
        ValueError: a number is not finite, which JSON cannot hold.
    """
    path = pathlib.Path(path)
    text = json.dumps(content, indent=2, allow_nan=False)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


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
