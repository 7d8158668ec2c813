"""A backbone run block by block: what is frozen, and what is above it.

Layers in which nothing trains run without dropout, in training too. The
outputs of the blocks below the first that trains are then the same for the
same text, and can be computed once and kept: see `states`.
"""

import re
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf
from keras.src.models.functional import operation_fn  # has no public name

from tfq_hybrid.adapters.families import family_of

_KEY = "states_after_"
LEARNED = "learned_places"


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


def blocks_of(backbone: keras.Model) -> list[keras.Layer]:
    """The transformer blocks of a backbone, each on the outputs of the last.

    None of a class of no family, of an encoder-decoder, whose decoder begins
    with other tokens, or where blocks share their weights and run more than
    once.
    """
    family = family_of(backbone)
    if family is None or family.decoder or family.calls(backbone) > 1:
        return []
    pattern = re.compile(family.blocks)
    return [x for x in backbone.layers if pattern.fullmatch(x.name)]


def frozen_layers(backbone: keras.Model) -> list[keras.Layer]:
    """The layers in which nothing trains.

    One without weights, such as the dropout of the embeddings, is as the
    layer before it.
    """
    frozen, trains = [], False
    for layer in backbone.layers:
        if layer.weights:
            trains = any(variable.trainable for variable in layer.weights)
        if not trains:
            frozen.append(layer)
    return frozen


def frozen_blocks(backbone: keras.Model) -> int:
    """How many blocks from the first on give the same states in every epoch.

    None where something in the embeddings trains.
    """
    frozen = {id(layer) for layer in frozen_layers(backbone)}
    blocks = blocks_of(backbone)
    if not blocks:
        return 0
    first = backbone.layers.index(blocks[0])
    if any(id(layer) not in frozen for layer in backbone.layers[:first]):
        return 0
    trains = (i for i, block in enumerate(blocks) if id(block) not in frozen)
    return next(trains, len(blocks))


def lower_blocks(backbone: keras.Model, blocks: int) -> keras.Model:
    """From the inputs of a backbone to the states after the first blocks."""
    return keras.Model(backbone.input, blocks_of(backbone)[blocks - 1].output)


def run(
    backbone: keras.Model,
    inputs: Mapping[str, tf.Tensor],
    training: bool | None = None,
) -> Any:
    """The outputs of a backbone, whose frozen layers have no dropout.

    Args:
        backbone: one of a family of `FAMILIES`, adapted or not.
        inputs: its inputs. Where states are among them, under a `key_of`, it
            begins with the block above; else with the tokens.
        training: as for a layer. Defaults to `None`.
    """
    blocks, given, graph = blocks_in(inputs), backbone.input, backbone
    if blocks is not None:
        states = blocks_of(backbone)[blocks - 1].output
        given = {**given, key_of(blocks): states}
        graph = keras.Function(given, backbone.output)
    frozen = {id(layer) for layer in frozen_layers(backbone)}
    return graph._run_through_graph(
        {
            name: keras.ops.cast(inputs[name], tensor.dtype)
            for name, tensor in given.items()
        },
        operation_fn=lambda layer: operation_fn(
            layer, training=bool(training) and id(layer) not in frozen
        ),
    )


class AboveFrozen:
    """A task whose frozen layers run without dropout, or not at all.

    Where the hidden states after its frozen blocks are among the inputs, see
    `states`, it begins with the block above. A subclass is a keras-hub task
    too, and says by `answer` what follows its backbone.
    """

    backbone: keras.Model

    def answer(
        self, inputs: Mapping, outputs: Any, training: bool | None
    ) -> tf.Tensor:
        """What the task makes of its inputs and its backbone's outputs."""
        raise NotImplementedError

    def call(self, inputs, training=None, mask=None):
        """The task's outputs, in training too."""
        is_usual = blocks_in(inputs) is None and LEARNED not in inputs
        if is_usual and not training:
            return super().call(inputs, training=training, mask=mask)
        outputs = run(self.backbone, inputs, training)
        return self.answer(inputs, outputs, training)


class LanguageModel(AboveFrozen):
    """A causal language model, whose logits may be those of some tokens.

    Where the flat places of tokens in a batch are among the inputs, under
    `LEARNED`, its logits are of these alone: (places, vocabulary).
    """

    def answer(self, inputs, outputs, training):
        if LEARNED in inputs:
            flat = tf.reshape(outputs, [-1, outputs.shape[-1]])
            outputs = tf.gather(flat, inputs[LEARNED])
        return self.backbone.token_embedding(outputs, reverse=True)
