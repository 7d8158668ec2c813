"""Hidden states of the lower blocks of a BERT, computed once, in their place.

Blocks below the first one that trains give the same states for the same text
in every epoch. `states_of` computes them; a classifier that finds them beside
the tokens, under `key_of(blocks)`, begins with the block above.
"""

import hashlib
import os
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.files import replacing

if TYPE_CHECKING:
    from tfq_hybrid.encoders.classifier import BertEncoder

_KEY = "states_after_"
AT_ONCE = 64  # texts


def key_of(blocks: int) -> str:
    """The name among a model's inputs of the states after so many blocks."""
    return f"{_KEY}{blocks}"


def blocks_in(inputs: Mapping[str, Any]) -> int | None:
    """After how many blocks the states among inputs are; `None` without.

    >>> blocks_in({"token_ids": 0, key_of(4): 0}), blocks_in({"token_ids": 0})
    (4, None)
    """
    names = (name for name in inputs if name.startswith(_KEY))
    found = next(names, None)
    return None if found is None else int(found.removeprefix(_KEY))


def frozen_blocks(bert: "BertEncoder") -> int:
    """How many blocks from the first on give the same states in every epoch.

    None where something in the embeddings trains.
    """
    frozen = {id(layer) for layer in bert.frozen_layers}
    blocks = bert.transformer_layers
    first = bert.layers.index(blocks[0])
    if any(id(layer) not in frozen for layer in bert.layers[:first]):
        return 0
    trains = (i for i, block in enumerate(blocks) if id(block) not in frozen)
    return next(trains, len(blocks))


def bytes_of(bert: "BertEncoder", tokens: Mapping[str, Any]) -> int:
    """The size of the hidden states of texts after one block."""
    texts, length = tokens["token_ids"].shape
    size = np.dtype(bert.compute_dtype).itemsize
    return int(texts) * int(length) * bert.hidden_dim * size


def states_of(
    bert: "BertEncoder",
    blocks: int,
    tokens: Mapping[str, Any],
    folder: str | os.PathLike[str] | None = None,
) -> tf.Tensor:
    """The hidden states of texts after the first blocks.

    Args:
        bert: its first blocks and embeddings are frozen.
        blocks: how many.
        tokens: its inputs, of shape (texts, length) each.
        folder: where states are kept, and read if they are those of the
            same weights and tokens, by their digest. Defaults to `None`:
            nowhere.

    Returns:
        A tensor of shape (texts, length, width).
    """
    if folder is None:
        return tf.constant(_computed(bert, blocks, tokens))
    shape = (*tokens["token_ids"].shape, bert.hidden_dim)
    path = pathlib.Path(folder) / f"{_digest(bert, blocks, tokens)}.states"
    if _is_whole(path, bytes_of(bert, tokens)):
        kept = np.fromfile(path, bert.compute_dtype)
        return tf.constant(kept.reshape(shape))
    states = _computed(bert, blocks, tokens)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        states.tofile(partial)
    return tf.constant(states)


def _computed(bert, blocks, tokens):
    lower = keras.Model(bert.input, bert.transformer_layers[blocks - 1].output)
    names = [tensor.name for tensor in tf.nest.flatten(bert.input)]
    given = {name: tokens[name] for name in names}
    rows = tf.data.Dataset.from_tensor_slices(given).batch(AT_ONCE)
    return lower.predict(rows, verbose=0)


def _digest(bert, blocks, tokens):
    """Of all that the states depend on."""
    digest = hashlib.sha256(f"{blocks} {bert.compute_dtype}".encode())
    last = bert.layers.index(bert.transformer_layers[blocks - 1])
    config = {**bert.get_config(), "adaptation": None, "name": None}
    digest.update(repr(sorted(config.items(), key=str)).encode())
    for layer in bert.layers[: last + 1]:
        for variable in layer.weights:
            digest.update(variable.name.encode())
            digest.update(np.ascontiguousarray(variable.numpy()))
    for name in sorted(tokens):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tokens[name]))
    return digest.hexdigest()


def _is_whole(path, size):
    return path.is_file() and path.stat().st_size == size
