"""Derivatives of TensorFlow Quantum's operations, made safe to use."""

import functools
from collections.abc import Callable

import tensorflow as tf


def without_gradient(op: Callable, refuse: Callable) -> Callable:
    """The same operation, whose own gradient is `refuse(inputs)`.

    TensorFlow Quantum's differentiators call it for the values and for the
    first derivatives: who differentiates those would get zeros or `None`.
    """

    # The signature stays: by it TensorFlow Quantum tells exact from sampled.
    @functools.wraps(op)
    def run(*inputs):
        @tf.custom_gradient
        def values(*inputs):
            def gradient(*upstream):
                return refuse(inputs)

            return op(*inputs), gradient

        return values(*inputs)

    return run


def with_adjoint(op: Callable, adjoint: Callable) -> Callable:
    """What TensorFlow Quantum's `Adjoint` makes of `op`, for any upstream.

    `adjoint` leaves out every term whose upstream gradient times coefficient
    is below 1e-5: with a mean over a large batch, all of them. Each example's
    upstream gradient is therefore brought to size 1 first.
    """

    @tf.custom_gradient
    def expectation(programs, symbol_names, symbol_values, pauli_sums):
        inputs = (programs, symbol_names, symbol_values, pauli_sums)

        def gradient(upstream):
            size = tf.reduce_max(tf.abs(upstream), axis=1, keepdims=True)
            size = tf.where(size > 0, size, tf.ones_like(size))
            result = size * adjoint(*inputs, upstream / size)
            return None, None, result, None

        return op(*inputs), gradient

    return expectation
