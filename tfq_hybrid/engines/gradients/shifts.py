"""Weighted sums of shifted evaluations.

An evaluation is a function `(features, weights, seed) -> (batch, operators)`.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

Evaluation = Callable[[tf.Tensor, tf.Tensor, tf.Tensor | None], tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Shift:
    """One evaluation: what is added to the parameter, and its factor."""

    amount: float
    weight: float


def shifting(engine, rules):
    """The gradient function of an engine by shifted evaluations."""

    def gradient(features, weights, given, seed, upstream):
        return shift_gradient(
            lambda f, t, s: engine.evaluate(f, t, given, s),
            rules,
            features,
            weights,
            upstream,
            seed,
        )

    return gradient


def shift_gradient(evaluate, rules, features, weights, upstream, seed):
    """The gradient of `sum(upstream * evaluation)` by shifted evaluations.

    The rules are lists of `Shift`, for the columns of the features (batch,
    features) and for the entries of the weights (weights,).
    """
    widths = [len(rule) for rule in rules]
    places = [
        (column + widths[0] * part, shift)
        for part, rule in enumerate(rules)
        for column, shifts in enumerate(rule)
        for shift in shifts
    ]
    if not places:
        return tf.zeros_like(features), tf.zeros_like(weights)
    moves = np.zeros((len(places), sum(widths)))
    factors = np.zeros_like(moves)
    for row, (column, shift) in enumerate(places):
        moves[row, column] = shift.amount
        factors[row, column] = shift.weight

    def slope(inputs):
        """Of one shift: its share of the gradient, for each example."""
        index, move = inputs
        result = evaluate(
            features + move[: widths[0]],
            weights + move[widths[0] :],
            fold_in(seed, index),
        )
        return tf.reduce_sum(result * upstream, axis=1)

    slopes = tf.map_fn(
        slope,
        (tf.range(len(places)), tf.constant(moves, features.dtype)),
        fn_output_signature=tf.TensorSpec([None], features.dtype),
    )
    factors = tf.constant(factors, features.dtype)
    by_all = tf.matmul(slopes, factors, transpose_a=True)  # (batch, symbols)
    by_features, by_weights = tf.split(by_all, widths, axis=1)
    return by_features, tf.reduce_sum(by_weights, axis=0)


def fold_in(seed: tf.Tensor | None, index: tf.Tensor | int) -> tf.Tensor | None:
    """A seed of its own for each index; `None` stays `None`."""
    if seed is None:
        return None
    return tf.random.experimental.stateless_fold_in(seed, index)
