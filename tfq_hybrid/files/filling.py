"""Models that weights from elsewhere will fill."""

import contextlib
import contextvars
import functools
import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.initializers import random_initializers  # no public name
from keras.src.saving import saving_lib  # no public name

from tfq_hybrid.reading import foreign_code

_is_to_be_filled = contextvars.ContextVar("is_to_be_filled", default=False)
LARGE = 2**16  # weights
DRAWS = ("normal", "truncated_normal", "uniform")


@contextlib.contextmanager
def to_be_filled() -> Iterator[None]:
    """Draws no random weights, and lets large ones go before they are replaced.

    A hundred million random weights take ten seconds, and leave a third of
    their size in pieces that the system does not get back; Keras's random
    initializers give zeros. An array that is assigned to a variable is in
    memory twice, and not four times; one that Keras reads from a file is too.
    """
    _extend_initializers()
    _extend_variables()
    _extend_reading()
    token = _is_to_be_filled.set(True)
    try:
        yield
    finally:
        _is_to_be_filled.reset(token)


class _Random:
    """What the initializers call `random`, which gives zeros for a while."""

    def __init__(self, random: Any):
        self._random = random

    def __getattr__(self, name):
        draw = getattr(self._random, name)
        if name not in DRAWS:
            return draw

        @functools.wraps(draw)
        def drawn(shape, *args, dtype=None, **kwargs):
            if _is_to_be_filled.get():
                return keras.ops.zeros(shape, dtype)
            return draw(shape, *args, dtype=dtype, **kwargs)

        return drawn


@functools.cache
def _extend_initializers() -> None:
    random_initializers.random = _Random(random_initializers.random)


@functools.cache
def _extend_variables() -> None:
    assign = keras.Variable.assign

    @functools.wraps(assign)
    def assigned(self, value):
        if _is_to_be_filled.get() and _replace(self, value):
            return self.value
        return assign(self, value)

    keras.Variable.assign = assigned


def _replace(variable: keras.Variable, value: Any) -> bool:
    """Puts an array in the place of a large one. Says whether it could.

    `tf.Variable.assign` holds the old values, and two copies of the new ones
    beside the array.
    """
    if math.prod(variable.shape) < LARGE or isinstance(value, tf.Tensor):
        return False
    handle = getattr(variable.value, "handle", None)  # none where distributed
    array = np.asarray(value, variable.dtype)
    if handle is None or array.shape != tuple(variable.shape):
        return False
    for values in (np.zeros(0, array.dtype), array):
        tf.raw_ops.AssignVariableOp(resource=handle, value=values)
    return True


@functools.cache
def _extend_reading() -> None:
    """Hands Keras arrays of a file, of which it would make two copies."""
    original = saving_lib.safe_get_h5_dataset

    @functools.wraps(original)
    def get(group, name):
        found = original(group, name)
        # Keras notes there what NumPy has no name for.
        is_plain = "dtype" not in found.attrs
        if _is_to_be_filled.get() and is_plain:
            with foreign_code():
                return found[()]
        return found

    saving_lib.safe_get_h5_dataset = get
