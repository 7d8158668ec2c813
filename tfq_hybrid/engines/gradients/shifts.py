"""Weighted sums of shifted evaluations.

An evaluation is a function `(fed, trained, seed) -> (batch, operators)`.
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


def shift_gradient(evaluate, rules, fed, trained, upstream, seed):
    """The gradient of `sum(upstream * evaluation)` by shifted evaluations.

    Args:
        evaluate: an evaluation.
        rules: pair of lists, for the columns of `fed` and for the entries
            of `trained`: each a list of `Shift`.
        fed: tensor of shape (batch, fed symbols).
        trained: tensor of shape (trained symbols,).
        upstream: tensor of shape (batch, operators).
        seed: int tensor of shape (2,), or `None` where nothing is drawn.

    Returns:
        A pair of tensors shaped like `fed` and `trained`.
    """
    widths = [len(rule) for rule in rules]
    places = [
        (column + widths[0] * part, shift)
        for part, rule in enumerate(rules)
        for column, shifts in enumerate(rule)
        for shift in shifts
    ]
    if not places:
        return tf.zeros_like(fed), tf.zeros_like(trained)
    moves = np.zeros((len(places), sum(widths)))
    weights = np.zeros_like(moves)
    for row, (column, shift) in enumerate(places):
        moves[row, column] = shift.amount
        weights[row, column] = shift.weight

    def slope(inputs):
        """Of one shift: its share of the gradient, for each example."""
        index, move = inputs
        result = evaluate(
            fed + move[: widths[0]],
            trained + move[widths[0] :],
            fold_in(seed, index),
        )
        return tf.reduce_sum(result * upstream, axis=1)

    slopes = tf.map_fn(
        slope,
        (tf.range(len(places)), tf.constant(moves, fed.dtype)),
        fn_output_signature=tf.TensorSpec([None], fed.dtype),
    )
    weights = tf.constant(weights, fed.dtype)
    by_all = tf.matmul(slopes, weights, transpose_a=True)  # (batch, symbols)
    by_fed, by_trained = tf.split(by_all, widths, axis=1)
    return by_fed, tf.reduce_sum(by_trained, axis=0)


def fold_in(seed, index):
    """A seed of its own for each index; `None` stays `None`."""
    if seed is None:
        return None
    return tf.random.experimental.stateless_fold_in(seed, index)
