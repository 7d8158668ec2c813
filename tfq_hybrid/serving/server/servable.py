"""A loaded version of an export, as the server asks it."""

import dataclasses
import os
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

from tfq_hybrid.errors import UserError
from tfq_hybrid.serving.folders import is_version, load_export, versions

DEFAULT_SIGNATURE = "serving_default"
Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Signature:
    """One signature of a version; its function takes tensors by name."""

    name: str
    inputs: dict[str, tf.TensorSpec]
    outputs: dict[str, tf.TensorSpec]
    function: Callable[..., dict[str, tf.Tensor]]

    @property
    def is_batched(self) -> bool:
        """Whether rows of many requests can be put together."""
        specs = [*self.inputs.values(), *self.outputs.values()]
        return all(
            spec.shape.rank is not None
            and spec.shape.rank > 0
            and spec.shape[0] is None
            for spec in specs
        )

    def __call__(self, arrays: Arrays) -> Arrays:
        """Runs the model."""
        tensors = {
            name: tf.constant(array, self.inputs[name].dtype)
            for name, array in arrays.items()
        }
        outputs = self.function(**tensors)
        return {name: value.numpy() for name, value in outputs.items()}


class Servable:
    """A version of an export in memory.

    Args:
        path: The folder of one version, or of all, of which the newest is
            taken.

    Raises:
        UserError: there is no export there, or a damaged one.
    """

    def __init__(self, path: str | os.PathLike[str]):
        self.path, self._model = load_export(path)
        name = self.path.name
        self.version = int(name) if is_version(name) else 1
        self.signatures = {
            name: _signature(name, function)
            for name, function in self._model.signatures.items()
        }
        self.metadata = _metadata(self.path)

    def warm_up(self) -> None:
        """Asks every signature for one row, so that the first request is
        no slower than the next."""
        for signature in self.signatures.values():
            specs = signature.inputs.items()
            if signature.is_batched and all(
                None not in spec.shape[1:] for _, spec in specs
            ):
                signature(
                    {
                        name: tf.zeros([1, *spec.shape[1:]], spec.dtype).numpy()
                        for name, spec in specs
                    }
                )


def load_servables(
    path: str | os.PathLike[str], every_version: bool = False
) -> tuple[str, dict[int, Servable]]:
    """The model's name, and the versions to serve in ascending order.

    Of the folder of an export that is the newest version, or every one.
    """
    path = pathlib.Path(path).absolute()
    found = versions(path)
    paths = [path]
    if every_version and found:
        paths = [path / str(version) for version in found]
    servables = [Servable(one) for one in paths]
    is_one = not found and is_version(path.name)
    name = path.parent.name if is_one else path.name
    return name, {servable.version: servable for servable in servables}


def _signature(name: str, function: Any) -> Signature:
    inputs = dict(function.structured_input_signature[1])
    outputs = {
        key: tf.TensorSpec(spec.shape, spec.dtype, name=key)
        for key, spec in function.structured_outputs.items()
    }
    for key, spec in inputs.items():
        if spec.shape.rank is None:
            raise UserError(
                "Expected inputs of known rank. Received: "
                f"{key} of signature {name}"
            )
    return Signature(name, inputs, outputs, function)


def _metadata(path: pathlib.Path) -> dict[str, Any]:
    """The signatures as TensorFlow Serving's metadata call tells them."""
    content = (path / "saved_model.pb").read_bytes()
    graph = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0]
    signatures = {
        name: json_format.MessageToDict(
            definition, preserving_proto_field_name=True
        )
        for name, definition in graph.signature_def.items()
        if definition.inputs
    }
    return {"signature_def": {"signature_def": signatures}}
