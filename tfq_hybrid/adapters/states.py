"""Hidden states of the lower blocks of a backbone, computed once and kept.

Blocks below the first one that trains give the same states for the same text
in every epoch. `states_of` computes them; a model that finds them beside the
tokens, under `blocks.key_of`, begins with the block above.
"""

import hashlib
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.adapters.blocks import blocks_of, lower_blocks
from tfq_hybrid.files import replacing

AT_ONCE = 64  # texts


def bytes_of(backbone: keras.Model, tokens: Mapping[str, Any]) -> int:
    """The size of the hidden states of texts after one block."""
    texts, length = tokens["token_ids"].shape
    size = np.dtype(backbone.compute_dtype).itemsize
    return int(texts) * int(length) * backbone.hidden_dim * size


def states_of(
    backbone: keras.Model,
    blocks: int,
    tokens: Mapping[str, Any],
    folder: str | os.PathLike[str] | None = None,
) -> tf.Tensor:
    """The hidden states of texts after the first blocks.

    Args:
        backbone: its first blocks and embeddings are frozen.
        blocks: how many.
        tokens: its inputs, of shape (texts, length) each.
        folder: where states are kept, and read if they are those of the
            same weights and tokens, by their digest. Defaults to `None`:
            nowhere.

    Returns:
        A tensor of shape (texts, length, width).
    """
    if folder is None:
        return tf.constant(_computed(backbone, blocks, tokens))
    shape = (*tokens["token_ids"].shape, backbone.hidden_dim)
    path = pathlib.Path(folder) / f"{_digest(backbone, blocks, tokens)}.states"
    if _is_whole(path, bytes_of(backbone, tokens)):
        kept = np.fromfile(path, backbone.compute_dtype)
        return tf.constant(kept.reshape(shape))
    states = _computed(backbone, blocks, tokens)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        states.tofile(partial)
    return tf.constant(states)


def _computed(backbone, blocks, tokens):
    lower = lower_blocks(backbone, blocks)
    given = {name: tokens[name] for name in backbone.input}
    rows = tf.data.Dataset.from_tensor_slices(given).batch(AT_ONCE)
    return lower.predict(rows, verbose=0)


def _digest(backbone, blocks, tokens):
    """Of all that the states depend on."""
    digest = hashlib.sha256(f"{blocks} {backbone.compute_dtype}".encode())
    last = backbone.layers.index(blocks_of(backbone)[blocks - 1])
    config = {**backbone.get_config(), "adaptation": None, "name": None}
    digest.update(repr(sorted(config.items(), key=str)).encode())
    for layer in backbone.layers[: last + 1]:
        for variable in layer.weights:
            digest.update(variable.name.encode())
            digest.update(np.ascontiguousarray(variable.numpy()))
    for name in sorted(tokens):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tokens[name]))
    return digest.hexdigest()


def _is_whole(path, size):
    return path.is_file() and path.stat().st_size == size
