"""Noise channels in circuits, and their lowering to superoperators."""

import dataclasses
from collections.abc import Sequence

import cirq
import numpy as np

from tfq_hybrid.engines.batched.gates import TrigGate
from tfq_hybrid.engines.batched.lowering import is_channel, lower_operation
from tfq_hybrid.engines.noise.density_matrix import channel_gate, transfer_gate
from tfq_hybrid.errors import UserError

_WIDEST = 3  # qubits of a gate or channel: its matrix has 64**2 entries


@dataclasses.dataclass(frozen=True, eq=False)
class Channel:
    """A channel among gates: Kraus operators (d, d), the leading bit first."""

    qubits: tuple[int, ...]
    kraus: tuple[np.ndarray, ...]
    symbol = None
    is_diagonal = False
    is_permutation = False
    is_real = False


def lower_noisy_circuit(
    circuit: cirq.Circuit, qids: Sequence[cirq.Qid]
) -> list[TrigGate]:
    """Lowers gates and channels to act on Pauli vectors: gates of radix 4.

    A `UserError` names an operation that cannot be lowered, or is too wide.
    """
    known = {}  # a transfer matrix is costly, and most gates repeat
    result = []
    for operation in circuit.all_operations():
        if is_channel(operation):
            qubits = tuple(qids.index(qid) for qid in operation.qubits)
            _check_width(qubits, operation)
            result.append(channel_gate(cirq.kraus(operation), qubits))
            continue
        for gate in lower_operation(operation, qids):
            _check_width(gate.qubits, operation)
            key = gate.signature()
            if key not in known:
                known[key] = transfer_gate(gate)
            result.append(
                dataclasses.replace(
                    known[key], qubits=gate.qubits, symbol=gate.symbol
                )
            )
    return result


def lower_for_trajectories(
    circuit: cirq.Circuit, qids: Sequence[cirq.Qid]
) -> list[TrigGate | Channel]:
    """Lowers gates to act on amplitudes, and keeps channels apart."""
    gates: list[TrigGate | Channel] = []
    for operation in circuit.all_operations():
        if is_channel(operation):
            qubits = tuple(qids.index(q) for q in operation.qubits)
            kraus = tuple(k for k in cirq.kraus(operation) if np.any(k))
            gates.append(Channel(qubits, kraus))
        else:
            gates += lower_operation(operation, qids)
    return gates


def _check_width(qubits: tuple[int, ...], operation: cirq.Operation) -> None:
    if len(qubits) > _WIDEST:
        raise UserError(
            f"Expected gates of at most {_WIDEST} qubits in a noisy circuit. "
            f"Received: {operation}"
        )
