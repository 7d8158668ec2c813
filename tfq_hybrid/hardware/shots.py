"""Shots for a wanted standard error, from the exact variance."""

import math
from typing import Any

import cirq
import numpy as np

from tfq_hybrid.engines.grouping import commuting_groups, words_of
from tfq_hybrid.errors import UserError, is_number


def shots_for_error(layer: Any, inputs: Any, error: float) -> int:
    """Shots for each circuit that bring every output to a standard error.

    An output is a sum over groups of Pauli words that one circuit measures
    together; its variance is the sum of the groups' variances, divided by the
    shots of each. The variances are exact, from the state or the density
    matrix of each row.

    Args:
        layer: a built circuit layer, or a `QuantumDense`, whose readouts are
            then meant.
        inputs: rows, as for `resolved_circuit`.
        error: the standard error, above 0.

    Returns:
        The number of shots, at least 1, of the output and the row that need
        the most.

    Raises:
        UserError: the error is not above 0, or the inputs do not fit.

    Example:

    >>> import sympy
    >>> from tfq_hybrid.layers import ControlledPQC
    >>> qubit = cirq.GridQubit(0, 0)
    >>> circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    >>> layer = ControlledPQC(circuit, cirq.Z(qubit))
    >>> shots_for_error(layer, [[0.0], [math.pi / 2]], error=0.01)
    10000
    """
    if not is_number(error) or error <= 0:
        raise UserError(
            f"Expected error to be a number above 0. Received: error={error!r}"
        )
    circuits = layer.resolved_circuit(inputs)
    if isinstance(circuits, cirq.Circuit):
        circuits = [circuits]
    program = getattr(layer, "pqc", layer).program
    simulator: Any = cirq.Simulator(dtype=np.complex128)
    if program.is_noisy:
        simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    groups = _parts_of(program.operators)
    sums = [part for part, _ in groups]
    squares = [part * part for part in sums]
    largest = 0.0
    for circuit in circuits:
        qubits = sorted({*program.qids, *circuit.all_qubits()})
        values = np.real(
            simulator.simulate_expectation_values(
                circuit, [*sums, *squares], qubit_order=qubits
            )
        )
        means, seconds = np.split(values, 2)
        variances = np.zeros(len(program.operators))
        for (_, place), mean, second in zip(
            groups, means, seconds, strict=True
        ):
            variances[place] += max(0.0, second - mean**2)
        largest = max(largest, *variances)
    # Less rounding, so that 10,000.0000001 shots are 10,000.
    return max(1, math.ceil(largest / error**2 * (1 - 1e-9)))


def _parts_of(operators):
    """The part of each output that each circuit measures, and its place."""
    words, mixing, _ = words_of(operators)
    found = []
    for group in commuting_groups(words):
        for place in range(len(operators)):
            terms = [
                mixing[word, place] * words[word]
                for word in group.words
                if mixing[word, place]
            ]
            if terms:
                found.append((cirq.PauliSum.from_pauli_strings(terms), place))
    return found
