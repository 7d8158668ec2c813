"""Adapted models in the formats of Hugging Face."""

import os
import pathlib
from typing import Any

from tfq_hybrid.adapters.merging import merged_weights
from tfq_hybrid.adapters.target import body_of
from tfq_hybrid.bases.written import write_directory
from tfq_hybrid.errors import UserError


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
        {
            id(variable): values.astype("float32")
            for variable, values in merged_weights(model)
        },
    )
