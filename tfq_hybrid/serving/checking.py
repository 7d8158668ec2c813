"""Whether an export answers as the model in memory does."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import ml_dtypes
import numpy as np
import tensorflow as tf

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import raise_bug, reason_of
from tfq_hybrid.serving.endpoints import ADAPTER, Endpoint, Options
from tfq_hybrid.serving.folders import load_text_operations
from tfq_hybrid.serving.kinds import endpoints_of

# Made-up inputs are of these rows, and lengths where a length is free.
BATCHES = ((1, 16), (3, 7))
TEXTS = ("a fine film", "", "It's 20 °C, isn't it? Yes: naïve café!")
# What a prompt is asked with: greedy, so that the text is one text.
SETTINGS = {"max_length": 8, "temperature": 1.0, "top_k": 1, "seed": 0}
Tensors = dict[str, tf.Tensor]


class Answer(NamedTuple):
    """The outputs of a signature for some inputs.

    They are random where the same inputs gave two answers, as shots do.
    """

    signature: str
    inputs: Tensors
    outputs: dict[str, np.ndarray]
    is_random: bool


def ask(
    model: keras.Model,
    options: Options,
    examples: Iterable[Mapping[str, Any]] | None = None,
) -> list[Answer]:
    """The answers of a model in memory to a few inputs of each signature.

    Args:
        model: As for `export`.
        options: As for `endpoints_of`.
        examples: As for `export`.

    Raises:
        UserError: it cannot answer them.
    """
    found = []
    for endpoint in endpoints_of(model, options):
        batches = [_made_up(endpoint, model, *size) for size in BATCHES]
        if examples is not None and endpoint.name == "serve_tokens":
            batches = [_tensors(endpoint, example) for example in examples]
        for inputs in batches:
            try:
                outputs, again = (_outputs(endpoint, inputs) for _ in range(2))
            except Exception as error:  # whatever its layers raise
                raise_bug(error)
                raise UserError(
                    "Expected a model that answers made-up inputs, or "
                    "examples=[...] that it answers. Received: "
                    f"{_shapes(inputs)} for {endpoint.name}: {reason_of(error)}"
                ) from error
            is_random = not all(
                _is_equal(outputs[name], again[name]) for name in outputs
            )
            found.append(Answer(endpoint.name, inputs, outputs, is_random))
    return found


# What runs an export: from a signature and its inputs to its outputs.
Runtime = Callable[[str, Tensors], dict[str, Any]]


def saved_model(folder: str | os.PathLike[str]) -> Runtime:
    """TensorFlow, for a SavedModel."""
    load_text_operations()
    signatures = tf.saved_model.load(str(folder)).signatures
    return lambda signature, inputs: signatures[signature](**inputs)


def onnx_file(content: bytes) -> Runtime:
    """ONNX Runtime, for the content of a file of one signature."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        content, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]

    def run(signature, inputs):
        arrays = {name: value.numpy() for name, value in inputs.items()}
        return dict(zip(names, session.run(names, arrays), strict=True))

    return run


def check_answers(
    run: Runtime, answers: Sequence[Answer], model: keras.Model
) -> None:
    """Raises `UserError` unless an export gives the answers of a model.

    Numbers may differ in the lower half of the digits of the coarsest type
    that the model computes in; of random ones, the shapes are compared. Labels
    may differ where two probabilities are as near.
    """
    coarsest = _epsilon(model)
    for answer in answers:
        try:
            found = run(answer.signature, answer.inputs)
        except Exception as error:  # whatever a runtime raises
            raise_bug(error)
            raise _differs(answer, f"it fails: {reason_of(error)}") from error
        for name, value in answer.outputs.items():
            restored = _array(found[name])
            reason = _difference(name, value, restored, answer, coarsest)
            if reason:
                raise _differs(answer, f"{name} {reason}")


def _difference(name, value, found, answer, epsilon):
    """How an output differs, or nothing."""
    if value.shape != found.shape:
        return f"is of shape {found.shape}, not {value.shape}"
    if answer.is_random:
        return ""
    if name == "words":
        return "" if np.array_equal(value, found) else "are other ones"
    if value.dtype == object:
        if epsilon > np.finfo("float32").eps:
            return ""  # ties are common among numbers of few digits
        clear = _is_clear(answer.outputs, value.shape, epsilon)
        return "" if np.all((value == found) | ~clear) else "is another text"
    if value.dtype.kind not in "fcV":  # V: bfloat16
        return "" if np.array_equal(value, found) else "differs"
    if value.dtype.kind == "V" or value.dtype.itemsize < 4:
        epsilon = max(epsilon, float(ml_dtypes.finfo(value.dtype).eps))
        value, found = value.astype("float32"), found.astype("float32")
    scale = np.max(np.abs(value), initial=1.0, where=np.isfinite(value))
    allowed = np.sqrt(epsilon) * scale
    if np.allclose(value, found, rtol=0, atol=allowed, equal_nan=True):
        return ""
    return f"differs by {np.nanmax(np.abs(value - found)):.3g}"


