"""Export a model as a SavedModel that serves strings."""

import contextlib
import pathlib

import keras

from tfq_hybrid.files import check_output_folder
from tfq_hybrid.serving.card import CARD, write_card
from tfq_hybrid.serving.folders import add_version, write_manifest
from tfq_hybrid.serving.kinds import KINDS, kind_of
from tfq_hybrid.serving.kinds.endpoint import Options
from tfq_hybrid.serving.onnx import FILE as ONNX
from tfq_hybrid.serving.onnx import check_onnx, to_onnx
from tfq_hybrid.serving.portable import folded, portable_copy


def export(
    model,
    path,
    label_names=None,
    preprocessor=None,
    about=None,
    with_onnx=False,
    fold=True,
):
    """Writes the next version of a SavedModel: `path/VERSION/`.

    The layout is the one that TensorFlow Serving reads. The signatures are
    those of the model's kind, see `KINDS`: `serve` takes strings, and needs
    the operations of TensorFlow Text; `serve_tokens` takes token ids, and is
    made of stock operations. Neither needs TensorFlow Quantum, Cirq, Keras or
    this package, whatever engine trained the model. Beside the SavedModel
    lie `MODEL_CARD.md` and `SHA256SUMS`, by which `Predictor` and
    `tfq-hybrid serve` refuse a damaged export.

    Args:
        model: a keras-hub text classifier, causal language model or
            backbone, adapted or not, or another Keras model.
        path: str or path. The folder of the model's versions.
        label_names: sequence of str, the labels of a classifier in the order
            of the logits. Defaults to `None`: "0", "1", ….
        preprocessor: a keras-hub preprocessor. Defaults to `None`: the
            model's own; a backbone has none, and then no `serve` either.
        about: dict of what the card says of the training; see
            `serving.about_run`. Defaults to `None`: nothing.

        with_onnx: bool. Whether `model.onnx` lies beside it: `serve_tokens`
            for other runtimes. Takes the packages of the extra `onnx`.
            Defaults to `False`.
        fold: bool. Whether trained angles of circuits become constants, which
            answers faster. Defaults to `True`.

    Returns:
        The folder of the new version, a `pathlib.Path`.

    Raises:
        UserError: the number of names is not that of the classes, the model
            cannot be exported, or the path cannot be written.
    """
    if with_onnx:
        check_onnx()
    path = pathlib.Path(path)
    names = None if label_names is None else tuple(map(str, label_names))
    kind = kind_of(model)
    model_to_trace = portable_copy(model)
    endpoints = KINDS[kind].endpoints(
        model_to_trace, Options(names, preprocessor)
    )
    check_output_folder(path)
    archive = keras.export.ExportArchive()
    archive.track(model_to_trace)
    # Keras traces once more when it writes.
    with folded(model_to_trace) if fold else contextlib.nullcontext():
        signatures = _add_endpoints(archive, endpoints)
        tokens = next(e for e in endpoints if e.name == "serve_tokens")
        onnx = to_onnx(tokens) if with_onnx else None

        def write(folder):
            archive.write_out(str(folder), verbose=False)
            if onnx is not None:
                (folder / ONNX).write_bytes(onnx)
            write_card(
                folder / CARD, path.name, kind, model, signatures, about or {}
            )
            write_manifest(folder)

        return add_version(path, write)


def _add_endpoints(archive, endpoints):
    """Traces endpoints: specs of their inputs and outputs, by name."""
    signatures = {}
    for endpoint in endpoints:
        specs = list(endpoint.specs)
        traced = archive.add_endpoint(endpoint.name, endpoint.function, specs)
        outputs = traced.get_concrete_function().structured_outputs
        inputs = {spec.name: spec for spec in specs}
        signatures[endpoint.name] = inputs, outputs
    return signatures
