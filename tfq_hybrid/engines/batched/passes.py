"""The compile pipeline of the batched engine: a list of small passes.

Each pass maps a plan to an equivalent plan; leaving any of them out changes
only the time. In a language model the circuit is the same for every token and
only the encoded angles differ: the passes turn what the batch shares into a few
large matrix products.
"""

import collections
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.gates import (
    DiagonalStep,
    GateStep,
    PermutationStep,
    TrigGate,
    constant_gate,
)
from tfq_hybrid.engines.batched.plan import Plan

Pass = Callable[[Plan], Plan]


def schedule(
    gates: Sequence[TrigGate], kind: Callable[[TrigGate], object]
) -> list[TrigGate]:
    """Reorders gates so that gates of one kind follow each other.

    Gates of one kind run together as long as any of them is ready; the gates
    on each qubit keep their order.

    >>> import cirq
    >>> from tfq_hybrid.engines.batched.lowering import lower_operation
    >>> a, b, c = qids = cirq.LineQubit.range(3)
    >>> operations = [cirq.CZ(a, b), cirq.H(a), cirq.CZ(b, c), cirq.H(b)]
    >>> gates = [lower_operation(op, qids)[0] for op in operations]
    >>> ordered = schedule(gates, kind=lambda gate: len(gate.qubits))
    >>> [gate.qubits for gate in ordered]
    [(0, 1), (1, 2), (0,), (1,)]
    """
    waiting: dict[int, collections.deque[TrigGate]]
    waiting = collections.defaultdict(collections.deque)
    for gate in gates:
        for qubit in gate.qubits:
            waiting[qubit].append(gate)
    result: list[TrigGate] = []
    current = None
    while len(result) < len(gates):
        ready = [
            queue[0]
            for queue in waiting.values()
            if queue and all(waiting[q][0] is queue[0] for q in queue[0].qubits)
        ]
        chosen = next((g for g in ready if kind(g) == current), ready[0])
        current = kind(chosen)
        result.append(chosen)
        for qubit in chosen.qubits:
            waiting[qubit].popleft()
    return result


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
        or len(plan.register.groups) == 1  # one matrix in any case
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


def order_gates(plan: Plan) -> Plan:
    """Brings gates of one kind together, so that they can be fused."""

    def kind(gate):
        shared = gate.symbol not in plan.features
        return (
            shared,
            shared and len(gate.qubits) == 1,
            shared and gate.is_diagonal,
        )

    return plan.with_gates(schedule(plan.gates, kind))


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
    is_small = len(plan.register.groups) == 1
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


def gather_phases(plan: Plan) -> Plan:
    """Turns runs of shared diagonal gates into one vector of phases.

    Only where blocks are then real, which halves their cost, and where the
    register is too large for one matrix.
    """
    shared = [gate for gate in plan.gates if gate.symbol not in plan.features]
    if len(plan.register.groups) == 1 or not all(
        gate.is_real or gate.is_diagonal for gate in shared
    ):
        return plan
    steps: list[Any] = []
    run: list[TrigGate] = []
    for step in plan.steps:
        gate = step.gate
        if gate.symbol in plan.features or gate.is_real or not gate.is_diagonal:
            if run:
                steps.append(DiagonalStep(run, plan.register))
            steps.append(step)
            run = []
        else:
            run.append(gate)
    if run:
        steps.append(DiagonalStep(run, plan.register))
    return plan.with_steps(steps)


def fuse_blocks(plan: Plan) -> Plan:
    """Fuses runs of shared gates on a group of qubits into one matrix."""
    register, groups = plan.register, plan.register.groups
    home = {q: g for g, group in enumerate(groups) for q in group}
    pending: list[list[TrigGate]] = [[] for _ in groups]
    steps: list[Any] = []

    def flush(members):
        for member in sorted(members):
            run, pending[member] = pending[member], []
            if run and all(gate.is_permutation for gate in run):
                steps.append(PermutationStep(run, register))
            elif run:
                steps.append(BlockStep(run, groups[member], register))

    for step in plan.steps:
        if not isinstance(step, GateStep):
            flush(range(len(groups)))
            steps.append(step)
            continue
        gate = step.gate
        members = {home[q] for q in gate.qubits}
        if gate.symbol not in plan.features and len(members) == 1:
            pending[members.pop()].append(gate)
            continue
        flush(members)
        is_permutation = gate.is_permutation
        steps.append(
            PermutationStep([gate], register) if is_permutation else step
        )
    flush(range(len(groups)))
    return plan.with_steps(steps)


def merge_permutations(plan: Plan) -> Plan:
    """Makes one gather of several in a row."""
    steps: list[Any] = []
    for step in plan.steps:
        is_permutation = isinstance(step, PermutationStep)
        if is_permutation and steps and isinstance(steps[-1], PermutationStep):
            step = PermutationStep(
                steps.pop().gates + step.gates, plan.register
            )
        steps.append(step)
    return plan.with_steps(steps)


PASSES = (
    drop_outside_light_cone,
    order_gates,
    drop_before_readout,
    take_prefix,
    gather_phases,
    fuse_blocks,
    merge_permutations,
)
