"""The weights that an adapted model computes with, without its adapters."""

import os
import pathlib
from typing import Any

import keras
import numpy as np

from tfq_hybrid.adapters.classical_layers import LowRank
from tfq_hybrid.adapters.target import all_layers, body_of
from tfq_hybrid.adapters.variables import opened_layers
from tfq_hybrid.bases.written import write_directory
from tfq_hybrid.errors import UserError


def merged_kernels(model: keras.Model) -> dict[int, np.ndarray]:
    """The kernels of the Dense layers that a low-rank adapter is beside.

    That is `W + s A B`, added in float64 and rounded to float32 once: an
    adapter beside a matrix that is linear in its input is a part of it.

    Args:
        model: adapted or not.

    Returns:
        Arrays of the kernels' shapes, by the `id` of the kernel's variable.

    Raises:
        UserError: the adapter in use is of another kind, which no matrix can
            stand for.
    """
    found = {}
    paths = {id(layer): path for path, layer in all_layers(model)}
    slots: list[Any] = opened_layers(model)
    for slot in slots:
        adapter, path = slot.adapter, paths[id(slot)]
        if adapter is None or path.startswith("head/"):
            continue
        if not isinstance(adapter, LowRank):
            raise UserError(
                "Expected adapters that are linear in their input, LoRA or "
                "SoRA, or a base that trained itself. Received: a "
                f"{type(adapter).__name__} in {path}, which no matrix can "
                "stand for"
            )
        a, b = map(keras.ops.convert_to_numpy, (adapter.a, adapter.b))
        a, b = a.astype("float64"), b.astype("float64")
        if hasattr(adapter, "gate"):
            a = a * keras.ops.convert_to_numpy(adapter.gate)
        kernel = keras.ops.convert_to_numpy(slot.kernel)
        delta = (adapter.scale * a @ b).reshape(kernel.shape)
        found[id(slot.kernel)] = (kernel + delta).astype("float32")
    return found


def save_directory(model: Any, folder: str | os.PathLike[str]) -> None:
    """Writes an adapted model as a directory of Hugging Face.

    The base with what was trained in it: low-rank adapters become parts of
    the matrices that they are beside. A head that came new is left out, as
    `transformers` has none like it. `bases.as_preset` and `transformers`
    read the directory.

    Args:
        model: a keras-hub task on a Llama, a GPT-Neo, an MPNet or a BERT,
            with its preprocessor.
        folder: new.

    Raises:
        UserError: the model is of another family, or its adapters are no
            part of any matrix.
        StorageError: the disk is full.
    """
    preprocessor = getattr(model, "preprocessor", None)
    if preprocessor is None:
        raise UserError(
            "Expected a model with its preprocessor, whose tokenizer belongs "
            "to it. Received: one without"
        )
    write_directory(
        body_of(model),
        preprocessor.tokenizer,
        pathlib.Path(folder),
        merged_kernels(model),
    )
