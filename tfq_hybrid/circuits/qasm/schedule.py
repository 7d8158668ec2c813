"""Operations of a text in moments, in an order that conditions keep."""

from collections.abc import Sequence
from typing import Any

import cirq


class Schedule:
    """Operations in moments: each as early as what it needs allows.

    A measurement comes after each condition that read its key before.
    """

    def __init__(self) -> None:
        self._moments: list[list[cirq.Operation]] = []
        self._free: dict[Any, int] = {}
        self.used: set[cirq.Qid] = set()

    def add(self, operation: cirq.Operation) -> None:
        """Puts an operation behind those that it depends on."""
        needs = [
            *operation.qubits,
            *cirq.measurement_key_objs(operation),
            *cirq.control_keys(operation),
        ]
        place = max((self._free.get(need, 0) for need in needs), default=0)
        if place == len(self._moments):
            self._moments.append([])
        self._moments[place].append(operation)
        for need in needs:
            self._free[need] = place + 1
        self.used.update(operation.qubits)

    def align(self, qubits: Sequence[cirq.Qid]) -> None:
        """Lets nothing on these qubits pass a barrier."""
        place = max((self._free.get(qubit, 0) for qubit in qubits), default=0)
        for qubit in qubits:
            self._free[qubit] = place

    def circuit(self) -> cirq.Circuit:
        """All of them."""
        return cirq.Circuit(map(cirq.Moment, self._moments))
