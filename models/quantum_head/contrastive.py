"""Contrastive tuning of a sentence encoder from few labels, as SetFit does.

Tunstall et al. 2022, "Efficient Few-Shot Learning Without Prompts"
(arXiv 2209.11055), section 3: pairs of sentences of one label are drawn to a
cosine similarity of 1, those of two labels to 0, by the mean squared error.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.encoders.pooling import mean_of_tokens
from tfq_hybrid.errors import UserError, check_integer

if TYPE_CHECKING:
    import keras_hub
    from numpy.typing import ArrayLike


def contrastive_pairs(
    labels: "ArrayLike", rounds: int = 20, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws pairs of texts: for each text and round, one alike, one not.

    Args:
        labels: integers of shape (texts,).
        rounds: SetFit's R. Defaults to 20, as in the paper.
        seed: of the draw. Defaults to 0.

    Returns:
        Three arrays of shape (2 * rounds * texts,), shuffled: the indices of
        the first and of the second texts, and 1 where the labels are equal,
        else 0.

    Raises:
        UserError: there are fewer than two labels, or one has one text only.

    Example:

    >>> first, second, alike = contrastive_pairs([0, 0, 1, 1], rounds=1)
    >>> labels = np.array([0, 0, 1, 1])
    >>> bool(((labels[first] == labels[second]) == alike).all()), len(alike)
    (True, 8)
    """
    check_integer("rounds", rounds, minimum=1)
    labels = np.asarray(labels)
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < 2:
        raise UserError(
            "Expected at least two labels with two texts each. Received: "
            f"{counts.tolist()} texts of each label"
        )
    generator = np.random.default_rng(seed)
    rows = []
    for index, label in enumerate(labels):
        alike = np.flatnonzero(labels == label)
        alike = alike[alike != index]
        other = np.flatnonzero(labels != label)
        for chosen, target in ((alike, 1), (other, 0)):
            for second in generator.choice(chosen, rounds):
                rows.append((index, second, target))
    first, second, target = generator.permutation(np.array(rows)).T
    return first, second, target.astype("float32")


def tune_contrastively(
    backbone: "keras_hub.models.Backbone",
    preprocessor: keras.Layer,
    texts: Sequence[str],
    labels: "ArrayLike",
    rounds: int = 20,
    batch_size: int = 16,
    learning_rate: float = 2e-5,
    seed: int = 0,
) -> list[float]:
    """Tunes an encoder in place, one epoch over the pairs.

    Args:
        backbone: the encoder, whose mean over tokens is the embedding.
        preprocessor: from strings to its inputs.
        texts: what to draw pairs of.
        labels: integers of shape (texts,).
        rounds, seed: see `contrastive_pairs`.
        batch_size: pairs in a step. Defaults to 16.
        learning_rate: of Adam. Defaults to 2e-5.

    Returns:
        The loss of each step.

    Raises:
        UserError: see `contrastive_pairs`.
    """
    check_integer("batch_size", batch_size, minimum=1)
    pairs = contrastive_pairs(labels, rounds, seed)
    tokens = preprocessor(list(texts))
    tokens = {name: tf.convert_to_tensor(v) for name, v in tokens.items()}
    backbone.trainable = True
    if hasattr(backbone, "pooled_dense"):
        backbone.pooled_dense.trainable = False  # the mean passes it by
    variables = backbone.trainable_variables
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(variables)

    def embed(indices):
        inputs = {k: tf.gather(v, indices) for k, v in tokens.items()}
        return mean_of_tokens(inputs, backbone(inputs, training=True))

    @tf.function(reduce_retracing=True)
    def step(first, second, target):
        with tf.GradientTape() as tape:
            similarity = -keras.losses.cosine_similarity(
                embed(first), embed(second)
            )
            error = tf.cast(similarity, tf.float32) - target
            loss = tf.reduce_mean(tf.square(error))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    losses = []
    for start in range(0, len(pairs[0]), batch_size):
        batch = [part[start : start + batch_size] for part in pairs]
        losses.append(float(step(*map(tf.constant, batch))))
    return losses
