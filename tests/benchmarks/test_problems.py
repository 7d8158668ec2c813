"""The benchmark's circuit and its reference, against Cirq."""

import numpy as np
import pytest

from benchmarks.problems import Problem, reference
from tests.reference import cirq_expectations, finite_difference
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program


@pytest.mark.parametrize("qubits", [2, 3, 4])
@pytest.mark.parametrize("shared", [True, False])
def test_reference_is_the_ring_circuit(qubits, shared):
    problem = Problem(qubits, depth=2, batch=5, shared=shared)
    spec = CircuitSpec(qubits=qubits, depth=2, entanglement="ring")
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    fed, trained = problem.values(seed=3)
    assert fed.dtype == trained.dtype == np.float32
    rows = [0, 2, 4]
    outputs, gradient = reference(problem, fed, trained, rows)
    for place, row in enumerate(rows):
        weights = trained if shared else trained[row]
        expected = cirq_expectations(program, fed[[row]], weights)
        np.testing.assert_allclose(outputs[[place]], expected, atol=1e-12)

    def loss(x):
        return np.sum(reference(problem, x, trained, rows)[0] ** 2)

    expected = finite_difference(loss, fed)
    np.testing.assert_allclose(gradient, expected[rows], atol=1e-8)
    assert np.abs(gradient).max() > 0.1


def test_reference_under_noise():
    problem = Problem(2, depth=1, batch=2, execution="noise")
    fed, trained = problem.values(seed=3)
    outputs, gradient = reference(problem, fed, trained, [0, 1])
    exact, _ = reference(Problem(2, 1, 2), fed, trained, [0, 1])
    assert np.all(np.abs(outputs) < np.abs(exact))

    def loss(x):
        return np.sum(reference(problem, x, trained, [0, 1])[0] ** 2)

    np.testing.assert_allclose(
        gradient, finite_difference(loss, fed), atol=1e-8
    )


def test_values_follow_the_seed():
    problem = Problem(4, 2, 8)
    first, again, other = (problem.values(seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    assert np.any(first[0] != other[0])
