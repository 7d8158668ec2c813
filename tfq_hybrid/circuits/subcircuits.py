"""Sub-circuits of a circuit: unrolled, and their moments counted."""

import cirq

from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import reason_of


def unrolled(
    circuit: cirq.AbstractCircuit, keep_loops: bool = False
) -> cirq.Circuit:
    """The circuit with the gates of its sub-circuits in their place.

    Args:
        circuit: with or without sub-circuits.
        keep_loops: whether a circuit stays as it is where one of them is
            repeated until something holds. Defaults to `False`.

    Raises:
        UserError: a sub-circuit is repeated until something holds, or a
            number of times that is a symbol.

    Example:

    >>> qubit = cirq.LineQubit(0)
    >>> twice = cirq.CircuitOperation(
    ...     cirq.FrozenCircuit(cirq.H(qubit)),
    ...     repetitions=2,
    ...     use_repetition_ids=False,
    ... )
    >>> print(unrolled(cirq.Circuit(twice)))
    0: ───H───H───
    """
    circuit = circuit.unfreeze(copy=False)
    if not any(map(_is_subcircuit, circuit.all_operations())):
        return circuit
    try:
        return cirq.unroll_circuit_op(circuit, deep=True, tags_to_check=None)
    except ValueError as error:
        if keep_loops:
            return circuit
        raise UserError(
            "Expected sub-circuits that are repeated a known number of times. "
            f"Received: {reason_of(error)}"
        ) from error


def count_moments(circuit: cirq.AbstractCircuit) -> int:
    """The moments of a circuit, those of its sub-circuits counted.

    A sub-circuit that is repeated an unknown number of times counts once.

    >>> qubits = cirq.LineQubit.range(2)
    >>> inner = cirq.FrozenCircuit(cirq.H(qubits[0]), cirq.CNOT(*qubits))
    >>> repeated = cirq.CircuitOperation(
    ...     inner, repetitions=50, use_repetition_ids=False
    ... )
    >>> count_moments(cirq.Circuit(repeated, cirq.X(qubits[1])))
    101
    """
    return sum(
        max((_moments_of(operation) for operation in moment), default=1)
        for moment in circuit
    )


def _moments_of(operation):
    if not _is_subcircuit(operation):
        return 1
    inner = operation.untagged
    if isinstance(inner, cirq.ClassicallyControlledOperation):
        inner = inner.without_classical_controls().untagged
    times = inner.repetitions
    times = abs(int(times)) if isinstance(times, int) else 1
    return times * count_moments(inner.circuit)


def _is_subcircuit(operation):
    bare = operation.without_classical_controls().untagged
    return isinstance(bare, cirq.CircuitOperation)
