"""Training above frozen blocks, whose hidden states are computed once."""

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
    no classifier of `encoders`, or the states would take more than 1 GiB.

    Args:
        model: what is trained.
        parts: encoded examples.
        folder: where states are kept; see `states_of`. Defaults to `None`:
            in memory alone.
        report: is told of the blocks. Defaults to none.
    """
    from tfq_hybrid.encoders.classifier import BertClassifier, BertEncoder
    from tfq_hybrid.encoders.states import (
        bytes_of,
        frozen_blocks,
        key_of,
        states_of,
    )
    from tfq_hybrid.encoders.tokens import BertTokenClassifier

    bert = getattr(model, "backbone", None)
    is_known = isinstance(model, BertClassifier | BertTokenClassifier)
    if not is_known or not isinstance(bert, BertEncoder):
        return list(parts)
    blocks = frozen_blocks(bert)
    if not blocks:
        return list(parts)
    tokens = [part.inputs(len(part)) for part in parts]
    size = sum(bytes_of(bert, inputs) for inputs in tokens)
    what = f"The lower {blocks} of {bert.num_layers} blocks are frozen"
    if size > LARGEST:
        report(
            f"{what}, but run in every step: their outputs would take "
            f"{human_bytes(size)}"
        )
        return list(parts)
    report(f"{what}: their outputs are computed once, {human_bytes(size)}")
    return [
        part.with_inputs(
            {key_of(blocks): states_of(bert, blocks, inputs, folder)}
        )
        for part, inputs in zip(parts, tokens, strict=True)
    ]
