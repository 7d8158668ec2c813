"""Finite shots: sampling from exact distributions, and readout errors."""

import functools
import itertools
from collections.abc import Sequence

import cirq
import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.gradients.shifts import fold_in
from tfq_hybrid.engines.grouping import commuting_groups, words_of

# The joint distribution of a group's bits has 2**qubits entries.
WIDEST = 10


class Terms:
    """Observables as the Pauli words that are measured, and their shots.

    Words that commute qubit by qubit are measured by the same shots, as a
    device does it, in groups of up to ten qubits; others have their own. A
    group's bits are drawn from their joint distribution, which the expectations
    of all products of its basis give: p(b) = 2^-k sum_s (-1)^(b.s) <P_s>.

    Args:
        operators: the observables.
        readout_error: probabilities to read 1 for 0, and 0 for 1. Defaults to
            `None`.
        jointly: whether words share shots. Defaults to `True`; without shots it
            means nothing but work.

    Attributes:
        operators: whose exact expectations `sample` takes.
    """

    def __init__(
        self,
        operators: Sequence[cirq.PauliSum],
        readout_error: tuple[float, float] | None = None,
        jointly: bool = True,
    ):
        words, mixing, self._constants = words_of(operators)
        groups = commuting_groups(words, WIDEST if jointly else 0)
        alone = [one.words[0] for one in groups if len(one.words) == 1]
        groups = [one for one in groups if len(one.words) > 1]
        self._alone = len(alone)
        self._qubits = [len(one.basis) for one in groups]
        measured = [words[place] for place in alone]
        for group in groups:
            measured += _products(group.basis)
        self.operators = [
            with_readout_error(word, readout_error) for word in measured
        ]
        places = {word: place for place, word in enumerate(words)}
        rows = [places.get(word) for word in measured]
        self._mixing = np.array(
            [
                np.zeros(len(operators)) if row is None else mixing[row]
                for row in rows
            ]
        ).reshape(len(measured), len(operators))

    def combine(self, values: tf.Tensor) -> tf.Tensor:
        """Expectations of the observables from those of `operators`."""
        dtype = values.dtype
        result = values @ tf.constant(self._mixing, dtype)
        return result + tf.constant(self._constants, dtype)

    def sample(
        self, values: tf.Tensor, repetitions: int, seed: tf.Tensor
    ) -> tf.Tensor:
        """Means of so many shots of `operators`: (batch, words) as given."""
        sizes = [2**qubits - 1 for qubits in self._qubits]
        alone, *groups = tf.split(values, [self._alone, *sizes], axis=1)
        means = [sample_means(alone, repetitions, fold_in(seed, 0))]
        for place, (qubits, part) in enumerate(
            zip(self._qubits, groups, strict=True), start=1
        ):
            signs = tf.constant(_signs(qubits), values.dtype)
            edge = tf.ones_like(part[:, :1])  # of the identity
            probabilities = tf.concat([edge, part], axis=1) @ signs
            counts = sample_counts(
                tf.maximum(probabilities, 0.0),
                repetitions,
                fold_in(seed, place),
            )
            means.append(counts @ signs[:, 1:] / repetitions)
        return tf.concat(means, axis=1)


def _products(basis: dict[cirq.Qid, cirq.Pauli]) -> list[cirq.PauliString]:
    """All products of a basis but the identity; the first qubit leads."""
    pairs = [*basis.items()]
    return [
        cirq.PauliString({qid: pauli for taken, (qid, pauli) in kept if taken})
        for subset in [*itertools.product((0, 1), repeat=len(pairs))][1:]
        for kept in [[*zip(subset, pairs, strict=True)]]
    ]


def _signs(qubits: int) -> np.ndarray:
    """(-1)^(b.s) of all outcomes b and subsets s, symmetric."""
    return functools.reduce(np.kron, [np.array([[1, 1], [1, -1]])] * qubits)


def sample_counts(
    probabilities: tf.Tensor, repetitions: int, seed: tf.Tensor
) -> tf.Tensor:
    """How often each outcome comes, a multinomial draw.

    Bit by bit, each with one binomial draw for every beginning: the work does
    not grow with the repetitions.

    Args:
        probabilities: (batch, 2**bits), up to a factor.
        repetitions: of each row.
        seed: int tensor of shape (2,).

    Example:

    >>> found = sample_counts(tf.constant([[0.0, 1.0, 0.0, 0.0]]), 9, [1, 2])
    >>> found.numpy()
    array([[0., 9., 0., 0.]], dtype=float32)
    """
    dtype, size = probabilities.dtype, probabilities.shape[1]
    batch = tf.shape(probabilities)[0]
    counts = tf.fill([batch, 1], tf.cast(repetitions, dtype))
    for level in range(size.bit_length() - 1):
        parts = tf.reshape(probabilities, [batch, 2**level, 2, -1])
        parts = tf.reduce_sum(parts, axis=-1)
        total = tf.reduce_sum(parts, axis=-1)
        one = tf.math.divide_no_nan(parts[..., 1], total)
        ones = tf.random.stateless_binomial(
            tf.shape(one), fold_in(seed, level), counts, one, dtype
        )
        counts = tf.stack([counts - ones, ones], axis=-1)
        counts = tf.reshape(counts, [batch, 2 ** (level + 1)])
    return counts


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
