"""Weighted sums of shifted evaluations.

An evaluation is a function `(features, weights, seed) -> (batch, operators)`.
"""

import dataclasses

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Shift:
    """One evaluation of a rule.

    Attributes:
        amount: float. What is added to the parameter.
        weight: float. The factor of the function's value there.
    """

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

    Args:
        evaluate: an evaluation.
        rules: pair of lists, for the columns of `features` and for the entries
            of `weights`: each a list of `Shift`.
        features: tensor of shape (batch, features).
        weights: tensor of shape (weights,).
        upstream: tensor of shape (batch, operators).
        seed: int tensor of shape (2,), or `None` where nothing is drawn.

    Returns:
        A pair of tensors shaped like `features` and `weights`.
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


def fold_in(seed, index):
    """A seed of its own for each index; `None` stays `None`."""
    if seed is None:
        return None
    return tf.random.experimental.stateless_fold_in(seed, index)
