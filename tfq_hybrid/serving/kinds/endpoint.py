"""`Endpoint`: one signature of an export, before it is traced."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

TEXT = tf.TensorSpec([None], tf.string, name="text")


@dataclasses.dataclass(frozen=True)
class Options:
    """What an export is told beside the model.

    Attributes:
        label_names: tuple of str, or `None`: "0", "1", ….
        preprocessor: a keras-hub preprocessor, or `None`.
    """

    label_names: tuple | None = None
    preprocessor: object = None


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A function from tensors to a dict of tensors, and its inputs.

    Attributes:
        name: str. `serve` becomes TensorFlow Serving's default.
        function: takes one tensor for each spec, in their order.
        specs: tuple of `tf.TensorSpec` with names.
    """

    name: str
    function: Callable
    specs: tuple


def token_specs(model, length):
    """Specs of the tensors that a keras-hub model takes: int32.

    Args:
        model: a keras-hub backbone or task.
        length: int, or `None` for any.

    Returns:
        A tuple of `tf.TensorSpec` of shape (batch, length), in the order of
        the model's inputs.
    """
    return tuple(
        tf.TensorSpec([None, length], tf.int32, name=name)
        for name in sorted(model.input)
    )


def by_name(specs, function):
    """A function of one dict as one of a tensor for each spec."""

    def call(*tensors):
        names = (spec.name for spec in specs)
        return function(dict(zip(names, tensors, strict=True)))

    return call
