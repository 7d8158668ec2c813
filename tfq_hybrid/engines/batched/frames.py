"""Fed gates as phases: U(x) = V D(x) V(-1), where only the diagonal D is fed.

Any number of diagonal gates are one step, and V is a gate like all others
that do not depend on the example. For rotations about Pauli words V is a gate
on each qubit, which the next rotation about the same axis undoes.
"""

import dataclasses
import functools
import itertools
from collections.abc import Iterable

import numpy as np

from tfq_hybrid.engines.batched.gates import TrigGate, constant_gate

# Into the eigenvectors of Z, X and Y, for Pauli words of up to three qubits.
_X, _Y = np.array([[1, 1], [1, -1]]), np.array([[1, 1], [1j, -1j]])
_FRAMES = (np.eye(2), _X / np.sqrt(2), _Y / np.sqrt(2))
_WIDEST = 3


def fed_as_phases(
    gates: Iterable[TrigGate], features: frozenset[str]
) -> list[TrigGate]:
    """The gates, with V(-1), D and V in place of those that are fed."""
    result: list[TrigGate | None] = []
    # For each qubit, where in the result its last gate stands.
    last: dict[int, int] = {}

    def add(gate):
        place = last.get(gate.qubits[0])
        before = None if place is None else result[place]
        if _is_fixed(gate) and before is not None and _is_fixed(before):
            product = gate.matrix @ before.matrix
            is_nothing = np.allclose(product, np.eye(2), atol=1e-14)
            result[place] = (
                None if is_nothing else constant_gate(product, gate.qubits)
            )
            if is_nothing:
                _find_last(result, last, gate.qubits[0])
            return
        last.update(dict.fromkeys(gate.qubits, len(result)))
        result.append(gate)

    for gate in gates:
        parts = None
        if gate.symbol in features and not gate.is_diagonal:
            parts = diagonalized(gate)
        for part in parts or [gate]:
            add(part)
    return [gate for gate in result if gate is not None]


def _is_fixed(gate):
    return gate.symbol is None and len(gate.qubits) == 1


def _find_last(result, last, qubit):
    """Notes where the last gate on a qubit stands, after one was dropped."""
    del last[qubit]
    for place in reversed(range(len(result))):
        gate = result[place]
        if gate is not None and qubit in gate.qubits:
            last[qubit] = place
            return


def diagonalized(gate: TrigGate) -> list[TrigGate] | None:
    """Gates V(-1), D and V in this order, of which D has the gate's symbol.

    The eigenspaces of a gate with one generator are the same at all values
    of its symbol. `None` where a gate has no such form.

    >>> import cirq, sympy
    >>> from tfq_hybrid.engines.batched.lowering import lower_operation
    >>> qubit = cirq.LineQubit(0)
    >>> operation = cirq.rx(sympy.Symbol("x"))(qubit)
    >>> inverse, diagonal, frame = diagonalized(
    ...     *lower_operation(operation, [qubit])
    ... )
    >>> matrix = frame.matrix @ diagonal.at(0.3) @ inverse.matrix
    >>> bool(np.allclose(matrix, cirq.unitary(cirq.rx(0.3))))
    True
    """
    count = len(gate.qubits)
    if count <= _WIDEST:
        for frames in itertools.product(_FRAMES, repeat=count):
            diagonal = _seen_from(gate, functools.reduce(np.kron, frames))
            if diagonal.is_diagonal:
                pairs = zip(frames, gate.qubits, strict=True)
                ways = [(v, q) for v, q in pairs if v is not _FRAMES[0]]
                return [
                    *(constant_gate(v.conj().T, (q,)) for v, q in ways),
                    diagonal,
                    *(constant_gate(v, (q,)) for v, q in ways),
                ]
    # Projectors on pairs of eigenspaces, and their differences: a sum of
    # them in unlike proportions tells all eigenspaces apart.
    parts = [*gate.cos_basis, *(-1j * gate.sin_basis)]
    total = sum(np.sqrt(2 + i) * part for i, part in enumerate(parts))
    if not np.allclose(total, total.conj().T, atol=1e-10):
        return None
    _, frame = np.linalg.eigh(total)
    diagonal = _seen_from(gate, frame)
    if not diagonal.is_diagonal:
        return None
    inverse = constant_gate(frame.conj().T, gate.qubits)
    return [inverse, diagonal, constant_gate(frame, gate.qubits)]


def _seen_from(gate, frame):
    inverse = frame.conj().T
    return dataclasses.replace(
        gate,
        cos_basis=inverse @ gate.cos_basis @ frame,
        sin_basis=inverse @ gate.sin_basis @ frame,
    )
