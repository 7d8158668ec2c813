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

    >>> vectors = tf.constant([[3.0, 0.0, 4.0], [0, 0, 0]])
    >>> amplitude_states(vectors, 2).numpy().round(4)
    array([[0.6, 0. , 0.8, 0. ],
           [1. , 0. , 0. , 0. ]], dtype=float32)
    """
    width = vectors.shape[1]
    check_width(width, qubits)
    # Dividing by the largest entry first keeps squares in range.
    largest = tf.reduce_max(tf.abs(vectors), axis=1, keepdims=True)
    is_zero = tf.equal(largest, 0)
    scale = tf.where(is_zero, tf.ones_like(largest), largest)

    @tf.custom_gradient
    def normalise(vectors):
        # Few passes over the batch: in memory it is what costs.
        scaled = vectors / scale
        squares = tf.reduce_sum(tf.square(scaled), axis=1, keepdims=True)
        factor = tf.where(is_zero, squares, tf.math.rsqrt(squares))
        unit = scaled * factor

        def gradient(upstream):
            along = tf.reduce_sum(unit * upstream, axis=1, keepdims=True)
            return (upstream - along * unit) * (factor / scale)

        return unit, gradient

    unit = normalise(vectors)
    ground = tf.cast(is_zero, unit.dtype)
    return tf.concat(
        [
            unit[:, :1] + ground,
            unit[:, 1:],
            tf.zeros([tf.shape(unit)[0], 2**qubits - width], unit.dtype),
        ],
        axis=1,
    )
