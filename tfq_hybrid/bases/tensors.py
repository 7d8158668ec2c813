"""Files of safetensors, read one tensor at a time into a model's weights."""

import contextlib
import dataclasses
import math
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from safetensors import SafetensorError, safe_open

from tfq_hybrid.errors import listed
from tfq_hybrid.reading import reason_of

WEIGHTS = "model.safetensors"
FLOATS = ("BF16", "F16", "F32", "F64")
# Numbers that are read at once of a tensor that stays as it is. TensorFlow
# copies twice what it is handed.
PART = 2**19


@dataclasses.dataclass(frozen=True)
class Row:
    """Where a tensor of a file belongs.

    Attributes:
        name: in the file.
        variable: of the model, of as many axes as in the file or reshaped.
        shape: in the file.
        is_turned: whether a matrix is (out, in) in the file, as PyTorch has
            it, and (in, out) in the model.
    """

    name: str
    variable: keras.Variable
    shape: tuple[int, ...]
    is_turned: bool = False


def fill(
    rows: Iterable[Row],
    path: pathlib.Path,
    prefix: str = "",
    is_unused: Callable[[str], bool] = lambda name: False,
) -> None:
    """Fills variables from a file: each by one tensor, each tensor in one.

    Names and shapes are compared before the first tensor is read. No more
    than one tensor is in memory beside the model.

    Args:
        rows: one for each variable of the model.
        path: of the file.
        prefix: may stand before each name, or not.
        is_unused: of the bare name of a tensor: whether the model does
            without it. Defaults to none.

    Raises:
        ValueError, OSError: a tensor is missing, unknown, there twice or of
            another shape or type; or the file is damaged.
    """
    places = {row.name: row for row in rows}
    found: dict[str, Row] = {}
    for name, shape, dtype in _headers(path):
        bare = name.removeprefix(prefix)
        if is_unused(bare):
            continue
        row = places.pop(bare, None)
        if row is None:
            raise ValueError(f"the tensor {name[:100]} is one too many")
        if shape != row.shape or dtype not in FLOATS:
            raise ValueError(
                f"the tensor {name} is of shape {shape} and {dtype}, and not "
                f"of {row.shape} and real numbers"
            )
        found[name] = row
    if places:
        raise ValueError(f"without the tensors {listed(sorted(places))}")
    for name, row in found.items():
        for start, values in _parts(path, name, row):
            # In place: new arrays in the place of old ones would leave holes.
            end = start + len(values)
            values = tf.cast(values, row.variable.dtype)
            row.variable.value[start:end].assign(values)


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Iterator[Any]:
    """A file, whose damage is a `ValueError`.

    Its parser is no Python, so that `foreign_code` would not know it for one.
    """
    try:
        with safe_open(path, "numpy") as file:
            yield file
    except SafetensorError as error:
        raise ValueError(reason_of(error)) from error


def norm_rows(name: str, layer: keras.Layer) -> Iterator[Row]:
    """Those of a layer normalisation."""
    for ending, variable in (("weight", layer.gamma), ("bias", layer.beta)):
        yield Row(f"{name}.{ending}", variable, tuple(variable.shape))


def dense_rows(name: str, layer: keras.Layer, axes: int = 1) -> Iterator[Row]:
    """Those of a Dense; so many of its kernel's first axes are inputs."""
    shape = tuple(layer.kernel.shape)
    inputs, outputs = math.prod(shape[:axes]), math.prod(shape[axes:])
    yield Row(f"{name}.weight", layer.kernel, (outputs, inputs), True)
    if layer.bias is not None:
        yield Row(f"{name}.bias", layer.bias, (outputs,))


def shapes_in(path: pathlib.Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a file, by its name.

    Raises:
        ValueError, OSError: the file is damaged.
    """
    return {name: shape for name, shape, _ in _headers(path)}


def read(path: pathlib.Path, name: str) -> np.ndarray:
    """One tensor of a file.

    Raises:
        ValueError, OSError: the file is damaged.
    """
    with _opened(path) as file:
        return file.get_tensor(name)


def _headers(path: pathlib.Path) -> list[tuple[str, tuple[int, ...], str]]:
    """Name, shape and type of each tensor of a file."""
    with _opened(path) as file:
        parts = [(name, file.get_slice(name)) for name in [*file.keys()]]
        return [
            (name, tuple(part.get_shape()), part.get_dtype())
            for name, part in parts
        ]


def _parts(
    path: pathlib.Path, name: str, row: Row
) -> Iterator[tuple[int, np.ndarray]]:
    """A tensor as the model has it, from the first rows on, some at a time.

    A matrix to be turned comes whole.
    """
    rows, shape = row.shape[0], tuple(row.variable.shape)
    step = rows if row.is_turned else max(1, PART // math.prod(row.shape[1:]))
    for start in range(0, rows, step):
        values = _read(path, name, start, min(start + step, rows))
        values = values.T if row.is_turned else values
        yield start, values.reshape(-1, *shape[1:])


def _read(path: pathlib.Path, name: str, start: int, end: int) -> np.ndarray:
    """Some rows. What the system has mapped of the file goes with each part."""
    with _opened(path) as file:
        return file.get_slice(name)[start:end]
