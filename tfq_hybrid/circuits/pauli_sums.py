"""Matrices and projectors as the Pauli sums that they are."""

import itertools
from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np

from tfq_hybrid.errors import UserError

MOST_PROJECTED = 10  # qubits: 2**qubits words
MOST_MATRIX = 6  # qubits: 4**qubits words
LINEAR = (
    cirq.PauliString,
    cirq.PauliSum,
    cirq.ProjectorString,
    cirq.ProjectorSum,
)


def as_pauli_sum(observable: Any) -> cirq.PauliSum:
    """A Pauli string or sum, or a projector, as a Pauli sum.

    Args:
        observable: of Cirq. A projector acts on at most ten qubits.

    Raises:
        UserError: it is something else, or has a complex factor.

    Example:

    >>> qubit = cirq.LineQubit(0)
    >>> print(as_pauli_sum(cirq.ProjectorString({qubit: 1})))
    -0.500*Z(q(0))+0.500*I
    """
    if isinstance(observable, (cirq.PauliString, cirq.PauliSum)):
        return cirq.PauliSum.wrap(observable)
    if isinstance(observable, cirq.ProjectorString):
        return _projector(observable)
    if isinstance(observable, cirq.ProjectorSum):
        return sum(map(_projector, observable), cirq.PauliSum())
    raise UserError(
        "Expected a Pauli string, a Pauli sum or a projector of Cirq. "
        f"Received: {type(observable).__name__}"
    )


def _projector(projector):
    if len(projector.projector_dict) > MOST_PROJECTED:
        raise UserError(
            f"Expected a projector on at most {MOST_PROJECTED} qubits. "
            f"Received: one on {len(projector.projector_dict)}"
        )
    factor = complex(projector.coefficient)
    if abs(factor.imag) > 1e-9:
        raise UserError(
            f"Expected observables with real coefficients. Received: {factor}"
        )
    total = cirq.PauliSum() + factor.real
    for qubit, bit in projector.projector_dict.items():
        total = total * (0.5 + (0.5 - bit) * cirq.Z(qubit))
    return total


def hermitian(matrix: Any, qubits: Sequence[cirq.Qid]) -> cirq.PauliSum:
    """A Hermitian matrix as the Pauli sum that is equal to it.

    Args:
        matrix: of shape (2**qubits, 2**qubits).
        qubits: at most six, the first as the leading bit of an index.

    Raises:
        UserError: the shape is another, or the matrix is not Hermitian.

    Example:

    >>> print(hermitian([[1, 0], [0, 0]], [cirq.LineQubit(0)]))
    0.500*I+0.500*Z(q(0))
    """
    matrix = np.asarray(matrix, np.complex128)
    qubits = list(qubits)
    size = 2 ** len(qubits)
    if not 1 <= len(qubits) <= MOST_MATRIX or matrix.shape != (size, size):
        raise UserError(
            f"Expected a matrix of 2**n rows and columns for n = 1 to "
            f"{MOST_MATRIX} qubits. Received: shape {matrix.shape} for "
            f"{len(qubits)} qubits"
        )
    scale = np.abs(matrix).max()
    if not np.allclose(matrix, matrix.conj().T, atol=1e-6 * scale):
        raise UserError(
            "Expected a Hermitian matrix. Received: one that differs from its "
            "conjugate transpose"
        )
    words: list[cirq.PauliString] = []
    for paulis in itertools.product("IXYZ", repeat=len(qubits)):
        gates = [getattr(cirq, name) for name in paulis]
        word = cirq.kron(*map(cirq.unitary, gates))
        factor = np.vdot(word, matrix).real / size
        if abs(factor) > 1e-12 * scale:
            pairs = zip(qubits, gates, strict=True)
            factors = {q: gate for q, gate in pairs if gate != cirq.I}
            words.append(cirq.PauliString(factors, coefficient=factor))
    return cirq.PauliSum.from_pauli_strings(words)
