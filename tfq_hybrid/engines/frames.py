"""A frame in which rotations about X are real."""

import dataclasses

import numpy as np

from tfq_hybrid.engines.gates import constant_gate

# diag(1, i) on every qubit turns X into Y, and so a complex RX into a real RY.
PHASES = np.array([1, 1j])


def real_frame(plan):
    """Conjugates all gates by diag(1, i) on every qubit, where that pays.

    For a plan that starts from given states. Into the frame lead phases that
    cost one multiplication for each amplitude; out of it none are needed,
    since a readout of Z operators does not see them. It pays where complex
    gates become real, which halves their matrix products: RX and CZ do, and a
    CNOT does not, unless it was folded into the readout.
    """
    shared = [gate for gate in plan.gates if gate.symbol not in plan.fed]
    if (
        plan.register.radix != 2
        or len(plan.register.groups) == 1  # one matrix in any case
        or not plan.readout.is_diagonal
        or all(map(_is_cheap, shared))
        or not all(_is_cheap(_turned(gate)) for gate in shared)
    ):
        return plan
    into = np.diag(PHASES.conj())
    first = [constant_gate(into, (q,)) for q in range(plan.register.qubits)]
    return plan.with_gates([*first, *map(_turned, plan.gates)])


def _is_cheap(gate):
    return gate.is_real or gate.is_diagonal


def _turned(gate):
    """D^-1 U D with D = diag(1, i) on each of the gate's qubits."""
    phases = np.ones(1)
    for _ in gate.qubits:
        phases = np.kron(phases, PHASES)
    factor = phases.conj()[:, np.newaxis] * phases
    return dataclasses.replace(
        gate,
        cos_basis=gate.cos_basis * factor,
        sin_basis=gate.sin_basis * factor,
    )
