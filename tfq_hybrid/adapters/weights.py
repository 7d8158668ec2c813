"""The weights of an adapter alone, in a file of their own."""

import hashlib
import io
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import h5py
import keras
import numpy as np

from tfq_hybrid.adapters.adaptation import FORMAT, check_format
from tfq_hybrid.adapters.hosts import adaptation_of, find_adaptation
from tfq_hybrid.adapters.lifecycle import adapt
from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.adapters.variables import (
    adapter_variables,
    base_variables,
    fingerprint,
)
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.files import replacing
from tfq_hybrid.files.budget import Budget, spending
from tfq_hybrid.files.hdf5 import datasets, open_hdf5, read_dataset
from tfq_hybrid.reading import foreign_code, parse_json, reading
from tfq_hybrid.shapes import check_shape

if TYPE_CHECKING:
    from tfq_hybrid.adapters.method import Method

EXPECTED = "a file of adapter weights"
CHECKSUM = "sha256"


class Attributes(TypedDict):
    """What a file of adapter weights holds beside its arrays."""

    format: int
    method: str  # JSON
    fingerprint: str
    sha256: NotRequired[str]  # of all else


def save_weights(
    model: keras.Model, path: str | os.PathLike[str], name: str | None = None
) -> None:
    """Saves what an adapter trains, and nothing else, as HDF5.

    Each array is kept under the path of its layer, with the method and the
    fingerprint of the base, so that `load_weights` can tell what it is.

    Args:
        model: an adapted model.
        path: the file, which is replaced.
        name: which adapter. Defaults to `None`: the active one.

    Raises:
        UserError: the model is not adapted, or has none of that name.
    """
    adaptation = adaptation_of(model)
    name = adaptation.active if name is None else name
    check_choice("name", name, adaptation.methods)
    name = str(name)
    method = adaptation.methods[name]
    # In memory first: the HDF5 library does not survive a full disk.
    memory = io.BytesIO()
    attributes = {
        "format": FORMAT,
        "method": json.dumps(method.to_dict()),
        "fingerprint": adaptation.fingerprint,
    }
    trained = _trained(model, method, name)
    arrays = {key: _array(variable) for key, variable in trained.items()}
    attributes[CHECKSUM] = _digest(attributes, arrays)
    with h5py.File(memory, "w") as file:
        file.attrs.update(attributes)
        for key, array in arrays.items():
            file[key] = array
    with replacing(path) as partial:
        partial.write_bytes(memory.getbuffer())


def load_weights(
    model: keras.Model, path: str | os.PathLike[str], name: str = "default"
) -> keras.Model:
    """Loads what `save_weights` saved, into the same base.

    Args:
        model: the base, which is adapted first as the file says; or a model
            that has the same method under `name`.
        path: the file.
        name: the adapter's name. Defaults to `"default"`.

    Returns:
        The model, with the adapter active.

    Raises:
        UserError: the file is for another base or another method, its arrays
            have other paths or shapes, or its format is newer.
    """
    method, stored, arrays = read_weights(path)
    known = find_adaptation(model)
    found = known.fingerprint if known else fingerprint(model)
    if found != stored:
        raise UserError(
            "Expected the base that the adapter was trained on, with "
            f"fingerprint {stored[:12]}. Received: another one, with "
            f"fingerprint {found[:12]}"
        )
    if known is None or name not in known.methods:
        size = sum(array.nbytes for array in arrays.values())
        with reading(EXPECTED, path), spending(Budget.of_weights(size)):
            adapt(model, method, name)
    elif known.methods[name] != method:
        raise UserError(
            f"Expected the method of the model's {name!r}, "
            f"{known.methods[name].to_dict()}. Received: {method.to_dict()}"
        )
    variables = _trained(model, method, name)
    _check_arrays(variables, arrays, path)
    for key, variable in variables.items():
        variable.assign(arrays[key])
    return model


def _trained(
    model: keras.Model, method: "Method", name: str
) -> dict[str, keras.Variable]:
    """What a method trains, by path: its adapters, and of the base.

    With the layers around an adapted model that train themselves.
    """
    begins, own = method.trained_base(model), adaptation_of(model).own
    return adapter_variables(model, name) | {
        key: variable
        for key, variable in base_variables(model).items()
        if key.startswith(begins) or key.rpartition("/")[0] in own
    }


def _array(variable: keras.Variable) -> np.ndarray:
    """A NumPy array of a type that HDF5 knows."""
    if keras.backend.standardize_dtype(variable.dtype) == "bfloat16":
        variable = keras.ops.cast(variable, "float32")
    return keras.ops.convert_to_numpy(variable)


def _digest(attributes: Mapping[str, Any], arrays: Mapping[str, Any]) -> str:
    """The SHA-256 of all that a file holds."""
    about = [attributes[key] for key in ("format", "method", "fingerprint")]
    digest = hashlib.sha256(json.dumps(about).encode())
    for key in sorted(arrays):
        array = np.asarray(arrays[key])
        digest.update(f"{key} {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def read_weights(
    path: str | os.PathLike[str],
) -> "tuple[Method, str, dict[str, np.ndarray]]":
    """What `save_weights` wrote: the method, the base's fingerprint, arrays.

    The arrays are by the path of each.

    Raises:
        UserError: it is no such file, a damaged one, or its format is newer.
    """
    with reading(EXPECTED, path):
        with open_hdf5(path) as file:
            with foreign_code():
                found = dict(file.attrs)
            if "fingerprint" not in found:
                raise ValueError("none that adapters.save_weights wrote")
            if "format" in found:  # as NumPy has numbers
                found["format"] = np.asarray(found["format"]).tolist()
            check_shape(found, Attributes)
            check_format(found["format"])
            method = method_from_dict(parse_json(found["method"]))
            arrays = {key: read_dataset(data) for key, data in datasets(file)}
        if found.get(CHECKSUM) not in (None, _digest(found, arrays)):
            raise ValueError("its content has changed")
        return method, found["fingerprint"], arrays


def _check_arrays(variables, arrays, path):
    for key in sorted({*variables} ^ {*arrays}):
        where = "not in the file" if key in variables else "not in the model"
        raise UserError(
            f"Expected the arrays of {path} to be those of the model. "
            f"Received: {key}, which is {where}"
        )
    for key, variable in variables.items():
        if tuple(variable.shape) != arrays[key].shape:
            raise UserError(
                f"Expected {key} of shape {tuple(variable.shape)}. Received: "
                f"shape {arrays[key].shape} in {path}"
            )
