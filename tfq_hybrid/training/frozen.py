"""Training above frozen blocks, whose hidden states are computed once."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tfq_hybrid.engines import human_bytes

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.data.datasets import Examples

LARGEST = 2**30  # bytes of states in memory


def above_frozen(
    model: "keras.Model",
    parts: "Sequence[Examples | Any]",
    folder: str | os.PathLike[str] | None = None,
    report: Callable[[str], object] = lambda line: None,
) -> "list[Examples | Any]":
    """Encoded examples with the states of the blocks in which nothing trains.

    The model then begins above them: a step costs only what trains and what
    is above it. They are as they were where the model has no such block, is
    no `BertClassifier`, or the states would take more than 1 GiB.

    Args:
        model: what is trained.
        parts: encoded examples.
        folder: where states are kept; see `states_of`. Defaults to `None`:
            in memory alone.
        report: is told of the blocks. Defaults to none.
    """
    from tfq_hybrid.encoders.classifier import BertClassifier
    from tfq_hybrid.encoders.states import (
        bytes_of,
        frozen_blocks,
        key_of,
        states_of,
    )

    if not isinstance(model, BertClassifier):
        return list(parts)
    bert = model.backbone
    blocks = frozen_blocks(bert)
    size = sum(bytes_of(bert, part.tokens) for part in parts)
    if not blocks:
        return list(parts)
    what = f"The lower {blocks} of {bert.num_layers} blocks are frozen"
    if size > LARGEST:
        report(
            f"{what}, but run in every step: their outputs would take "
            f"{human_bytes(size)}"
        )
        return list(parts)
    report(f"{what}: their outputs are computed once, {human_bytes(size)}")
    return [
        dataclasses.replace(
            part,
            tokens={
                **part.tokens,
                key_of(blocks): states_of(bert, blocks, part.tokens, folder),
            },
        )
        for part in parts
    ]
