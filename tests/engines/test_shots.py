"""Shots: words that commute qubit by qubit come from the same bits."""

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.engines.shots import Terms, sample_counts
from tfq_hybrid.layers import ControlledPQC, NoisyControlledPQC

A, B, C = cirq.LineQubit.range(3)
X = sympy.Symbol("x")
# Bell states up to a turn of the phase, which no Z feels.
BELL = cirq.Circuit(cirq.H(A), cirq.CNOT(A, B), cirq.rz(X)(A))
ZZ = cirq.Z(A) * cirq.Z(B)


def one_shot(circuit, operators, rows=4_000, kind=ControlledPQC, **options):
    layer = kind(circuit, operators, repetitions=1, seed=1, **options)
    return tf.function(layer)(tf.zeros((rows, 1))).numpy()


def test_one_shot_of_a_bell_pair():
    found = one_shot(BELL, [cirq.Z(A) + cirq.Z(B), ZZ, cirq.Z(A), cirq.Z(B)])
    assert {*found[:, 0]} == {-2, 2}
    assert np.var(found[:, 0]) == pytest.approx(4, abs=0.05)
    np.testing.assert_array_equal(found[:, 1], found[:, 2] * found[:, 3])
    assert abs(found[:, 2].mean()) < 5 / np.sqrt(4_000)


def test_coefficients_scale_the_error():
    circuit = cirq.Circuit(cirq.H(A), cirq.rz(X)(A))
    found = one_shot(circuit, 2 * cirq.Z(A))
    assert np.var(found) == pytest.approx(4, abs=0.05)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_identity_is_no_shot(order):
    terms = [0.5 * cirq.PauliString(), 0.25 * ZZ]
    operator = cirq.PauliSum.from_pauli_strings([terms[i] for i in order])
    circuit = cirq.Circuit(cirq.rz(X)(A), cirq.I(B))
    np.testing.assert_array_equal(one_shot(circuit, operator, 3), [[0.75]] * 3)


def test_the_joint_distribution():
    circuit = cirq.Circuit(
        cirq.ry(0.7)(A), cirq.CNOT(A, B), cirq.ry(1.1)(B), cirq.CZ(B, C)
    )
    circuit += [cirq.ry(0.4)(C), cirq.rz(X)(A)]
    operators = [cirq.Z(A), cirq.X(B), cirq.Y(C) + cirq.Z(A) * cirq.Y(C)]
    found = one_shot(circuit, operators, 20_000)
    turned = cirq.Circuit(circuit, cirq.Y(B) ** -0.5, cirq.X(C) ** 0.5)
    state = cirq.Simulator(dtype=np.complex128).simulate(turned, {"x": 0})
    exact = np.abs(state.final_state_vector.reshape(2, 2, 2)) ** 2
    signs = np.array([1, -1])
    for a, b, c in np.ndindex(2, 2, 2):
        row = [signs[a], signs[b], signs[c] * (1 + signs[a])]
        if signs[a] < 0:  # then the third is 0 whatever c is
            continue
        share = np.mean(np.all(found == row, axis=1))
        assert share == pytest.approx(exact[a, b, c], abs=5 / np.sqrt(20_000))


def test_readout_errors_of_one_shot():
    circuit = cirq.Circuit(cirq.rz(X)(A), cirq.X(B))
    found = one_shot(
        circuit,
        [cirq.Z(A), cirq.Z(B), ZZ],
        20_000,
        NoisyControlledPQC,
        sample_based=True,
        readout_error=(0.1, 0.3),
    )
    np.testing.assert_array_equal(found[:, 2], found[:, 0] * found[:, 1])
    wanted = [0.8, -0.4, -0.32]
    np.testing.assert_allclose(found.mean(axis=0), wanted, atol=0.04)


def test_a_trajectory_measures_its_words_together():
    noisy = cirq.Circuit(BELL.all_operations(), cirq.bit_flip(0.2)(B))
    qubits = cirq.LineQubit.range(2, 10)
    noisy += [cirq.amplitude_damp(0.1)(q) for q in qubits]
    layer = NoisyControlledPQC(
        noisy,
        [cirq.Z(A), cirq.Z(B), ZZ],
        repetitions=1,
        sample_based=True,
        seed=1,
    )
    assert layer.engine_choice.trajectories
    found = layer(tf.zeros((300, 1))).numpy()
    np.testing.assert_array_equal(found[:, 2], found[:, 0] * found[:, 1])
    assert found[:, 2].mean() == pytest.approx(0.6, abs=5 / np.sqrt(300))


def test_wide_groups_are_parted():
    qubits = cirq.LineQubit.range(12)
    words = [cirq.PauliString(cirq.Z(q)) for q in qubits]
    terms = Terms([cirq.PauliSum.wrap(word) for word in words])
    assert len(terms.operators) == 2**10 - 1 + 2**2 - 1
    values = tf.ones((2, len(terms.operators)))
    found = terms.combine(terms.sample(values, 5, tf.constant([1, 2])))
    np.testing.assert_array_equal(found, np.ones((2, 12)))


def test_counts_are_multinomial():
    weights = np.array([0.1, 0.0, 0.25, 0.15, 0.05, 0.2, 0.25, 0.0], "float32")
    rows = tf.constant(np.tile(weights, (5_000, 1)))
    counts = sample_counts(rows, 40, tf.constant([1, 2])).numpy()
    np.testing.assert_array_equal(counts.sum(axis=1), 40)
    mean = counts.mean(axis=0)
    np.testing.assert_allclose(mean, 40 * weights, atol=0.3)
    wanted = 40 * (np.diag(weights) - np.outer(weights, weights))
    np.testing.assert_allclose(np.cov(counts.T), wanted, atol=0.6)


def test_seeds():
    seed = tf.constant([1, 2])
    terms = Terms([cirq.PauliSum.wrap(cirq.Z(A)), cirq.PauliSum.wrap(ZZ)])
    values = tf.zeros((50, len(terms.operators)))
    found = terms.sample(values, 10, seed).numpy()
    np.testing.assert_array_equal(terms.sample(values, 10, seed), found)
    assert np.any(terms.sample(values, 10, seed + 1) != found)
