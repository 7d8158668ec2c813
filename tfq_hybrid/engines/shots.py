"""Finite shots: sampling from exact distributions, and readout errors."""

from collections.abc import Sequence

import cirq
import numpy as np
import tensorflow as tf


class Terms:
    """Observables as the Pauli words that are measured one by one.

    As in TensorFlow Quantum every word of every observable is measured with
    its own repetitions, so that estimates are independent of each other. The
    exact expectation of an entry of `operators`, one for each word, is the mean
    of the measured signs.
    """

    def __init__(
        self,
        operators: Sequence[cirq.PauliSum],
        readout_error: tuple[float, float] | None = None,
    ):
        words = [
            (row, word) for row, terms in enumerate(operators) for word in terms
        ]
        self.operators = [
            with_readout_error(word / word.coefficient, readout_error)
            for _, word in words
        ]
        self._mixing = np.zeros((len(words), len(operators)))
        for place, (row, word) in enumerate(words):
            self._mixing[place, row] = word.coefficient.real

    def combine(self, values: tf.Tensor) -> tf.Tensor:
        """Expectations of the observables from those of their words."""
        return values @ tf.constant(self._mixing, values.dtype)


def with_readout_error(
    word: cirq.PauliString, readout_error: tuple[float, float] | None
) -> cirq.PauliSum:
    """The observable that is seen when bits are misread.

    With readout error probabilities p = P(1|0) and q = P(0|1), the mean of a
    measured Z is (1 - p - q) <Z> + (q - p), and so for each factor of a
    word of coefficient 1, which is turned to Z to be measured.

    >>> print(with_readout_error(cirq.PauliString(cirq.Z(cirq.q(0))), (0.1, 0)))
    0.900*Z(q(0))-0.100*I
    """
    result = cirq.PauliSum.wrap(cirq.PauliString())
    p, q = readout_error or (0.0, 0.0)
    for qid, pauli in word.items():
        result = result * ((1 - p - q) * pauli(qid) + (q - p))
    return result


def sample_means(
    expectations: tf.Tensor, repetitions: int, seed: tf.Tensor
) -> tf.Tensor:
    """Means of measured signs: unbiased, of variance (1 - e^2) / repetitions.

    The number of +1 among n signs of mean e is binomial with probability
    (1 + e) / 2, so that one draw stands for all repetitions.
    """
    count = tf.constant(repetitions, expectations.dtype)
    probability = tf.clip_by_value((1 + expectations) / 2, 0.0, 1.0)
    ups = tf.random.stateless_binomial(
        tf.shape(probability), seed, count, probability, expectations.dtype
    )
    return 2 * ups / count - 1


def sample_bits(
    probabilities: tf.Tensor, repetitions: int, qubits: int, seed: tf.Tensor
) -> tf.Tensor:
    """Measured bits (batch, repetitions, qubits), int8, of all qubits."""
    logits = tf.math.log(tf.maximum(probabilities, 1e-38))
    outcomes = tf.random.stateless_categorical(logits, repetitions, seed)
    places = tf.range(qubits - 1, -1, -1, dtype=outcomes.dtype)
    bits = tf.bitwise.right_shift(outcomes[..., tf.newaxis], places) & 1
    return tf.cast(bits, tf.int8)
