"""Independent references: Cirq's simulator and finite differences."""

import cirq
import numpy as np


def cirq_expectations(program, features, weights):
    """Expectations by `cirq.Simulator` in complex128.

    Args:
        program: `Program`.
        features: array of shape (batch, features).
        weights: array of shape (weights,).

    Returns:
        An array of shape (batch, operators).
    """
    simulator = cirq.Simulator(dtype=np.complex128)
    rows = []
    for values in np.asarray(features):
        resolver = dict(zip(program.features, values, strict=True))
        resolver |= dict(zip(program.weights, weights, strict=True))
        rows.append(
            simulator.simulate_expectation_values(
                program.circuit,
                list(program.operators),
                param_resolver=cirq.ParamResolver(resolver),
                qubit_order=program.qids,
            )
        )
    return np.real(rows)


def finite_difference(function, point, step=1e-6):
    """The central difference of a scalar function of an array."""
    point = np.asarray(point, float)
    gradient = np.zeros_like(point)
    for index in np.ndindex(point.shape):
        shift = np.zeros_like(point)
        shift[index] = step
        difference = function(point + shift) - function(point - shift)
        gradient[index] = difference / (2 * step)
    return gradient


def density_matrix_expectations(circuit, operators, values):
    """Expectations by `cirq.DensityMatrixSimulator` in complex128.

    Args:
        circuit: `cirq.Circuit`, with channels perhaps.
        operators: sequence of `cirq.PauliString` or `cirq.PauliSum`.
        values: dict of symbol names and values.

    Returns:
        An array of shape (operators,).
    """
    sums = [cirq.PauliSum.wrap(operator) for operator in operators]
    measured = {qid for operator in sums for qid in operator.qubits}
    qids = sorted({*circuit.all_qubits(), *measured})
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    result = simulator.simulate(circuit, values, qubit_order=qids)
    matrix = result.final_density_matrix
    return np.real([np.trace(s.matrix(qids) @ matrix) for s in sums])
