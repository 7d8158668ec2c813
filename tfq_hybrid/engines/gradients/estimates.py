"""Gradients estimated from evaluations, of any engine.

An evaluation is a function `(fed, trained, seed) -> (batch, operators)`. What
comes back is the gradient of `sum(upstream * evaluation)`.
"""

import numpy as np
import tensorflow as tf


def shift_gradient(evaluate, rules, fed, trained, upstream, seed):
    """A weighted sum of evaluations at shifted values.

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
            _fold(seed, index),
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


def spsa_gradient(evaluate, step, draws, fed, trained, upstream, seed):
    """Simultaneous perturbation: two evaluations a draw.

    Every example of the batch gets its own random signs for the fed symbols;
    the trained ones share theirs, and are judged by the sum over the batch.

    Args:
        evaluate, fed, trained, upstream: as for `shift_gradient`.
        step: float. How far the symbols are moved.
        draws: int. Random directions to average.
        seed: int tensor of shape (2,).

    Returns:
        A pair of tensors shaped like `fed` and `trained`.
    """

    def one_draw(draw):
        base = _fold(seed, 3 * draw)
        signs = [
            _signs(tf.shape(x), _fold(base, place), x.dtype)
            for place, x in enumerate((fed, trained))
        ]
        up, down = (
            evaluate(
                fed + way * step * signs[0],
                trained + way * step * signs[1],
                _fold(seed, 3 * draw + 1 + place),
            )
            for place, way in enumerate((1, -1))
        )
        change = tf.reduce_sum((up - down) * upstream, axis=1, keepdims=True)
        change /= 2 * step
        # The inverse of a sign is itself.
        return change * signs[0], tf.reduce_sum(change) * signs[1]

    by_fed, by_trained = tf.map_fn(
        one_draw,
        tf.range(draws),
        fn_output_signature=(
            tf.TensorSpec([None, fed.shape[1]], fed.dtype),
            tf.TensorSpec(trained.shape, trained.dtype),
        ),
    )
    return tf.reduce_mean(by_fed, axis=0), tf.reduce_mean(by_trained, axis=0)


def _signs(shape, seed, dtype):
    bits = tf.random.stateless_uniform(shape, seed, 0, 2, tf.int32)
    return tf.cast(2 * bits - 1, dtype)


def _fold(seed, index):
    if seed is None:
        return None
    return tf.random.experimental.stateless_fold_in(seed, index)
