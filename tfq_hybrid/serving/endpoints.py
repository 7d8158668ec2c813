"""`Endpoint`: a signature of an export, before it is traced."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.adapters.rows import using
from tfq_hybrid.serving.answers import Answer

TEXT = tf.TensorSpec([None], tf.string, name="text")
ADAPTER = tf.TensorSpec([None], tf.string, name="adapter")
# Entries of an axis without a fixed length, where the model has no bound.
LONGEST = 4096


@dataclasses.dataclass(frozen=True)
class Options:
    """What an export is told beside the model.

    Args:
        label_names: The labels of a classifier. Defaults to `None`: "0",
            "1", ….
        preprocessor: Of keras-hub. Defaults to `None`: the model's own.
        max_length: The longest input where the model has no fixed length.
            Defaults to `None`: `max_sequence_length` of the model if it has
            one, else 4,096.
        answer: What the outputs of a text model stand for. Defaults to
            `None`: classes, of single texts; a language model goes on after
            a prompt.
        adapter_names: The adapters that rows can ask for. Defaults to `()`:
            the active one answers all.
    """

    label_names: Sequence[str] | None = None
    preprocessor: Any = None
    max_length: int | None = None
    answer: Answer | None = None
    adapter_names: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A function from tensors to a dict of tensors, before it is traced.

    Args:
        name: `serve` becomes TensorFlow Serving's default.
        function: Takes one tensor for each spec, in their order.
        specs: The named specs of its inputs.
        longest: The most entries of an axis without a fixed length, but for
            the first, the rows. Defaults to `None`: there is no such axis.
        adapter_names: What `adapter` may be, where that is an input.
        longest_text: The most bytes of a text that surely fit. Defaults to
            `None`: texts of any length do.
    """

    name: str
    function: Callable[..., dict]
    specs: tuple[tf.TensorSpec, ...]
    longest: int | None = None
    adapter_names: tuple[str, ...] = ()
    longest_text: int | None = None


def of_rows(
    model: keras.Model, endpoint: Endpoint, names: tuple[str, ...]
) -> Endpoint:
    """An endpoint with one more input: the adapter that answers each row.

    The graph holds the model once for each adapter, over the same weights.
    Rows of one adapter are computed together.
    """

    def call(*tensors):
        *inputs, asked = tensors
        known = tf.reduce_any(asked[:, None] == tf.constant(names), axis=1)
        message = f"Expected adapter to be one of: {', '.join(names)}"
        tf.debugging.assert_equal(known, tf.ones_like(known), message)
        places, parts = [], []
        for name in names:
            rows = tf.where(asked == name)[:, 0]
            # Outside of a graph, tokenizers take no empty batch.
            if tf.executing_eagerly() and not len(rows):
                continue
            own = [tf.gather(tensor, rows) for tensor in inputs]
            with using(model, name):
                parts.append(endpoint.function(*own))
            places.append(tf.cast(rows, tf.int32))
        return {
            key: _stitched(places, [part[key] for part in parts])
            for key in parts[0]
        }

    specs = (*endpoint.specs, ADAPTER)
    return dataclasses.replace(
        endpoint, function=call, specs=specs, adapter_names=names
    )


def _stitched(places, parts):
    """Parts of a batch in the order of its rows, padded to one shape."""
    if parts[0].shape[1:].is_fully_defined():
        return tf.dynamic_stitch(places, parts)
    shapes = [tf.shape(part) for part in parts]
    widest = tf.reduce_max(tf.stack(shapes), axis=0)
    blank = "" if parts[0].dtype == tf.string else 0
    padded = []
    for part, shape in zip(parts, shapes, strict=True):
        missing = tf.concat([[0], (widest - shape)[1:]], axis=0)
        ends = tf.stack([tf.zeros_like(missing), missing], axis=1)
        blanks = tf.constant(blank, part.dtype)
        padded.append(tf.pad(part, ends, constant_values=blanks))
    return tf.dynamic_stitch(places, padded)


def of_text(
    model, options, preprocessor, serve_tokens, serve, text_specs=(TEXT,)
):
    """`serve_tokens` and, where there is a preprocessor, `serve`.

    keras-hub's models take int32 tensors of shape (batch, length), by name.
    """
    length = preprocessor.sequence_length if preprocessor else None
    specs = tuple(
        tf.TensorSpec([None, length], tf.int32, name=name)
        for name in sorted(model.input)
    )
    found = [by_name(specs, serve_tokens, model, options)]
    if preprocessor is not None:
        found.insert(0, Endpoint("serve", serve, text_specs))
    return found


def by_name(
    specs: tuple[tf.TensorSpec, ...],
    function: Callable[[dict], dict],
    model: keras.Model,
    options: Options,
) -> Endpoint:
    """`serve_tokens`, of a function of one dict, its lengths bounded."""
    longest = None
    if any(None in spec.shape[1:] for spec in specs):
        body = getattr(model, "backbone", model)
        own = getattr(body, "max_sequence_length", None)
        longest = min(options.max_length or own or LONGEST, own or 2**31)

    def call(*tensors):
        pairs = zip(tensors, specs, strict=True)
        return function({s.name: _bounded(x, s, longest) for x, s in pairs})

    return Endpoint("serve_tokens", call, specs, longest)


def _bounded(tensor, spec, longest):
    """A tensor, which fails in the graph where it is too long."""
    free = [i for i, n in enumerate(spec.shape) if i and n is None]
    if not free:
        return tensor
    length = tf.reduce_max(tf.gather(tf.shape(tensor), free))
    message = f"Expected at most {longest} entries in {spec.name}. Received:"
    check = tf.debugging.Assert(length <= longest, [message, length])
    with tf.control_dependencies([check] if check is not None else []):
        return tf.identity(tensor)
