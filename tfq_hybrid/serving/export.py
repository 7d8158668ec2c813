"""Export a text classifier as a SavedModel that serves strings."""

import errno
import os
import pathlib
import shutil

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError
from tfq_hybrid.files import check_output_folder
from tfq_hybrid.serving.portable import portable_copy


def export(model, path, label_names=None):
    """Writes the next version of a SavedModel: `path/VERSION/`.

    The layout is the one that TensorFlow Serving reads. Two signatures:

        serve         text: string (batch,)
                      -> probabilities (batch, classes), label (batch,)
        serve_tokens  token_ids, segment_ids, padding_mask: int32
                      (batch, tokens)
                      -> probabilities (batch, classes)

    `serve` needs the operations of TensorFlow Text; `serve_tokens` is made
    of stock operations. Neither needs TensorFlow Quantum, Cirq, Keras or
    this package, whatever engine trained the model.

    Args:
        model: a keras-hub text classifier with its preprocessor, whose
            outputs are logits or, with a softmax activation, probabilities.
        path: str or path. The folder of the model's versions.
        label_names: sequence of str, the labels in the order of the logits.
            Defaults to `None`: "0", "1", ….

    Returns:
        The folder of the new version, a `pathlib.Path`.

    Raises:
        UserError: the number of names is not that of the classes, or the
            path cannot be written.
    """
    path = pathlib.Path(path)
    classes = model.num_classes
    names = [str(name) for name in label_names or range(classes)]
    if len(names) != classes:
        raise UserError(
            f"Expected {classes} label names. Received: {', '.join(names)}"
        )
    check_output_folder(path)
    model = portable_copy(model)
    preprocessor = model.preprocessor
    is_softmax = model.activation is keras.activations.softmax

    def probabilities(tokens):
        outputs = model(tokens, training=False)
        outputs = tf.cast(outputs, tf.float32)
        return outputs if is_softmax else tf.nn.softmax(outputs)

    def serve(text):
        result = probabilities(preprocessor(text))
        labels = tf.gather(tf.constant(names), tf.argmax(result, axis=-1))
        return {"probabilities": result, "label": labels}

    def serve_tokens(token_ids, segment_ids, padding_mask):
        tokens = {
            "token_ids": token_ids,
            "segment_ids": segment_ids,
            "padding_mask": padding_mask,
        }
        return {"probabilities": probabilities(tokens)}

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serve",
        serve,
        input_signature=[tf.TensorSpec([None], tf.string, name="text")],
    )
    length = preprocessor.sequence_length
    archive.add_endpoint(
        "serve_tokens",
        serve_tokens,
        input_signature=[
            tf.TensorSpec([None, length], tf.int32, name=name)
            for name in ("token_ids", "segment_ids", "padding_mask")
        ],
    )
    return _write(archive, path)


def _write(archive, path):
    """Writes beside the versions, then takes the next number by a rename."""
    path.mkdir(parents=True, exist_ok=True)
    partial = path / f".partial-{os.getpid()}"
    try:
        archive.write_out(str(partial), verbose=False)
        version = 1 + max(versions(path), default=0)
        while True:
            try:
                return partial.rename(path / str(version))
            except OSError as error:
                # Another export took the number meanwhile.
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
                version += 1
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def versions(path):
    """The version numbers of an export, in ascending order."""
    path = pathlib.Path(path)
    found = [p.name for p in path.iterdir()] if path.is_dir() else []
    return sorted(int(name) for name in found if name.isdigit())
