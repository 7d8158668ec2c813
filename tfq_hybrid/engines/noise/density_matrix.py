"""Density matrices as Pauli vectors; gates and channels as transfer matrices.

A density matrix of n qubits is written as the real vector of its 4**n Pauli
expectations r_P = tr(P rho), P in {I, X, Y, Z}^n, and a channel E as the real
matrix M[P, Q] = tr(P E(Q)) / 2**n (the Pauli transfer matrix; Greenbaum 2015,
arXiv 1509.02921). A noisy circuit then runs like a real state of radix 4.
"""

import functools
import itertools
from collections.abc import Sequence

import cirq
import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.gates import TrigGate, constant_gate

_PAULIS = [np.eye(2), *(cirq.unitary(p) for p in (cirq.X, cirq.Y, cirq.Z))]
ZERO_STATE = (1.0, 0.0, 0.0, 1.0)  # the Pauli vector of |0><0|


@functools.cache
def pauli_words(qubits: int) -> np.ndarray:
    """All Pauli words, the first qubit leading: (4**n, 2**n, 2**n)."""
    words = itertools.product(_PAULIS, repeat=qubits)
    return np.array([functools.reduce(np.kron, word) for word in words])


def channel_gate(
    kraus: Sequence[np.ndarray], qubits: tuple[int, ...]
) -> TrigGate:
    """The Pauli transfer matrix of a channel, of its Kraus operators (d, d).

    >>> flip = channel_gate(cirq.kraus(cirq.bit_flip(0.25)), (0,))
    >>> np.diagonal(flip.matrix.real).round(6).tolist()
    [1.0, 1.0, 0.5, 0.5]
    """
    parts = (_transfer(k, k, len(qubits)) for k in kraus)
    matrix = sum(parts, np.zeros(()))
    return constant_gate(matrix.real, qubits)


def _transfer(left: np.ndarray, right: np.ndarray, qubits: int) -> np.ndarray:
    """tr(P left Q right^dagger) / 2**n for all Pauli words P, Q."""
    words = pauli_words(qubits)
    moved = np.einsum("ij,qjk,lk->qil", left, words, np.conj(right))
    return np.einsum("pli,qil->pq", words, moved) / 2**qubits


def pauli_vectors(planes: tf.Tensor, qubits: int) -> tf.Tensor:
    """Pauli vectors (1, 4**n, batch) of states' planes (P, 2**n, batch)."""
    real, *rest = tf.unstack(planes)
    imaginary = rest[0] if rest else tf.zeros_like(real)
    state = tf.complex(real, imaginary)
    batch = tf.shape(state)[-1]
    # Each qubit's digits (row, column) of |psi><psi| become one, of radix 4.
    density = state[:, tf.newaxis] * tf.math.conj(state)[tf.newaxis]
    density = tf.reshape(density, [*[2] * (2 * qubits), batch])
    axes = [x for q in range(qubits) for x in (q, qubits + q)]
    vector = tf.transpose(density, [*axes, 2 * qubits])
    to_paulis = np.array([p.T.reshape(-1) for p in _PAULIS])
    to_paulis = tf.constant(to_paulis, state.dtype)
    for q in range(qubits):
        lead, tail = 4**q, 4 ** (qubits - q - 1)
        vector = tf.reshape(vector, [lead, 4, tail * batch])
        vector = to_paulis @ vector
    shape = [1, 4**qubits, batch]
    return tf.reshape(tf.math.real(vector), shape)


def density_matrices(vectors: tf.Tensor, qubits: int) -> tf.Tensor:
    """The inverse of `pauli_vectors`: (batch, 2**n, 2**n), mixed too."""
    vector = tf.complex(vectors[0], tf.zeros_like(vectors[0]))
    batch = tf.shape(vector)[-1]
    # rho = sum_P r_P P / 2**qubits
    entries = np.array([p.reshape(-1) for p in _PAULIS]).T / 2
    entries = tf.constant(entries, vector.dtype)
    for q in range(qubits):
        lead, tail = 4**q, 4 ** (qubits - q - 1)
        vector = tf.reshape(vector, [lead, 4, tail * batch])
        vector = entries @ vector
    vector = tf.reshape(vector, [*[2] * (2 * qubits), batch])
    rows = [2 * q for q in range(qubits)]
    density = tf.transpose(vector, [2 * qubits, *rows, *(q + 1 for q in rows)])
    return tf.reshape(density, [batch, 2**qubits, 2**qubits])


def transfer_gate(gate: TrigGate) -> TrigGate:
    """The Pauli transfer matrix of a unitary gate, with its symbol.

    With U(s) = sum_m exp(i (r_m s + o_m)) K_m the matrix is the sum over m
    and n of exp(i ((r_m - r_n) s + o_m - o_n)) tr(P K_m Q K_n^dagger) / 2**n:
    again a trigonometric form, in the differences of the rates, of real bases.
    """
    size = len(gate.qubits)
    if gate.symbol is None:
        return channel_gate([gate.matrix], gate.qubits)
    waves = []
    for rate, offset, c, s in zip(
        gate.rates, gate.offsets, gate.cos_basis, gate.sin_basis, strict=True
    ):
        waves.append((rate, offset, (c - 1j * s) / 2))
        waves.append((-rate, -offset, (c + 1j * s) / 2))
    # (rate, offset) -> [cos_basis, sin_basis]
    bases: dict[tuple, np.ndarray] = {}
    for (r, o, left), (q, p, right) in itertools.product(waves, repeat=2):
        matrix = _transfer(left, right, size)
        rate, offset = r - q, o - p
        if rate < 0 or (rate == 0 and offset < 0):
            rate, offset, matrix = -rate, -offset, matrix.conj()
        key = (round(rate, 12), round(offset, 12))
        pair = bases.setdefault(key, np.zeros((2, *matrix.shape)))
        pair += matrix.real, -matrix.imag
    bases = {k: v for k, v in bases.items() if np.any(np.abs(v) > 1e-12)}
    rates, offsets = np.array(list(bases)).T
    pairs = np.array(list(bases.values()), np.complex128)
    return TrigGate(
        gate.qubits, gate.symbol, rates, offsets, pairs[:, 0], pairs[:, 1]
    )
