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

import keras

# An adapted model is built with the layers that its circuits then replace.
EXPANSION = 8
ALLOWANCE = 2**24  # bytes, for what is not saved: 16 MiB
# In an HDF5 file an array takes more, beside its numbers.
BYTES_OF_ARRAY = 500
ARRAYS = 300
# Each takes Keras some milliseconds. No family needs a fifth of this.
BYTES_OF_LAYER = 250
LAYERS = 1500

_current = contextvars.ContextVar("budget", default=None)


@dataclasses.dataclass
class Budget:
    """How much may still be built.

    Attributes:
        bytes: int, of the variables.
        arrays: int. How many variables.
        layers: int. How many layers and symbolic tensors.
    """

    bytes: int
    arrays: int
    layers: int

    @classmethod
    def of_weights(cls, size):
        """What a model whose file of weights has `size` bytes may take."""
        return cls(
            ALLOWANCE + EXPANSION * size,
            ARRAYS + size // BYTES_OF_ARRAY,
            LAYERS + size // BYTES_OF_LAYER,
        )

    def spend(self, **costs):
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
def spending(budget):
    """Charges everything that this thread builds inside to a budget.

    Args:
        budget: `Budget`.

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
    def hook(self, *args, **kwargs):
        budget = _current.get()
        if budget is not None:
            budget.spend(**costs(self))
        return original(self, *args, **kwargs)

    return hook


def _cost_of_variable(variable):
    size = itemsize(variable.dtype)
    for length in variable._shape:
        size *= length
    return {"arrays": 1, "bytes": size}


def _cost_of_layer(layer):
    return {"layers": 1}


# Where Keras makes a variable from a shape, a layer and a symbolic tensor. Not
# `Layer.__init__`: Keras takes a layer's config from its signature.
HOOKS = (
    (keras.Variable, "_initialize_with_initializer", _cost_of_variable),
    (keras.layers.Layer, "__new__", _cost_of_layer),
    (keras.KerasTensor, "__init__", _cost_of_layer),
)


@functools.cache
def itemsize(dtype):
    """The bytes that a number of a dtype takes, an int."""
    bits = "".join(c for c in str(dtype).split("_")[0] if c.isdigit())
    return max(int(bits or 8) // 8, 1)
