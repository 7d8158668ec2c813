"""Tensors of a safetensors file, each put in the one weight that it is for.

The file's header says all shapes, so that a model is built only once its
config is known to agree with them; then one tensor at a time is in memory.
"""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from safetensors import SafetensorError, safe_open

from tfq_hybrid.errors import listed
from tfq_hybrid.reading import reason_of

FLOATS = ("F64", "F32", "F16", "BF16")
Shapes = Mapping[str, tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A tensor of a file and where it goes.

    Args:
        name: in the file.
        shape: in the file. A matrix is `(out, in)`, as PyTorch's Linear has
            it, unless it is a `table`.
        find: from the built model to the weight.
        table: whether a matrix is `(rows, width)`, as that of an embedding.
            Defaults to `False`.
    """

    name: str
    shape: tuple[int, ...]
    find: Callable[[keras.Model], keras.Variable]
    table: bool = False


@contextlib.contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Any]:
    """A safetensors file, mapped into memory.

    Raises:
        ValueError: it is no whole one.
    """
    try:
        file = safe_open(path, "np")
    except SafetensorError as error:
        raise ValueError(reason_of(error)) from error
    with file:
        yield file


def shapes_in(path: str | os.PathLike[str]) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a file, by name.

    Raises:
        ValueError: it is no whole safetensors file.
    """
    with opened(path) as file:
        return {
            name: tuple(file.get_slice(name).get_shape())
            for name in file.keys()  # noqa: SIM118 - it is no dict
        }


def read(file: Any, name: str) -> np.ndarray:
    """One tensor of an opened file, in float32.

    Raises:
        ValueError: its values are no plain floats.
    """
    kind = file.get_slice(name).get_dtype()
    if kind not in FLOATS:
        raise ValueError(f"the tensor {name} is of type {kind}")
    return np.asarray(file.get_tensor(name)).astype("float32")


def check_shapes(found: Shapes, expected: Iterable[Tensor]) -> None:
    """Raises `ValueError` unless a file has these tensors and no others."""
    names = set()
    # Ends at the first that is missing, however many a config asks for.
    for tensor in expected:
        shape = found.get(tensor.name)
        if shape is None:
            raise ValueError(f"the tensor {tensor.name} is missing")
        if shape != tensor.shape:
            raise ValueError(
                f"the tensor {tensor.name} is of shape {shape}, and not "
                f"{tensor.shape}"
            )
        names.add(tensor.name)
    if more := sorted(found.keys() - names):
        raise ValueError(f"tensors without a place: {listed(more, 3)}")


def fill(
    model: keras.Model,
    path: str | os.PathLike[str],
    tensors: Iterable[Tensor],
) -> None:
    """Sets all weights of a model.

    Args:
        model: built.
        path: of the file.
        tensors: what `check_shapes` has found there.

    Raises:
        ValueError: the file cannot be read, or leaves a weight unset.
    """
    unset = {id(weight): weight.path for weight in model.weights}
    with opened(path) as file:
        for tensor in tensors:
            weight, value = tensor.find(model), read(file, tensor.name)
            if not tensor.table:
                value = value.T  # of a vector: itself
            weight.assign(value.reshape(weight.shape))
            unset.pop(id(weight), None)
    if unset:
        paths = listed(list(unset.values()), 3)
        raise ValueError(f"no tensors for the weights {paths}")
