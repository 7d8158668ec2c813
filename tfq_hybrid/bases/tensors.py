"""Files of safetensors, read one tensor at a time into a model's weights."""

import contextlib
import dataclasses
import math
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
from safetensors import SafetensorError, safe_open

from tfq_hybrid.errors import listed
from tfq_hybrid.files.filling import to_be_filled
from tfq_hybrid.reading import reason_of

if TYPE_CHECKING:
    from tfq_hybrid.bases.shards import Weights

FLOATS = ("BF16", "F16", "F32", "F64")
PART = 2**21  # numbers that are read at once


class Header(NamedTuple):
    """What a file says of a tensor."""

    name: str
    shape: tuple[int, ...]
    dtype: str


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
    weights: "Weights",
    prefix: str = "",
    is_unused: Callable[[str], bool] = lambda name: False,
) -> None:
    """Fills variables from files: each by one tensor, each tensor in one.

    Names and shapes are compared before the first tensor is read. No more
    than one tensor is in memory beside the model.

    Args:
        rows: one for each variable of the model.
        weights: of the files.
        prefix: may stand before each name, or not.
        is_unused: of the bare name of a tensor: whether the model does
            without it. Defaults to none.

    Raises:
        ValueError, OSError: a tensor is missing, unknown, there twice or of
            another shape or type; or the file is damaged.
    """
    places = {row.name: row for row in rows}
    found: dict[str, Row] = {}
    for name, shape, dtype in weights.headers:
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
    with to_be_filled():
        for name, row in found.items():
            values = _whole(weights.files[name], name, row.shape)
            values = values.T if row.is_turned else values
            row.variable.assign(values.reshape(row.variable.shape))


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


def read(path: pathlib.Path, name: str) -> np.ndarray:
    """One tensor of a file.

    Raises:
        ValueError, OSError: the file is damaged.
    """
    with _opened(path) as file:
        return file.get_tensor(name)


def headers(path: pathlib.Path) -> list[Header]:
    """Name, shape and type of each tensor of a file."""
    with _opened(path) as file:
        parts = [(name, file.get_slice(name)) for name in [*file.keys()]]
        return [
            Header(name, tuple(part.get_shape()), part.get_dtype())
            for name, part in parts
        ]


def _whole(path: pathlib.Path, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A tensor, float32, some rows at a time.

    What the system has mapped of the file goes with each part.
    """
    found = np.empty(shape, np.float32)
    step = max(1, PART // math.prod(shape[1:]))
    for start in range(0, shape[0], step):
        end = min(start + step, shape[0])
        with _opened(path) as file:
            found[start:end] = file.get_slice(name)[start:end]
    return found
