"""Models that weights from elsewhere will fill."""

import contextlib
import contextvars
from collections.abc import Iterator

import keras

_is_to_be_filled = contextvars.ContextVar("is_to_be_filled", default=False)


@contextlib.contextmanager
def to_be_filled() -> Iterator[None]:
    """Makes models of zeros: weights from elsewhere need no random ones.

    A hundred million of those take ten seconds, and twice their memory.
    """
    token = _is_to_be_filled.set(True)
    try:
        yield
    finally:
        _is_to_be_filled.reset(token)


def unless_filled(
    initializer: keras.initializers.Initializer,
) -> keras.initializers.Initializer:
    """An initializer, or zeros for a model that is to be filled."""
    return keras.initializers.Zeros() if _is_to_be_filled.get() else initializer
