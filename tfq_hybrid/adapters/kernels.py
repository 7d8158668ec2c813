"""The kernel of a Dense layer, of whatever axes, as a matrix."""

import math
import re
import types
from typing import Any

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


def float_policy(layer: keras.Layer) -> keras.DTypePolicy:
    """A layer's types; of a quantized one those that it computes in.

    >>> layer = keras.layers.Dense(2, dtype="int8_from_mixed_bfloat16")
    >>> float_policy(layer).name
    'mixed_bfloat16'
    """
    policy = layer.dtype_policy
    if policy.quantization_mode is None:
        return policy
    return keras.DTypePolicy(policy.name.partition("_from_")[2])


class _Linear:
    """A layer as it would be without its activation."""

    activation = None

    def __init__(self, layer):
        self._layer = layer

    def __getattr__(self, name):
        value = getattr(self._layer, name)
        if (
            isinstance(value, types.MethodType)
            and value.__self__ is self._layer
        ):
            return types.MethodType(value.__func__, self)
        return value


def quantized_map(
    kind: type[keras.Layer], layer: keras.Layer, inputs: Any
) -> Any:
    """What a quantized Dense layer gives before its activation.

    Args:
        kind: Keras's class of the layer.
        layer: the layer.
        inputs: its inputs.
    """
    return kind.quantized_call(_Linear(layer), inputs)


def kernel_of(layer: keras.Layer) -> np.ndarray:
    """The kernel of a Dense layer as a matrix (inputs, outputs), in float64.

    Of a quantized one, what its codes stand for.
    """
    if layer.quantization_mode is None:
        kernel = keras.ops.convert_to_numpy(layer.kernel)
        return as_matrix(layer, kernel.astype("float64"))
    # Its answer to the unit vectors: codes and scales are Keras's own matter.
    inputs, outputs = dense_shapes(layer)
    size = math.prod(inputs)
    one = keras.ops.reshape(
        keras.ops.eye(size, dtype=layer.compute_dtype), (1, size, *inputs)
    )
    kind = getattr(layer, "closed", type(layer))
    answers = keras.ops.convert_to_numpy(quantized_map(kind, layer, one))
    answers = answers.astype("float64").reshape(size, math.prod(outputs))
    if layer.bias is None:
        return answers
    bias = keras.ops.convert_to_numpy(layer.bias).astype("float64")
    return answers - bias.reshape(-1)


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