def _is_clear(outputs, shape, epsilon):
    """Whether the largest probability behind each text is so by a margin."""
    probabilities = outputs.get("probabilities")
    if probabilities is None or probabilities.shape[-1] < 2:
        return np.ones(shape, bool)
    margin = 2 * np.sqrt(epsilon)
    if probabilities.shape == shape:  # of the label that each word has
        return probabilities > 0.5 + margin
    best = np.sort(probabilities, axis=-1)[:, -2:]
    return best[:, 1] - best[:, 0] > margin


def _differs(answer, reason):
    return UserError(
        "Expected an export that answers as the model in memory does. "
        f"Received: one of which {answer.signature}, for "
        f"{_shapes(answer.inputs)}, does not: {reason}. Nothing is exported: a "
        "layer does something else in a graph than outside of it."
    )


def _epsilon(model):
    """The machine epsilon of the coarsest type that a model computes in."""
    layers = [model, *(layer for _, layer in named_layers(model))]
    types = {layer.compute_dtype for layer in layers}
    return max(
        float(ml_dtypes.finfo(name).eps)
        for name in {*types, "float32"}
        if keras.backend.is_float_dtype(name or "")
    )


def _outputs(endpoint, inputs):
    outputs = endpoint.function(*inputs.values())
    return {name: _array(value) for name, value in outputs.items()}


def _array(value):
    """NumPy's array; of texts as they are shown, bytes that are none replaced.

    Outside of a graph, keras-hub replaces such bytes itself.
    """
    array = tf.convert_to_tensor(value).numpy()
    if array.dtype != object:
        return array
    texts = [text.decode("utf-8", "replace") for text in array.ravel()]
    return np.array(texts, object).reshape(array.shape)


def _is_equal(a, b):
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _tensors(endpoint: Endpoint, example: Mapping[str, Any]) -> Tensors:
    names = {spec.name for spec in endpoint.specs}
    if names != example.keys():
        raise UserError(
            f"Expected examples with the names {', '.join(sorted(names))}. "
            f"Received: {', '.join(map(str, example))}"
        )
    return {
        spec.name: tf.convert_to_tensor(example[spec.name], spec.dtype)
        for spec in endpoint.specs
    }


def _made_up(
    endpoint: Endpoint, model: keras.Model, rows: int, length: int
) -> Tensors:
    """Inputs of a signature, the same ones each time."""
    generator = np.random.default_rng(rows)
    length = min(length, endpoint.longest or length)
    body = getattr(model, "backbone", model)
    words = getattr(body, "vocabulary_size", 2)
    inputs = {}
    for spec in endpoint.specs:
        sizes = [size or length for size in spec.shape[1:]]
        shape = ([spec.shape[0] or rows] if spec.shape.rank else []) + sizes
        if spec.name in SETTINGS and "prompt" in endpoint.specs[0].name:
            value = np.full(shape, SETTINGS[spec.name])
        elif spec.name == ADAPTER.name and endpoint.adapter_names:
            names = np.array(endpoint.adapter_names, object)
            value = np.resize(names, shape)
        elif spec.dtype == tf.string:
            texts = [_cut(text, endpoint.longest_text) for text in TEXTS]
            value = np.resize(np.array(texts, object), shape)
        elif "padding_mask" in spec.name:
            ends = sizes[0] - np.arange(shape[0]) * (sizes[0] // 4)
            value = np.arange(sizes[0]) < ends[:, None]
        elif spec.dtype.is_integer:
            top = words if spec.name.endswith("token_ids") else 2
            value = generator.integers(0, top, shape)
        elif spec.dtype.is_bool:
            value = generator.random(shape) < 0.5
        else:
            value = generator.normal(size=shape)
        tensor = tf.convert_to_tensor(value)
        inputs[spec.name] = tf.cast(tensor, spec.dtype)
    return inputs


def _cut(text, size):
    """A text of at most so many bytes."""
    return text.encode()[:size].decode(errors="ignore")


def _shapes(inputs):
    return ", ".join(f"{name} {tuple(x.shape)}" for name, x in inputs.items())
