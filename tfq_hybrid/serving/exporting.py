"""Export a model as a SavedModel that serves strings, and as ONNX."""

import contextlib
import importlib.util
import logging
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.files import check_output_folder
from tfq_hybrid.files.manifest import write_manifest
from tfq_hybrid.serving.answers import Answer
from tfq_hybrid.serving.card import CARD, write_card
from tfq_hybrid.serving.checking import (
    ask,
    check_answers,
    onnx_file,
    saved_model,
)
from tfq_hybrid.serving.circuits import folded, portable_copy
from tfq_hybrid.serving.endpoints import Endpoint, Options
from tfq_hybrid.serving.folders import add_version
from tfq_hybrid.serving.kinds import endpoints_of, kind_of

ONNX = "model.onnx"
ONNX_OPSET = 18
ONNX_PACKAGES = ("onnx", "onnxruntime", "tf2onnx")


def export(
    model: keras.Model,
    path: str | os.PathLike[str],
    label_names: Sequence[str] | None = None,
    preprocessor: Any = None,
    about: Mapping[str, Any] | None = None,
    with_onnx: bool = False,
    fold: bool = True,
    max_length: int | None = None,
    examples: Sequence[Mapping[str, Any]] | None = None,
    answer: Answer | None = None,
    adapter_names: Sequence[str] = (),
) -> pathlib.Path:
    """Writes the next version of a SavedModel: `path/VERSION/`.

    The layout is the one that TensorFlow Serving reads. The signatures are
    those of the model's kind: `serve` takes strings, and needs the operations
    of TensorFlow Text; `serve_tokens` takes token ids, and is made of stock
    operations. Neither needs TensorFlow Quantum, Cirq, Keras or this package,
    whatever engine trained the model. Beside the SavedModel lie
    `MODEL_CARD.md` and `SHA256SUMS`, by which `Predictor` and `tfq-hybrid
    serve` refuse a damaged export. The export is asked before it is kept: it
    must answer as the model in memory does, or nothing is left of it.

    Args:
        model: a keras-hub text classifier, causal language model or
            backbone, adapted or not, or another Keras model.
        path: The folder of the model's versions.
        label_names: The labels of a classifier in the order of the logits.
            Defaults to `None`: "0", "1", ….
        preprocessor: a keras-hub preprocessor. Defaults to `None`: the
            model's own; a backbone has none, and then no `serve` either.
        about: What the card says of the training; see `serving.about_run`.
            Defaults to `None`: nothing.
        with_onnx: Whether `model.onnx` lies beside it: `serve_tokens` for
            other runtimes. Takes the packages of the extra `onnx`. Defaults
            to `False`.
        fold: Whether trained angles of circuits become constants, which
            answers faster. Defaults to `True`.
        max_length: The longest input of a model without a fixed length, such
            as a backbone without a preprocessor. Defaults to `None`: the
            model's `max_sequence_length`, else 4,096.
        examples: Batches of inputs of `serve_tokens`, dicts of arrays by name,
            on which the export is held against the model. Defaults to `None`:
            made-up ones of several rows and lengths.
        answer: What the outputs of a text model stand for; `answer_of` tells
            it of a run. Defaults to `None`: classes, of single texts; a
            language model goes on after a prompt.
        adapter_names: The adapters of the model that rows can ask for, by one
            more input of each signature, `adapter`. The base is in the export
            once. Defaults to `()`: the active adapter answers all.

    Returns:
        The folder of the new version.

    Raises:
        UserError: the number of names is not that of the classes, the model
            cannot be exported, its export answers otherwise, or the path
            cannot be written.
    """
    if with_onnx:
        check_onnx()
    path = pathlib.Path(path)
    names = None if label_names is None else tuple(map(str, label_names))
    kind = kind_of(model)
    if answer is not None and kind in ("classification", "generation"):
        kind = answer.task
    if max_length is not None:
        check_integer("max_length", max_length, 1)
    options = Options(
        names, preprocessor, max_length, answer, tuple(adapter_names)
    )
    model_to_trace = portable_copy(model)
    endpoints = endpoints_of(model_to_trace, options)
    check_output_folder(path)
    archive = keras.export.ExportArchive()
    archive.track(model_to_trace)

    def folding():
        return folded(model_to_trace) if fold else contextlib.nullcontext()

    with folding():
        signatures = _add_endpoints(archive, endpoints)
        tokens = next(e for e in endpoints if e.name == "serve_tokens")
        onnx = to_onnx(tokens) if with_onnx else None
    answers = ask(model, options, examples)

    def write(folder):
        with folding():  # Keras traces once more
            archive.write_out(str(folder), verbose=False)
        check_answers(saved_model(folder), answers, model)
        if onnx is not None:
            of_tokens = [a for a in answers if a.signature == tokens.name]
            check_answers(onnx_file(onnx), of_tokens, model)
            (folder / ONNX).write_bytes(onnx)
        write_card(
            folder / CARD,
            path.name,
            kind,
            model,
            signatures,
            about or {},
            options.adapter_names,
        )
        write_manifest(folder)

    return add_version(path, write)


def _add_endpoints(
    archive: keras.export.ExportArchive, endpoints: Iterable[Endpoint]
) -> dict[str, tuple[dict, dict, int | None]]:
    """Traces endpoints: specs of inputs and outputs, and the longest."""
    signatures = {}
    for endpoint in endpoints:
        specs = list(endpoint.specs)
        traced = archive.add_endpoint(endpoint.name, endpoint.function, specs)
        concrete = traced.get_concrete_function()
        _check_operations(concrete.graph.as_graph_def())
        outputs = concrete.structured_outputs
        inputs = {spec.name: spec for spec in specs}
        signatures[endpoint.name] = inputs, outputs, endpoint.longest
    return signatures


def _check_operations(graph: tf.compat.v1.GraphDef) -> None:
    """Raises where a server would need the operations of TensorFlow Quantum."""
    nodes = [*graph.node]
    for function in graph.library.function:
        nodes += function.node_def
    found = sorted({node.op for node in nodes if node.op.startswith("Tfq")})
    if found:
        raise UserError(
            "Expected a model that a server can run without TensorFlow "
            f"Quantum. Received: one that needs {', '.join(found)}, as layers "
            "do whose inputs are circuits. Give it angles or amplitudes."
        )


def check_onnx() -> None:
    """Raises `UserError` unless the packages for ONNX are installed."""
    for package in ONNX_PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise UserError(
                "Expected the packages for ONNX: pip install "
                f"'tfq-hybrid[onnx]'. Received: no {package}"
            )


def to_onnx(endpoint: Endpoint) -> bytes:
    """The content of a `.onnx` file with the names of a token signature.

    ONNX has no operations that tokenize as TensorFlow Text does, and its
    runtimes take no complex numbers. The batched engine computes states as
    pairs of real and imaginary parts; the unitaries of trained circuits,
    which are complex, must be constants, as they are within `folded`.

    Raises:
        UserError: ONNX has no such operation as the model needs.
    """
    import onnx
    import tf2onnx

    specs = list(endpoint.specs)
    function = tf.function(
        endpoint.function, input_signature=specs, autograph=False
    )
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        model, _ = tf2onnx.convert.from_function(
            function, input_signature=specs, opset=ONNX_OPSET
        )
        onnx.checker.check_model(model, full_check=True)
    except (
        ValueError,
        RuntimeError,
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
    ) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UserError(
            "Expected a model of operations that ONNX has. Received: "
            f"{reason[:200]}"
        ) from None
    finally:
        logger.setLevel(level)
    return model.SerializeToString()
