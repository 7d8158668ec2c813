"""`MODEL_CARD.md`: what an export is, for the person who finds it."""

import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from tfq_hybrid.adapters.hosts import HOSTS
from tfq_hybrid.adapters.variables import size_of
from tfq_hybrid.files import write_text
from tfq_hybrid.reading import read_json
from tfq_hybrid.reports.document import markdown_table
from tfq_hybrid.serving.circuits import circuit_layers
from tfq_hybrid.training.run_folder import WHOLE, ConfigFile, RunFolder
from tfq_hybrid.version import __version__

CARD = "MODEL_CARD.md"
PACKAGES = (
    "tensorflow",
    "tensorflow-text",
    "tensorflow-quantum",
    "cirq-core",
    "keras",
    "keras-hub",
)
# Too long for a card, or told elsewhere in it.
_NO_METRICS = ("history", "parameters", "seconds")


def about_run(
    run: str | os.PathLike[str], baseline: str | os.PathLike[str] | None = None
) -> dict[str, Any]:
    """What a model card says of a run, and of its classical baseline's.

    Args:
        run: The folder of a finished run.
        baseline: That of the baseline's run. Defaults to `None`: not shown.

    Returns:
        What `export(..., about=...)` takes: `config`, `labels`, `metrics` and
        `baseline_metrics`.

    Raises:
        UserError: there is no finished run.
    """
    folder = RunFolder(run)
    about = {"metrics": folder.metrics()}
    content = read_json(folder.config_file, WHOLE, ConfigFile)
    about["config"] = content["config"]
    about["labels"] = content.get("label_names")
    if baseline is not None:
        about["baseline_metrics"] = RunFolder(baseline).metrics()
    return about


def write_card(
    path: pathlib.Path,
    name: str,
    kind: str,
    model: keras.Model,
    signatures: Mapping[str, tuple[dict, dict, int | None]],
    about: Mapping[str, Any],
    adapter_names: Sequence[str] = (),
) -> None:
    """Writes the model card of an export, of a kind of `KINDS`.

    The model is as it was before its circuits changed engine; a signature is
    its inputs and outputs, dicts of a name and a `tf.TensorSpec`, and the most
    entries of an axis of its inputs without a fixed length.
    """
    sections = [
        _head(name, kind, model, adapter_names),
        _signatures(signatures),
        _parameters(model),
        _circuits(model),
        _training(about),
        _versions(),
    ]
    write_text(path, "\n\n".join(filter(None, sections)) + "\n")


def _head(name, kind, model, adapter_names):
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    circuits = " Circuits are simulated." if circuit_layers(model) else ""
    adaptation = getattr(model, "adaptation", None)
    adapted = ""
    if adapter_names:
        methods = ", ".join(
            f"`{key}` ({type(adaptation.methods[key]).__name__})"
            for key in adapter_names
        )
        adapted = f", of which `adapter` names each row's adapter: {methods}"
    elif type(model) in HOSTS.values() and adaptation.method is not None:
        adapted = f", adapted by {type(adaptation.method).__name__}"
    return (
        f"# {name}\n\n"
        f"A `{type(model).__name__}`{adapted}; exported for {kind}, {now}."
        f"{circuits} It needs TensorFlow, and for strings TensorFlow Text, "
        "and nothing else. It was kept because it answers as the model in "
        "memory did. `sha256sum --check SHA256SUMS` tells whether it is whole."
    )


def _signatures(signatures):
    rows = [
        (
            f"`{name}`",
            ", ".join(_tensor(*item, longest) for item in inputs.items()),
            ", ".join(_tensor(*item) for item in outputs.items()),
        )
        for name, (inputs, outputs, longest) in signatures.items()
    ]
    return _table("Signatures", ("signature", "inputs", "outputs"), rows)


def _tensor(name, spec, longest=None):
    shape = ["?" if size is None else str(size) for size in spec.shape]
    if longest is not None:
        shape[1:] = [f"≤ {longest}" if n == "?" else n for n in shape[1:]]
    return f"`{name}` {spec.dtype.name} ({', '.join(shape)})"


def _parameters(model):
    trained = sum(size_of(v) for v in model.trainable_variables)
    circuits = sum(c.count_params() for _, c in circuit_layers(model))
    rows = [
        ("all", f"{model.count_params():,}"),
        ("trainable", f"{trained:,}"),
        ("in circuits", f"{circuits:,}"),
    ]
    return _table("Parameters", ("parameters", "count"), rows)


def _circuits(model):
    """Each circuit once, with the layers that have it."""
    places = {}
    for path, layer in circuit_layers(model):
        diagram = layer.model_circuit.to_text_diagram()
        readout = ", ".join(map(str, layer.operators))
        places.setdefault((diagram, readout), []).append((path, layer))
    parts = []
    for (diagram, readout), layers in places.items():
        names = ", ".join(f"`{path}`" for path, _ in layers)
        parts.append(
            f"In {names}; readout {readout}; trained on the engine "
            f"`{layers[0][1].engine_choice.name}`.\n\n{_block(diagram)}"
        )
    return "\n\n".join(["## Circuits", *parts]) if parts else ""


def _training(about):
    parts = []
    if "metrics" in about:
        metrics = _scalars(about["metrics"])
        baseline = _scalars(about.get("baseline_metrics") or {})
        head = ("metric", "this model", "classical baseline")[
            : 3 if baseline else 2
        ]
        rows = [
            (name, _number(value), _number(baseline.get(name)))[: len(head)]
            for name, value in metrics.items()
        ]
        parts.append(_table("Metrics", head, rows))
        if not baseline:
            parts.append("The classical baseline's were not given.")
    if "config" in about:
        text = json.dumps(about["config"], indent=2)
        data = f"Data: `{about['config'].get('data')}`."
        parts += [f"## Training\n\n{data}", _block(text)]
    return "\n\n".join(parts)


def _scalars(metrics):
    return {
        name: "undefined" if value is None else value
        for name, value in metrics.items()
        if name not in _NO_METRICS
        and (value is None or isinstance(value, (int, float)))
    }


def _number(value):
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _versions():
    rows = [("tfq-hybrid", __version__), ("python", platform.python_version())]
    rows += [(name, importlib.metadata.version(name)) for name in PACKAGES]
    return _table("Versions", ("package", "version"), rows)


def _table(title, head, rows):
    return f"## {title}\n\n{markdown_table(head, rows)}"


def _block(text):
    """Text as it is, indented, so that nothing in it ends the block."""
    return "\n".join(f"    {line}".rstrip() for line in text.split("\n"))
