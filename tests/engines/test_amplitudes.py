import cirq
import numpy as np
import pytest
import tensorflow as tf

from tests.reference import finite_difference
from tfq_hybrid.circuits import preset
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.states import amplitude_states
from tfq_hybrid.errors import UserError

SPEC = preset("qaa", qubits=3, depth=2)
PROGRAM = Program(SPEC.circuit, SPEC.operators, (), SPEC.weights)
TRAINED = np.random.default_rng(0).normal(size=SPEC.weight_count)


def expectations(vectors, gradient="backprop"):
    states = amplitude_states(vectors, 3)
    features = tf.zeros([tf.shape(vectors)[0], 0], vectors.dtype)
    engine = BatchedEngine(PROGRAM, gradient=gradient)
    return engine(features, tf.constant(TRAINED, vectors.dtype), states)


def test_equals_cirq_from_the_same_state():
    vectors = np.random.default_rng(1).normal(size=(4, 6))
    result = expectations(tf.constant(vectors))
    simulator = cirq.Simulator(dtype=np.complex128)
    for row, vector in enumerate(vectors):
        state = np.pad(vector, (0, 2)) / np.linalg.norm(vector)
        expected = simulator.simulate_expectation_values(
            PROGRAM.circuit,
            list(PROGRAM.operators),
            dict(zip(PROGRAM.weights, TRAINED, strict=True)),
            qubit_order=PROGRAM.qids,
            initial_state=state.astype(np.complex128),
        )
        np.testing.assert_allclose(result[row], expected, atol=1e-7)


@pytest.mark.parametrize("gradient", ["backprop", "adjoint"])
def test_gradient_with_respect_to_the_vector(gradient):
    vectors = np.random.default_rng(1).normal(size=(2, 5))
    inputs = tf.constant(vectors)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(tf.sin(expectations(inputs, gradient)))
    expected = finite_difference(
        lambda v: float(tf.reduce_sum(tf.sin(expectations(tf.constant(v))))),
        vectors,
    )
    np.testing.assert_allclose(tape.gradient(loss, inputs), expected, atol=1e-7)


def test_length_does_not_matter():
    vectors = tf.constant([[1.0, -2.0, 3.0]])
    expected = amplitude_states(vectors, 2)
    for factor in (1e-30, 1e30, 7.0):
        result = amplitude_states(factor * vectors, 2)
        np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_zeros_are_the_ground_state_without_gradient():
    vectors = tf.constant([[0.0, 0.0], [1.0, 1.0]])
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        states = amplitude_states(vectors, 1)
        loss = tf.reduce_sum(states * tf.constant([[1.0, 2.0]]))
    np.testing.assert_array_equal(states[0], [1.0, 0.0])
    gradient = tape.gradient(loss, vectors).numpy()
    np.testing.assert_array_equal(gradient[0], [0.0, 0.0])
    assert np.all(gradient[1] != 0)


def test_too_wide():
    with pytest.raises(UserError, match=r"nearest valid value is qubits=4\."):
        amplitude_states(tf.zeros([1, 9]), 3)
