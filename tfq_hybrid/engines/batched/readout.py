"""Exact expectations of Pauli operators from a state."""

import copy
from collections.abc import Sequence
from typing import Any

import cirq
import numpy as np
import tensorflow as tf

from tfq_hybrid.engines.batched.layout import State
from tfq_hybrid.engines.batched.states import permute
from tfq_hybrid.errors import UserError


class Readout:
    """Measures every operator at once, qubits in the order of the bits.

    A Pauli string maps the basis state |j> to phase(j) |j xor m>, where the
    mask m marks its X and Y factors. Operators are grouped by mask: those
    with m = 0 are one matrix product with the probabilities, and each other
    mask is one product with conj(psi[j xor m]) psi[j].
    """

    def __init__(
        self, operators: Sequence[cirq.PauliSum], qids: Sequence[cirq.Qid]
    ):
        self._count = len(operators)
        self.qubits = measured_qubits(operators, qids)
        # mask -> {operator: phases of each basis state}
        rows: dict[int, dict[int, Any]] = {}
        for row, operator in enumerate(operators):
            for term in operator:
                mask, phases = _action(term, qids)
                of_mask = rows.setdefault(mask, {})
                of_mask[row] = of_mask.get(row, 0) + phases
        # By mask, only the operators that have it: a Hamiltonian of many
        # words would else be many times its size in zeros.
        self._rows = [row for mask in sorted(rows) for row in rows[mask]]
        self._tables = {
            mask: np.array([*rows[mask].values()]) for mask in sorted(rows)
        }

    @property
    def is_diagonal(self) -> bool:
        """Whether all operators are products of Z and identity."""
        return set(self._tables) <= {0}

    def absorbing(self, order: np.ndarray) -> "Readout":
        """A readout that does the work of a permutation right before it.

        It is `new[i] = old[order[i]]`, up to signs, which a diagonal readout
        does not see.
        """
        result = copy.copy(self)
        inverse = np.argsort(order)
        result._tables = {m: t[:, inverse] for m, t in self._tables.items()}
        return result

    def __call__(self, state: State) -> tf.Tensor:
        """Expectations (batch, operators) of a state."""
        dtype, batch = state.tensor.dtype, tf.shape(state.tensor)[-1]
        parts = []
        for mask, table in self._tables.items():
            if mask:
                parts.append(self._masked(state.planes(), mask, table))
                continue
            probabilities = tf.add_n([tf.square(x) for x in state.parts()])
            table = state.relabelled(table.real)
            parts.append(tf.constant(table, dtype) @ probabilities)
        if not parts:
            return tf.zeros([batch, self._count], dtype)
        result = parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
        if self._rows != list(range(self._count)):
            place = np.equal.outer(range(self._count), self._rows)
            result = tf.constant(place, dtype) @ result
        return tf.transpose(result)

    @staticmethod
    def _masked(state: tf.Tensor, mask: int, table: np.ndarray) -> tf.Tensor:
        flipped = permute(state, np.arange(state.shape[1]) ^ mask)
        real = tf.reduce_sum(state * flipped, axis=0)
        result = tf.constant(table.real, state.dtype) @ real
        if state.shape[0] == 2 and np.any(table.imag):
            (real, imag), (to_real, to_imag) = map(tf.unstack, (flipped, state))
            imaginary = real * to_imag - imag * to_real
            result -= tf.constant(table.imag, state.dtype) @ imaginary
        return result


class PauliReadout:
    """Measures every operator from Pauli vectors of density matrices.

    The entry of a Pauli word is its expectation, so that this is one matrix
    product. The qubits are in the order of the digits.
    """

    is_diagonal = False

    def __init__(
        self, operators: Sequence[cirq.PauliSum], qids: Sequence[cirq.Qid]
    ):
        self.qubits = measured_qubits(operators, qids)
        digits = {cirq.X: 1, cirq.Y: 2, cirq.Z: 3}
        places = {qid: 4 ** (len(qids) - 1 - q) for q, qid in enumerate(qids)}
        self._table = np.zeros((len(operators), 4 ** len(qids)))
        for row, operator in enumerate(operators):
            for term in operator:
                word = sum(digits[p] * places[qid] for qid, p in term.items())
                self._table[row, word] += term.coefficient.real

    def __call__(self, state: State) -> tf.Tensor:
        """Expectations (batch, operators) of Pauli vectors."""
        table = state.relabelled(self._table)
        table = tf.constant(table, state.tensor.dtype)
        return tf.transpose(table @ state.tensor)


class NoReadout:
    """Keeps the state as it is: every qubit counts."""

    is_diagonal = False

    def __init__(self, qubits: int):
        self.qubits = list(range(qubits))

    def __call__(self, state: State) -> tf.Tensor:
        """The state's planes (P, N, batch)."""
        return state.planes()


AnyReadout = Readout | PauliReadout | NoReadout


def measured_qubits(
    operators: Sequence[cirq.PauliSum], qids: Sequence[cirq.Qid]
) -> list[int]:
    """The places of the qubits that operators measure, sorted."""
    measured = {qid for term in operators for qid in term.qubits}
    foreign = sorted(measured.difference(qids))
    if foreign:
        raise UserError(
            f"Expected operators on qubits of the circuit: "
            f"{', '.join(map(str, qids))}. Received: operators on "
            f"{', '.join(map(str, foreign))}"
        )
    return sorted(qids.index(qid) for qid in measured)


def _action(term, qids):
    """Mask and phases (N,) of a Pauli string on the basis states."""
    index = np.arange(2 ** len(qids))
    mask, phases = 0, np.full(len(index), complex(term.coefficient))
    for qid, pauli in term.items():
        place = len(qids) - 1 - qids.index(qid)
        bit = (index >> place) & 1
        if pauli in (cirq.X, cirq.Y):
            mask |= 1 << place
        if pauli == cirq.Y:
            phases *= 1j * (1 - 2 * bit)
        if pauli == cirq.Z:
            phases *= 1 - 2 * bit
    return mask, phases
