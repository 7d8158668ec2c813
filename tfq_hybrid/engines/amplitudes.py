"""Amplitude encoding: a real vector as the state that a circuit starts from.

In a simulation this is a division by the norm; on a device it would take a
state-preparation circuit of exponential length.
"""

import tensorflow as tf

from tfq_hybrid.errors import UserError


def check_width(width, qubits):
    """Raises `UserError` unless a vector fits into the amplitudes."""
    if width > 2**qubits:
        needed = (width - 1).bit_length()
        raise UserError(
            f"Expected at most 2**{qubits} = {2**qubits} amplitudes for "
            f"{qubits} qubits. Received: vectors of {width} numbers. The "
            f"nearest valid value is qubits={needed}."
        )


def amplitude_states(vectors, qubits):
    """Vectors, padded with zeros and divided by their norm.

    A vector of zeros has no direction: its state is |0...0>, and its
    gradient is zero.

    Args:
        vectors: real tensor of shape (batch, width), width <= 2**qubits.
        qubits: int.

    Returns:
        A real tensor of shape (batch, 2**qubits), each row of norm 1.

    Raises:
        UserError: the vectors are too wide.

    Example:

    >>> amplitude_states(tf.constant([[3.0, 0.0, 4.0], [0, 0, 0]]), 2).numpy()
    array([[0.6, 0. , 0.8, 0. ],
           [1. , 0. , 0. , 0. ]], dtype=float32)
    """
    width = vectors.shape[1]
    check_width(width, qubits)
    padded = tf.pad(vectors, [[0, 0], [0, 2**qubits - width]])
    largest = tf.reduce_max(tf.abs(padded), axis=1, keepdims=True)
    is_zero = tf.equal(largest, 0)
    ground = tf.one_hot(tf.zeros_like(padded[:, 0], tf.int32), 2**qubits)
    ground = tf.cast(ground, padded.dtype)
    # Dividing by the largest entry first keeps squares in range; the result
    # does not depend on it, so that no gradient need flow through it.
    scale = tf.stop_gradient(tf.where(is_zero, tf.ones_like(largest), largest))
    safe = tf.where(is_zero, ground, padded / scale)
    return safe / tf.norm(safe, axis=1, keepdims=True)
