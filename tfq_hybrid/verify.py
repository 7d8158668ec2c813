"""`verify`: whether a run, a model, an adapter, a preset or an export is whole.

And, where there are checksums, whether it is as it was written.
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import keras_hub
import numpy as np
import tensorflow as tf

import tfq_hybrid
from tfq_hybrid.adapters.weights import CHECKSUM, read_weights
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.archives import check_archive
from tfq_hybrid.files.hdf5 import check_weights, open_hdf5
from tfq_hybrid.files.manifest import MANIFEST, check_manifest
from tfq_hybrid.files.models import load_model
from tfq_hybrid.files.presets import check_preset, from_preset
from tfq_hybrid.reading import foreign_code, reading
from tfq_hybrid.serving.folders import load_export, versions
from tfq_hybrid.training.build import count_parameters
from tfq_hybrid.training.checkpoint import read_state
from tfq_hybrid.training.run_folder import WHOLE, RunFolder
from tfq_hybrid.training.telemetry.writers import read_rows


@dataclasses.dataclass
class Verification:
    """What was found.

    Args:
        kind: A key of `KINDS`.
        path: What was looked at.
        checks: A line for each thing that was found whole.
        problem: The first thing that was not. Defaults to `None`: nothing.
        unproven: What may have been edited, as no checksum tells. Defaults to
            `None`: nothing.
    """

    kind: str
    path: str
    checks: list[str] = dataclasses.field(default_factory=list)
    problem: str | None = None
    unproven: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {**dataclasses.asdict(self), "whole": self.is_whole}


class Unproven(str):
    """A line about what may have been edited."""


def verify(path: str | os.PathLike[str]) -> Verification:
    """Checks a run folder, an adapter, a model, a preset or an export.

    Every file is read as this package would read it: bounded in size,
    without pickle, links or code of its own. A SavedModel's own graph is
    loaded, which TensorFlow calls a program: verify what you would run.

    Args:
        path: Of a run folder; of the folder of an export, or of one of its
            versions; of a `.keras` file; of the `.h5` file of
            `adapters.save_weights`; or of the folder of a keras-hub preset.

    Returns:
        What is whole, and what is not.

    Raises:
        UserError: it is none of these.
        StorageError: there is no room for temporary files.

    Example:

    >>> import tempfile
    >>> broken = pathlib.Path(tempfile.mkdtemp()) / "adapter.h5"
    >>> _ = broken.write_bytes(b"nothing")
    >>> found = verify(broken)
    >>> found.kind, found.is_whole
    ('adapter', False)
    """
    path = pathlib.Path(path)
    found = Verification(_kind(path), str(path))
    try:
        for line in KINDS[found.kind](path):
            if isinstance(line, Unproven):
                found.unproven = line
            else:
                found.checks.append(line)
    except UserError as error:
        found.problem = str(error)
    return found


def _kind(path: pathlib.Path) -> str:
    if path.is_file() and path.suffix in (".keras", ".h5"):
        return "model" if path.suffix == ".keras" else "adapter"
    has_words = (path / "tokenizer.json").is_file()
    if (path / "metadata.json").is_file() or (
        has_words and (path / "assets").is_dir()
    ):
        return "preset"
    if RunFolder(path).is_run:
        return "run"
    marks = (MANIFEST, "saved_model.pb")
    if versions(path) or any((path / mark).is_file() for mark in marks):
        return "export"
    raise UserError(
        "Expected the folder of a run, of an export or of a preset, a .keras "
        f"file, or the .h5 file of an adapter. Received: {path}, which is "
        f"{'none of these' if path.exists() else 'not there'}"
    )


def _verify_run(path: pathlib.Path) -> Iterator[str]:
    run = RunFolder(path)
    config, labels, names, vocabulary = run.read()
    yield f"config.json: {config.model}, seed {config.seed}"
    with reading(WHOLE, run.config_file):
        if len(labels) != len(names):
            raise ValueError("labels and their names differ in number")
    with reading(WHOLE, run.vocabulary_file):
        if len(set(vocabulary)) < len(vocabulary):
            raise ValueError("a token is there twice")
    yield f"vocabulary.txt: {len(vocabulary):,} entries"
    yield from _verify_checkpoints(run)
    if (run.logs / "telemetry.csv").is_file():
        yield f"telemetry.csv: {_rows(run.logs / 'telemetry.csv'):,} readings"
    if not run.is_finished:
        yield "unfinished: no model yet"
        return
    metrics = run.metrics()
    total = metrics["parameters"]["total"]
    with reading(WHOLE, run.metrics_file):
        if len(metrics["history"]) != metrics["epochs"]:
            raise ValueError("the history is not that of the epochs")
    yield f"metrics.json: {metrics['epochs']} epochs"
    yield from _verify_archive(run.model_file)
    model = _read_finite(run.model_file)
    with reading(WHOLE, run.model_file):
        counted = count_parameters(model, config)["total"]
        if counted != total:
            raise ValueError(f"{counted} parameters, and {total} were trained")
    yield f"model.keras: loads, {counted:,} parameters, all finite"
    yield _compared(path, check_manifest(path, WHOLE, strict=False))


def _compared(folder: pathlib.Path, others: list[str]) -> str:
    """A line about the files that a manifest leaves out, if any."""
    if not (folder / MANIFEST).is_file():
        return Unproven(f"no {MANIFEST}, so that edits cannot be found")
    if others:
        count = f" and {len(others) - 1} more" if others[1:] else ""
        return Unproven(
            f"{others[0]}{count} not in {MANIFEST}, so that edits there cannot "
            "be found"
        )
    return f"{MANIFEST} holds for every file"


def _verify_checkpoints(run: RunFolder) -> Iterator[str]:
    state_file = run.checkpoints / "state.json"
    if not state_file.is_file():
        yield "checkpoints: none"
        return
    state = read_state(state_file)
    for name in sorted({state["last"], state["best"]}):
        path = run.checkpoints / name
        with (
            reading("a whole checkpoint", path),
            open_hdf5(path) as file,
        ):
            arrays, numbers = check_weights(file)
        yield f"{name}: {arrays} arrays, {numbers:,} numbers, all finite"
    yield f"state.json: epoch {state['epoch']}"


def _rows(path: pathlib.Path) -> int:
    """How many readings a CSV file holds."""
    with reading("the readings of a training", path):
        rows = read_rows(path)
        for row in rows[:-1]:  # a kill may have cut the last one short
            int("".join(row[:1]))
    return len(rows)


def _verify_model(path: pathlib.Path) -> Iterator[str]:
    yield from _verify_archive(path)
    model = _read_finite(path)
    yield f"loads: {model.count_params():,} parameters, all finite"
    folder, expected = path.parent, "a whole .keras file"
    others = check_manifest(folder, expected, strict=False, only=path.name)
    yield _compared(folder, others)


def _verify_archive(path: pathlib.Path) -> Iterator[str]:
    expected = "a whole .keras file"
    with reading(expected, path):
        names = check_archive(path)
        for name in ("config.json", "metadata.json", "model.weights.h5"):
            if name not in names:
                raise ValueError(f"{name} is missing")
    count = len(names)
    yield f"{path.name}: {count} archive members; checksums and paths valid"


def _read_finite(path: pathlib.Path) -> keras.Model:
    expected = "a whole .keras file"
    model = load_model(path, expected=expected)
    with reading(expected, path):
        _check_finite({v.path: v for v in model.variables})
    return model


def _verify_adapter(path: pathlib.Path) -> Iterator[str]:
    method, fingerprint, arrays = read_weights(path)
    with reading("a file of adapter weights", path):
        _check_finite(arrays)
    numbers = sum(array.size for array in arrays.values())
    yield f"{type(method).__name__} for the base {fingerprint[:12]}"
    yield f"{len(arrays)} arrays, {numbers:,} numbers, all finite"
    with open_hdf5(path) as file:
        if CHECKSUM in file.attrs:
            yield f"{CHECKSUM} holds"
        else:
            yield Unproven(f"no {CHECKSUM}, so that edits cannot be found")


def _verify_preset(path: pathlib.Path) -> Iterator[str]:
    expected = "a whole preset"
    tfq_hybrid.register()
    with reading(expected, path):
        check_preset(path)
        if (path / "config.json").is_file():
            model = from_preset(keras_hub.models.Backbone, path)
            _check_finite({v.path: v for v in model.variables})
            yield f"loads: {model.count_params():,} parameters, all finite"
    yield _compared(path, check_manifest(path, expected, strict=False))


def _verify_export(path: pathlib.Path) -> Iterator[str]:
    found = versions(path)
    for folder in [path / str(n) for n in found] if found else [path]:
        folder, model = load_export(folder)
        yield f"{folder.name}: {MANIFEST} holds for every file"
        with reading("a whole export", folder):
            names = sorted(model.signatures)
            if not names:
                raise ValueError("it has no signature")
            variables = _read_variables(folder)
            _check_finite(variables)
        yield (
            f"{folder.name}: loads, with {', '.join(names)}; "
            f"{len(variables)} variables, all finite"
        )


def _read_variables(folder: pathlib.Path) -> dict[str, np.ndarray]:
    """The variables of a SavedModel by their places in it.

    The loaded object need not list them, and names need not differ.
    """
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    with foreign_code():
        file = tf.train.load_checkpoint(str(folder / "variables/variables"))
        places = [key for key in file.get_variable_to_shape_map() if end in key]
        return {key.removesuffix(end): file.get_tensor(key) for key in places}


def _check_finite(arrays: Mapping[str, Any]) -> None:
    for name, array in arrays.items():
        array = np.asarray(array)
        is_float = array.dtype.kind in "fV"  # V: bfloat16
        if is_float and not np.isfinite(array.astype(np.float32)).all():
            raise ValueError(f"{name} is not finite")


KINDS: dict[str, Callable[[pathlib.Path], Iterator[str]]] = {
    "run": _verify_run,
    "model": _verify_model,
    "adapter": _verify_adapter,
    "export": _verify_export,
    "preset": _verify_preset,
}
