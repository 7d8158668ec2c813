"""Bound what building a model may allocate, by the size of its file.

A config of a few bytes can ask for a layer of a billion units, or for a
million layers. A whole file also holds the weights, so what is built from it
is about as large as its weights; a model that would be larger by far is
refused before memory is asked for.
"""

import contextlib
import contextvars
import dataclasses
import functools
import math
from collections.abc import Iterator
from typing import Any

import keras
from keras.src import backend  # not by public names

# An adapted model is built with the layers that its circuits then replace.
EXPANSION = 8
ALLOWANCE = 2**24  # bytes, for what is not saved: 16 MiB
# In an HDF5 file an array takes more, beside its numbers.
BYTES_OF_ARRAY = 500
ARRAYS = 300
# Each takes Keras some milliseconds. No family needs a fifth of this.
BYTES_OF_LAYER = 250
LAYERS = 1500
SMALLEST = 4  # bytes of a number in an array that is no variable

_current: contextvars.ContextVar[Any] = contextvars.ContextVar(
    "budget", default=None
)


@dataclasses.dataclass
class Budget:
    """How much may still be built.

    Args:
        bytes: Of the variables.
        arrays: How many variables.
        layers: How many layers and symbolic tensors.
    """

    bytes: int
    arrays: int
    layers: int

    @classmethod
    def of_weights(cls, size: int) -> "Budget":
        """What a model whose file of weights has `size` bytes may take."""
        return cls(
            ALLOWANCE + EXPANSION * size,
            ARRAYS + size // BYTES_OF_ARRAY,
            LAYERS + size // BYTES_OF_LAYER,
        )

    def spend(self, **costs: int) -> None:
        """Spends a part of the budget.

        Raises:
            ValueError: there is not as much left.
        """
        for name, cost in costs.items():
            left = getattr(self, name) - cost
            if left < 0:
                raise ValueError(
                    f"its config asks for more {name} than a file of its size "
                    "can fill"
                )
            setattr(self, name, left)


@contextlib.contextmanager
def spending(budget: Budget | None) -> Iterator[None]:
    """Charges everything that this thread builds inside to a budget, if any.

    Raises:
        ValueError: from within Keras, which may wrap it, where the budget
            is spent.
    """
    _hook_into_keras()
    token = _current.set(budget)
    try:
        yield
    finally:
        _current.reset(token)


@functools.cache
def _hook_into_keras():
    """Installs the hooks, once: to patch a Keras class at every load is slow.

    Without a budget the hooks do nothing.
    """
    for owner, name, costs in HOOKS:
        hook = _spending_first(getattr(owner, name), costs)
        setattr(owner, name, staticmethod(hook) if name == "__new__" else hook)


def _spending_first(original, costs):
    @functools.wraps(original)
    def hook(*args, **kwargs):
        budget = _current.get()
        if budget is None:
            return original(*args, **kwargs)
        budget.spend(**costs(*args, **kwargs))
        # An initializer makes the array that a variable was charged for.
        token = _current.set(None)
        try:
            return original(*args, **kwargs)
        finally:
            _current.reset(token)

    return hook


def _cost_of_variable(variable, *args, **kwargs):
    size = itemsize(variable.dtype)
    for length in variable._shape:
        size *= length
    return {"arrays": 1, "bytes": size}


def _cost_of_layer(*args, **kwargs):
    return {"layers": 1}


def _cost_of_range(start, stop=None, step=None, *args, **kwargs):
    start, stop = (0, start) if stop is None else (start, stop)
    step = 1 if step is None else step
    if not all(isinstance(n, (int, float)) for n in (start, stop, step)):
        return {}
    count = (stop - start) / step if step else 0
    return {"bytes": SMALLEST * max(0, math.ceil(count))}


def _cost_of_shape(shape, *args, **kwargs):
    sizes = shape if isinstance(shape, (list, tuple)) else (shape,)
    if not all(isinstance(size, int) for size in sizes):
        return {}
    return {"bytes": SMALLEST * math.prod(sizes)}


def _cost_of_square(rows, columns=None, *args, **kwargs):
    return _cost_of_shape((rows, rows if columns is None else columns))


def _cost_of_points(start, stop, num=50, *args, **kwargs):
    return _cost_of_shape(num)


# Where Keras makes a variable from a shape, a layer, a symbolic tensor, and an
# array that is no variable, as a layer's constructor may. Not
# `Layer.__init__`: Keras takes a layer's config from its signature.
HOOKS = (
    (keras.Variable, "_initialize_with_initializer", _cost_of_variable),
    (keras.layers.Layer, "__new__", _cost_of_layer),
    (keras.KerasTensor, "__init__", _cost_of_layer),
    (backend.numpy, "arange", _cost_of_range),
    (backend.numpy, "zeros", _cost_of_shape),
    (backend.numpy, "ones", _cost_of_shape),
    (backend.numpy, "empty", _cost_of_shape),
    (backend.numpy, "full", _cost_of_shape),
    (backend.numpy, "eye", _cost_of_square),
    (backend.numpy, "identity", _cost_of_square),
    (backend.numpy, "tri", _cost_of_square),
    (backend.numpy, "linspace", _cost_of_points),
)


@functools.cache
def itemsize(dtype: str) -> int:
    """The bytes that a number of a dtype takes."""
    bits = "".join(c for c in str(dtype).split("_")[0] if c.isdigit())
    return max(int(bits or 8) // 8, 1)
