"""The kernel of a Dense layer, of whatever axes, as a matrix."""

import math
import re

import keras
import numpy as np


def dense_shapes(layer: keras.Layer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes that a built Dense layer sums over, and the new ones.

    >>> layer = keras.layers.EinsumDense("abc,cde->abde", (None, 2, 3))
    >>> layer.build((None, None, 5))
    >>> dense_shapes(layer)
    ((5,), (2, 3))
    """
    known = getattr(layer, "shapes", None)
    if known is not None:  # of a slot, whose kernel may be gone
        return known
    kernel = tuple(layer.kernel.shape)
    if isinstance(layer, keras.layers.Dense):
        return kernel[:1], kernel[1:]
    inputs, weights, outputs = re.split(",|->", layer.equation)
    sizes = dict(zip(weights, kernel, strict=True))
    summed, new = _letters(layer)
    if not (inputs.endswith(summed) and outputs.endswith(new)):
        raise ValueError(
            f"Expected the features of {layer.name!r} to be its last axes. "
            f"Received: equation={layer.equation!r}"
        )
    return tuple(sizes[a] for a in summed), tuple(sizes[a] for a in new)


def _letters(layer):
    """The letters of an equation that are summed over, and the new ones."""
    inputs, weights, outputs = re.split(",|->", layer.equation)
    summed = new = ""
    for letter in inputs:
        if letter in weights and letter not in outputs:
            summed += letter
    for letter in outputs:
        if letter in weights and letter not in inputs:
            new += letter
    return summed, new


def as_matrix(layer: keras.Layer, kernel: np.ndarray) -> np.ndarray:
    """A kernel of a Dense layer as a matrix (inputs, outputs).

    >>> layer = keras.layers.EinsumDense("abc,dce->abde", (None, 2, 3))
    >>> layer.build((None, None, 5))
    >>> as_matrix(layer, np.zeros(layer.kernel.shape)).shape
    (5, 6)
    """
    kernel = kernel.transpose(_order(layer))
    inputs, outputs = map(math.prod, dense_shapes(layer))
    return kernel.reshape(inputs, outputs)


def as_kernel(layer: keras.Layer, matrix: np.ndarray) -> np.ndarray:
    """A matrix (inputs, outputs) as a kernel of a Dense layer."""
    inputs, outputs = dense_shapes(layer)
    order = _order(layer)
    return matrix.reshape(*inputs, *outputs).transpose(np.argsort(order))


def _order(layer):
    """The axes of a kernel: those that are summed over, then the others."""
    if isinstance(layer, keras.layers.Dense):
        return (0, 1)
    weights = re.split(",|->", layer.equation)[1]
    return tuple(weights.index(letter) for letter in "".join(_letters(layer)))
