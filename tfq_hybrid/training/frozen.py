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


def only_learned(model: "keras.Model", parts: "Sequence[Any]") -> "list[Any]":
    """Encoded data of a language model with the learned tokens alone.

    What is said about the others is left out of the step: their logits are
    most of its time where the vocabulary is large. Other data, and those of a
    model that takes no such places, are as they were.
    """
    from tfq_hybrid.adapters.blocks import LEARNED, LanguageModel

    if not isinstance(model, LanguageModel):
        return list(parts)
    return [dataclasses.replace(part, places=LEARNED) for part in parts]


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
    from tfq_hybrid.adapters.blocks import (
        AboveFrozen,
        blocks_of,
        frozen_blocks,
        key_of,
    )
    from tfq_hybrid.adapters.states import bytes_of, states_of

    if not isinstance(model, AboveFrozen):
        return list(parts)
    body = model.backbone
    blocks = frozen_blocks(body)
    if not blocks:
        return list(parts)
    tokens = [part.inputs(len(part)) for part in parts]
    size = sum(bytes_of(body, inputs) for inputs in tokens)
    what = f"The lower {blocks} of {len(blocks_of(body))} blocks are frozen"
    if size > LARGEST:
        report(
            f"{what}, but run in every step: their outputs would take "
            f"{human_bytes(size)}"
        )
        return list(parts)
    report(f"{what}: their outputs are computed once, {human_bytes(size)}")
    return [
        part.with_inputs(
            {key_of(blocks): states_of(body, blocks, inputs, folder)}
        )
        for part, inputs in zip(parts, tokens, strict=True)
    ]
