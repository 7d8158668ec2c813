"""The order in which gates are run.

Cirq packs a circuit into moments, so that gates of the next layer come before
the last entanglers of this one. Any order that keeps the gates on each qubit
in theirs is the same circuit; this one makes the runs of like gates long,
since a run is what the batched engine fuses.
"""

import collections


def schedule(gates, kind):
    """Reorders gates so that gates of one kind follow each other.

    Args:
        gates: list of `TrigGate` in circuit order.
        kind: function of a gate to something that compares. Gates of one
            kind run together as long as any of them is ready.

    Returns:
        A list of the same gates; the gates on each qubit keep their order.

    Example:

    >>> import cirq
    >>> from tfq_hybrid.engines.lowering import lower_operation
    >>> a, b, c = qids = cirq.LineQubit.range(3)
    >>> operations = [cirq.CZ(a, b), cirq.H(a), cirq.CZ(b, c), cirq.H(b)]
    >>> gates = [lower_operation(op, qids)[0] for op in operations]
    >>> ordered = schedule(gates, kind=lambda gate: len(gate.qubits))
    >>> [gate.qubits for gate in ordered]
    [(0, 1), (1, 2), (0,), (1,)]
    """
    waiting = collections.defaultdict(collections.deque)
    for gate in gates:
        for qubit in gate.qubits:
            waiting[qubit].append(gate)
    result, current = [], None
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
