"""SPSA and Rotosolve on closed forms, and on a chain of four qubits."""

import itertools

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program, make_engine
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC, QuantumDense
from tfq_hybrid.optimizers import (
    frequencies_of,
    rotosolve_minimize,
    spsa_minimize,
)

A, B = cirq.LineQubit.range(2)
S, T = sympy.symbols("s t")


def of_circuit(circuit, operator):
    """An expectation as a function of the symbols in order, and its layer."""
    layer = PQC(cirq.Circuit(circuit), operator)
    engine = make_engine(layer.program)

    def value(angles):
        return engine(tf.zeros([1, 0]), tf.constant(angles, tf.float32))[0, 0]

    return value, layer


@pytest.fixture(scope="module")
def chain():
    """The Ising energy of an ansatz in a transverse field, and the lowest."""
    qubits = cirq.LineQubit.range(4)
    energy = sum(-1.0 * cirq.X(q) for q in qubits) + sum(
        -1.0 * cirq.Z(a) * cirq.Z(b) for a, b in itertools.pairwise(qubits)
    )
    circuit = cirq.Circuit()
    for layer in range(3):
        if layer:
            circuit += [cirq.CNOT(*pair) for pair in itertools.pairwise(qubits)]
        circuit += [
            cirq.ry(sympy.Symbol(f"w{4 * layer + q.x:02}"))(q) for q in qubits
        ]
    layer = PQC(circuit, energy)
    engine = tf.function(make_engine(layer.program))

    def value(angles):
        return engine(tf.zeros([1, 0]), tf.cast(angles, tf.float32))[0, 0]

    ground = np.linalg.eigvalsh(energy.matrix(qubits))[0]
    return value, layer, ground


START = np.random.default_rng(2).normal(size=12)


def test_all_reach_the_ground_state_of_a_chain(chain):
    value, layer, ground = chain
    goal = 0.9 * ground
    weights = tf.Variable(START, dtype=tf.float32)
    adam = tf.keras.optimizers.Adam(0.1)
    for _ in range(100):
        with tf.GradientTape() as tape:
            energy = value(weights)
        adam.apply([tape.gradient(energy, weights)], [weights])
    assert value(weights) < goal
    rotosolve = rotosolve_minimize(
        value, START, frequencies_of(layer), tolerance=1e-2
    )
    assert rotosolve.converged
    assert rotosolve.value < goal
    # Three values for each of twelve angles, one a sweep, one at the start.
    assert rotosolve.evaluations == 37 * rotosolve.iterations + 1
    spsa = spsa_minimize(value, START, 400, seed=0)
    assert spsa.value < goal
    assert spsa.evaluations == 2 * 400 + 20 + 1


def test_blocking_accepts_no_rise_and_counts_its_calls():
    accepted, calls = [], []

    def steep(x):
        calls.append(1)
        return 10 * x[0] ** 2

    found = spsa_minimize(
        steep, [1.0], 50, learning_rate=0.3, blocking=True, seed=3
    )
    assert found.evaluations == len(calls) == 1 + 3 * 50
    for count in range(1, 50, 7):
        shorter = spsa_minimize(
            steep, [1.0], count, learning_rate=1.0, blocking=True, seed=3
        )
        accepted.append(shorter.value)
        assert shorter.value <= 10
    assert found.value <= 10
    loose = spsa_minimize(
        steep,
        [1.0],
        5,
        learning_rate=3.0,
        blocking=True,
        allowed_increase=1e9,
        seed=3,
    )
    assert loose.value > 10  # steps this long overshoot


def test_spsa_calibrates_each_objective_anew():
    one = spsa_minimize(lambda x: np.sum(x**2), [1.0, 1.0], 20, seed=0)
    large = spsa_minimize(lambda x: 1e6 * np.sum(x**2), [1.0, 1.0], 20, seed=0)
    np.testing.assert_allclose(one.position, large.position, rtol=1e-9)
    flat = spsa_minimize(lambda x: 1.0, [1.0, 1.0], 5, seed=0)
    np.testing.assert_array_equal(flat.position, [1.0, 1.0])


@pytest.mark.parametrize(
    "circuit, start, lowest, frequencies",
    [
        ([cirq.rx(S)(A), cirq.rx(S)(A)], [0.0], -1.0, [[1, 2]]),
        ([cirq.X(A) ** S], [0.2], -1.0, [[np.pi]]),
        ([cirq.rx(S)(A), cirq.rz(T)(A)], [0.3, 0.3], -1.0, [[1], [1]]),
        (
            [cirq.X(B), cirq.rx(S)(A).controlled_by(B)],
            [0.1],
            -1.0,
            [[0.5, 1]],
        ),
        ([cirq.rx(S)(A), cirq.X(A) ** S], [0.4], -1.0, None),
    ],
)
def test_rotosolve_knows_the_frequencies(circuit, start, lowest, frequencies):
    value, layer = of_circuit(circuit, cirq.Z(A))
    found = frequencies_of(layer)
    if frequencies is not None:
        for one, expected in zip(found, frequencies, strict=True):
            np.testing.assert_allclose(one, expected)
    result = rotosolve_minimize(value, start, found)
    assert result.converged
    # Two incommensurate frequencies have no lowest point within one turn.
    assert result.value == pytest.approx(
        lowest, abs=1e-4 if frequencies else 0.05
    )


def test_one_frequency_is_not_enough_for_a_shared_symbol():
    value, _ = of_circuit([cirq.rx(S)(A), cirq.rx(S)(A)], cirq.Z(A))
    found = rotosolve_minimize(value, [0.0], sweeps=1)
    assert found.value > -0.99


def test_frequencies_of_other_layers():
    spec = CircuitSpec(qubits=2)
    dense = QuantumDense(1, spec)
    assert len(frequencies_of(dense)) == spec.weight_count
    layer = ControlledPQC(
        spec.circuit, spec.operators, trained_symbols=spec.weights
    )
    for one in frequencies_of(layer):
        np.testing.assert_allclose(one, [1.0])
    assert isinstance(layer.program, Program)
    many = cirq.Circuit(cirq.rx(S * 2**k)(A) for k in range(7))
    with pytest.raises(UserError, match="at most 32 frequencies"):
        frequencies_of(PQC(many, cirq.Z(A)))


@pytest.mark.parametrize(
    "run, message",
    [
        (lambda: spsa_minimize(np.sum, [[1.0]]), "shape"),
        (lambda: spsa_minimize(np.sum, [1.0], 0), "iterations"),
        (lambda: spsa_minimize(np.sum, [1.0], first_step=0), "first_step"),
        (lambda: spsa_minimize(lambda x: np.nan, [1.0]), "one finite number"),
        (lambda: spsa_minimize(lambda x: x, [1.0, 2.0]), "one finite number"),
        (lambda: rotosolve_minimize(np.sum, [1.0], [[1], [1]]), "each of 1"),
        (lambda: rotosolve_minimize(np.sum, [1.0], [[0]]), "positive"),
        (lambda: rotosolve_minimize(np.sum, [np.inf]), "finite"),
    ],
)
def test_bad_arguments_are_refused(run, message):
    with pytest.raises(UserError, match=message):
        run()
