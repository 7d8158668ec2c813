"""Models that weights from elsewhere will fill."""

import contextlib
import contextvars
import functools
from collections.abc import Iterator
from typing import Any

import keras
from keras.src.initializers import random_initializers  # no public name

_is_to_be_filled = contextvars.ContextVar("is_to_be_filled", default=False)
DRAWS = ("normal", "truncated_normal", "uniform")


@contextlib.contextmanager
def to_be_filled() -> Iterator[None]:
    """Lets Keras's random initializers give zeros: nothing of them stays.

    A hundred million random weights take ten seconds, and leave a third of
    their size in pieces that the system does not get back.
    """
    _extend_initializers()
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
