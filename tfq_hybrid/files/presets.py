"""Presets of keras-hub and folders of Hugging Face, read as data."""

import contextlib
import functools
import math
import os
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import keras
import keras_hub
from keras_hub.src.utils import preset_utils  # has no public name

from tfq_hybrid.files import (
    naming_storage_errors,
    remove_partials,
    replacing,
)
from tfq_hybrid.files.budget import Budget, spending
from tfq_hybrid.files.configs import check_config
from tfq_hybrid.files.filling import to_be_filled
from tfq_hybrid.files.hdf5 import datasets, open_hdf5
from tfq_hybrid.files.locks import writing
from tfq_hybrid.files.manifest import write_manifest
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.reading import (
    LARGEST_JSON,
    foreign_code,
    naming_shortage,
    parse_json,
    read_text,
)
from tfq_hybrid.shapes import check_shape

# What keras-hub builds objects from.
CONFIGS = (
    "config.json",
    "task.json",
    "preprocessor.json",
    "tokenizer.json",
    "audio_converter.json",
    "image_converter.json",
    "video_converter.json",
)
WEIGHTS = (".h5", ".safetensors")


def _keep_tied(kind: Any) -> None:
    """Lets a config say that the embeddings are tied.

    keras-hub leaves it out of a Llama's config: what was saved would be
    loaded with another output matrix, of which the file has none.
    """
    original = kind.get_config

    @functools.wraps(original)
    def get_config(self):
        tied = {"tie_word_embeddings": True} if self.tie_word_embeddings else {}
        return original(self) | tied

    kind.get_config = get_config


_keep_tied(keras_hub.models.LlamaBackbone)


def from_preset(
    kind: Any, preset: str | os.PathLike[str], **options: Any
) -> Any:
    """`kind.from_preset(preset)`, without running code from the folder.

    A preset may also be a handle of a hub, of which the configs are checked
    and the sizes are not.

    Raises:
        ValueError: the preset names code, files elsewhere, or a model that
            is larger than its weights; or whatever keras-hub and its
            downloaders raise.
        OSError: as they raise it.
    """
    folder, budget = pathlib.Path(preset), None
    if folder.is_dir():
        budget = Budget.of_weights(check_preset(folder))
    else:
        _check_handle(str(preset))
    # Only a backbone, and a language model on it, come whole from a preset.
    whole = keras_hub.models.Backbone, keras_hub.models.CausalLM
    is_whole = isinstance(kind, type) and issubclass(kind, whole)
    filled = is_whole and options.get("load_weights", True)
    with contextlib.ExitStack() as stack:
        stack.enter_context(naming_shortage(preset))
        stack.enter_context(spending(budget))
        if filled:
            stack.enter_context(to_be_filled())
        stack.enter_context(calling_keras())
        return kind.from_preset(str(preset), **options)


def save_preset(
    model: keras.Model,
    save: Callable[[str], object],
    folder: str | os.PathLike[str],
) -> None:
    """Writes the files of a preset, each whole or not at all.

    Other files there stay, such as those of its tokenizer.

    Args:
        model: What is saved.
        save: Writes it into the folder whose path it gets.
        folder: Of the preset, which gets checksums of them too.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    folder = pathlib.Path(folder)
    with writing(folder, wait=True), naming_storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        remove_partials(folder)
        with tempfile.TemporaryDirectory(
            prefix=".partial-", dir=folder
        ) as fresh:
            _check_room(model, pathlib.Path(fresh) / "room")
            save(fresh)
            paths = [p for p in pathlib.Path(fresh).rglob("*") if p.is_file()]
            names = [path.relative_to(fresh).as_posix() for path in paths]
            for path, name in zip(paths, names, strict=True):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                with replacing(folder / name) as partial:
                    path.rename(partial)
        write_manifest(folder, names)


def _check_room(model: keras.Model, path: pathlib.Path) -> None:
    """Takes the room of a model's weights, and gives it back.

    The HDF5 library does not survive a disk that fills up under it.
    """
    size = 2**16  # of the configs, and for what HDF5 writes of each array:
    for variable in model.variables:
        size += 1000 + variable.value.dtype.size * math.prod(variable.shape)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)
    path.unlink()


def check_preset(folder: pathlib.Path) -> int:
    """Checks the folder of a preset: the size of its weights in bytes.

    Raises:
        ValueError, OSError: it is damaged, names code or files elsewhere, or
            holds arrays that are larger than their file.
    """
    inside = folder.resolve()
    for path in folder.rglob("*"):
        if not path.resolve().is_relative_to(inside):
            raise ValueError(f"{path.name} is a link that leads out of it")
        if not (path.is_file() or path.is_dir()):
            raise ValueError(f"{path.name} is no file")
    for path in folder.glob("*.json"):
        content = parse_json(read_text(path, LARGEST_JSON), finite=False)
        if isinstance(content, dict):
            _check_object(content)
            _check_shards(content.get("weight_map", {}))
    for path in folder.rglob("*.h5"):
        with open_hdf5(path) as file:
            datasets(file)
    return sum(
        p.stat().st_size for p in folder.rglob("*") if p.suffix in WEIGHTS
    )


def _check_handle(preset: str) -> None:
    """Looks through the configs behind a handle, which may be downloaded."""
    for name in CONFIGS:
        with foreign_code():
            content = (
                preset_utils.load_json(preset, name)
                if preset_utils.check_file_exists(preset, name)
                else None
            )
        _check_object(content)


def _check_object(content: object) -> None:
    """Others than Keras's have no class in them: keras-hub has a table."""
    if isinstance(content, dict) and (
        "class_name" in content or "registered_name" in content
    ):
        check_config(content)


def _check_shards(weight_map: dict) -> None:
    """The names of further files of weights: beside this one."""
    check_shape(weight_map, dict, "weight_map")
    for names in weight_map.values():
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str) or pathlib.Path(name).name != name:
                raise ValueError(f"the file {str(name)[:60]!r} is elsewhere")
