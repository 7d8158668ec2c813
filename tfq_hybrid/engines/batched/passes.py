"""The compile pipeline of the batched engine: a list of small passes.

Each pass maps a plan to an equivalent plan; leaving any of them out changes
only the time. In a language model the circuit is the same for every token and
only the encoded angles differ: the passes turn what the batch shares into a few
large matrix products.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from tfq_hybrid.engines.batched.fusion import fuse
from tfq_hybrid.engines.batched.gates import TrigGate, constant_gate
from tfq_hybrid.engines.batched.plan import Plan
from tfq_hybrid.engines.batched.steps import PermutationStep

Pass = Callable[[Plan], Plan]


# diag(1, i) on every qubit turns X into Y, and so a complex RX into a real RY.
PHASES = np.array([1, 1j])


def real_frame(plan: Plan) -> Plan:
    """Conjugates all gates by diag(1, i) on every qubit, where that pays.

    For a plan that starts from given states. Into the frame lead phases that
    cost one multiplication for each amplitude; out of it none are needed,
    since a readout of Z operators does not see them. It pays where complex
    gates become real, which halves their matrix products: RX and CZ do, and a
    CNOT does not, unless it was folded into the readout.
    """
    shared = [gate for gate in plan.gates if gate.symbol not in plan.features]
    if (
        plan.register.radix != 2
        or plan.register.is_one_block  # one matrix in any case
        or not plan.readout.is_diagonal
        or all(map(_is_cheap, shared))
        or not all(_is_cheap(_turned(gate)) for gate in shared)
    ):
        return plan
    into = np.diag(PHASES.conj())
    first = [constant_gate(into, (q,)) for q in range(plan.register.qubits)]
    return plan.with_gates([*first, *map(_turned, plan.gates)])


def _is_cheap(gate: TrigGate) -> bool:
    return gate.is_real or gate.is_diagonal


def _turned(gate: TrigGate) -> TrigGate:
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


def drop_outside_light_cone(plan: Plan) -> Plan:
    """Drops gates that no observable can feel.

    U and its inverse cancel around an observable on other qubits; so do
    channels, which keep the trace.
    """
    kept, felt = [], set(plan.readout.qubits)
    for gate in reversed(plan.gates):
        if not felt.isdisjoint(gate.qubits):
            kept.append(gate)
            felt.update(gate.qubits)
    return plan.with_gates(kept[::-1])


def drop_before_readout(plan: Plan) -> Plan:
    """Drops what a readout of Z operators does not see.

    Diagonal gates have no effect on it, and permutations fold into it.
    """
    if not plan.readout.is_diagonal:
        return plan
    kept, blocked = [], set[int]()
    readout: Any = plan.readout
    for gate in reversed(plan.gates):
        free = blocked.isdisjoint(gate.qubits)
        if not free or not (gate.is_diagonal or gate.is_permutation):
            kept.append(gate)
            blocked.update(gate.qubits)
        elif not gate.is_diagonal:
            relabel = PermutationStep([gate], plan.register)
            readout = readout.absorbing(relabel.order)
    return plan.with_gates(kept[::-1], readout=readout)


def take_prefix(plan: Plan) -> Plan:
    """Moves leading one-qubit gates into the product state.

    While no entangler has acted the qubits are independent, and a gate costs
    next to nothing. Shared gates stay behind in two cases: complex diagonal
    ones after real ones, since one vector of phases for the whole register
    is cheaper than a complex product; and those with weights where the rest of
    a small register becomes one matrix in any case.
    """
    prefix, rest = _split_prefix(plan, take_weights=True)
    is_small = plan.register.is_one_block
    if is_small and any(
        gate.symbol not in plan.features and not gate.is_permutation
        for gate in rest
    ):
        prefix, rest = _split_prefix(plan, take_weights=False)
    return plan.with_gates(rest, prefix=tuple(map(tuple, prefix)))


def _split_prefix(plan, take_weights):
    prefix = [[] for _ in range(plan.register.qubits)]
    blocked, rest = set(), []
    for gate in plan.gates:
        joins = len(gate.qubits) == 1 and blocked.isdisjoint(gate.qubits)
        if joins and gate.symbol not in plan.features:
            before = prefix[gate.qubits[0]]
            is_phase = gate.is_diagonal and not gate.is_real
            joins = not (is_phase and all(g.is_real for g in before))
            joins = joins and (take_weights or gate.symbol is None)
        if joins:
            prefix[gate.qubits[0]].append(gate)
        else:
            blocked.update(gate.qubits)
            rest.append(gate)
    return prefix, rest


PASSES = (
    drop_outside_light_cone,
    drop_before_readout,
    take_prefix,
    fuse,
)
