"""The weights of a Hugging Face directory: one file, or shards by an index."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import TypedDict

from tfq_hybrid.bases.tensors import Header, headers
from tfq_hybrid.errors import listed
from tfq_hybrid.reading import read_json

WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"
ENDING = ".safetensors"


class Index(TypedDict):
    """What is used of an index: the shard of each tensor."""

    weight_map: dict[str, str]


@dataclasses.dataclass(frozen=True)
class Weights:
    """The tensors of a directory, whatever files they are in.

    Attributes:
        headers: of each tensor, in the order of the files.
        files: the file of each tensor, by its name.
        size: of all files, in bytes.
    """

    headers: tuple[Header, ...]
    files: Mapping[str, pathlib.Path]
    size: int


def has_weights(folder: pathlib.Path) -> bool:
    """Whether a directory holds weights, or an index of them."""
    return any((folder / name).is_file() for name in (WEIGHTS, INDEX))


def weights_of(folder: pathlib.Path) -> Weights:
    """The weights of a directory, of which no tensor is read yet.

    An index names the shard of each tensor, and each shard holds the tensors
    that are named, no other ones.

    Raises:
        ValueError, OSError: a file is damaged or missing, a tensor is in
            another shard than the index says or in two, or the index names a
            file elsewhere.
    """
    if not (folder / INDEX).is_file():
        return _joined({folder / WEIGHTS: headers(folder / WEIGHTS)})
    places = read_json(folder / INDEX, shape=Index)["weight_map"]
    names = sorted({*places.values()})
    for name in names:
        _check_shard(folder, name)
    if WEIGHTS not in names and (folder / WEIGHTS).exists():
        raise ValueError(f"{INDEX} does not name {WEIGHTS}, which is there too")
    if not names:
        raise ValueError(f"{INDEX} names no tensor")
    found = {folder / name: headers(folder / name) for name in names}
    _check_places(places, found)
    return _joined(found)


def _check_shard(folder, name):
    """A shard is a file beside its index."""
    is_beside = pathlib.PurePath(name).name == name and "\\" not in name
    if not is_beside or not name.endswith(ENDING) or name.startswith("."):
        raise ValueError(
            f"{INDEX} names {name[:60]!r}, and not a {ENDING} file beside it"
        )
    if not (folder / name).is_file():
        raise ValueError(f"the shard {name[:100]} is missing")


def _check_places(places, found):
    """Each tensor is in the shard that the index names, and in no other."""
    there: dict[str, str] = {}
    for path, tensors in found.items():
        for tensor in tensors:
            if tensor.name in there:
                raise ValueError(
                    f"the tensor {tensor.name[:100]} is in two shards, "
                    f"{there[tensor.name]} and {path.name}"
                )
            there[tensor.name] = path.name
    for name, file in there.items():
        if places.get(name) != file:
            said = f"in {places[name]}" if name in places else "nowhere"
            raise ValueError(
                f"the tensor {name[:100]} is in {file}, and by {INDEX} {said}"
            )
    missing = sorted(places.keys() - there.keys())
    if missing:
        raise ValueError(
            f"without the tensors {listed(missing)}, which {INDEX} names"
        )


def _joined(found):
    return Weights(
        tuple(header for tensors in found.values() for header in tensors),
        {t.name: path for path, tensors in found.items() for t in tensors},
        sum(path.stat().st_size for path in found),
    )
