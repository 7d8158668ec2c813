"""TensorFlow Quantum's operations in chunks: the same numbers."""

import subprocess
import sys

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq
from tensorflow_quantum.core.ops import circuit_execution_ops

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import (
    Execution,
    Program,
    make_engine,
)
from tfq_hybrid.engines.gradients import SPSA, as_gradient_method
from tfq_hybrid.engines.tfq.chunks import CHUNK, MOST_QUBITS, in_chunks
from tfq_hybrid.engines.tfq.engine import TFQEngine
from tfq_hybrid.errors import UserError

SPEC = CircuitSpec(qubits=2, depth=1)
PROGRAM = Program(SPEC.circuit, SPEC.operators, SPEC.features, SPEC.weights)
TRAINED = np.array([0.4, 1.1, -0.3, 2.0], "float32")


def whole_batch(features, weights, upstream):
    """Values and gradient by one call of TensorFlow Quantum's own."""
    op = tfq.differentiators.Adjoint().generate_differentiable_op(
        analytic_op=circuit_execution_ops.get_expectation_op()
    )
    names = (*PROGRAM.features, *PROGRAM.weights)
    shared = np.broadcast_to(weights, (len(features), len(weights)))
    values = tf.constant(np.concatenate([features, shared], axis=1))
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = op(
            tfq.convert_to_tensor([SPEC.circuit] * len(features)),
            tf.constant(names),
            values,
            tfq.convert_to_tensor([list(SPEC.operators)] * len(features)),
        )
        loss = tf.reduce_sum(result * upstream)
    gradient = tape.gradient(loss, values)
    return result, gradient[:, :2], tf.reduce_sum(gradient[:, 2:], axis=0)


@pytest.mark.parametrize(
    "batch", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 6]
)
@pytest.mark.parametrize("adjoint", [None, tfq.differentiators.Adjoint])
def test_chunks_change_nothing(batch, adjoint):
    generator = np.random.default_rng(batch)
    features = generator.normal(size=(batch, 2)).astype("float32")
    weights = generator.normal(size=len(SPEC.weights)).astype("float32")
    upstream = generator.normal(size=(batch, 2)).astype("float32")
    engine = TFQEngine(PROGRAM, differentiator=adjoint and adjoint())
    inputs = tf.constant(features), tf.constant(weights)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        values = engine(*inputs)
        loss = tf.reduce_sum(values * upstream)
    by_features, by_weights = tape.gradient(loss, inputs)
    expected = whole_batch(features, weights, upstream)
    np.testing.assert_array_equal(values, expected[0])
    # Each example's upstream gradient is scaled before it goes in.
    np.testing.assert_allclose(by_features, expected[1], atol=2e-6)
    np.testing.assert_allclose(by_weights, expected[2], rtol=1e-5, atol=1e-5)


def test_small_upstream_gradients_are_not_dropped():
    # TensorFlow Quantum's operation leaves out terms below 1e-5.
    engine = TFQEngine(PROGRAM)
    features = tf.random.stateless_normal([3, 2], seed=[0, 1])
    weights = tf.constant(TRAINED)
    gradients = []
    for scale in (1.0, 1e-7):
        with tf.GradientTape() as tape:
            tape.watch((features, weights))
            loss = scale * tf.reduce_sum(engine(features, weights))
        by_inputs = tape.gradient(loss, (features, weights))
        gradients.append([g / scale for g in by_inputs])
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert np.any(np.abs(gradients[0][0]) > 0.1)


@pytest.mark.parametrize(
    "name,tolerance",
    [
        ("adjoint", 1e-4),
        ("parameter_shift", 1e-4),
        ("central_difference", 2e-3),
        ("forward_difference", 5e-3),
    ],
)
def test_gradients_by_name_equal_the_batched_engine(name, tolerance):
    features = tf.random.stateless_normal([3, 2], seed=[0, 1])
    weights = tf.constant(TRAINED)
    results = []
    for choice in ("tfq", "batched"):
        step = 1e-2 if name.endswith("difference") else None
        execution = Execution(
            differentiator=as_gradient_method({"name": name, "step": step})
        )
        engine = make_engine(PROGRAM, choice, execution)
        with tf.GradientTape() as tape:
            tape.watch((features, weights))
            loss = tf.reduce_sum(tf.sin(engine(features, weights)))
        results.append(tape.gradient(loss, (features, weights)))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


def test_spsa_is_the_same_on_both_engines():
    features = tf.random.stateless_normal([3, 2], seed=[0, 1])
    weights = tf.constant(TRAINED)
    execution = Execution(differentiator=SPSA(step=0.1))
    results = []
    for choice in ("tfq", "batched"):
        engine = make_engine(PROGRAM, choice, execution)
        with tf.GradientTape() as tape:
            tape.watch((features, weights))
            seed = tf.constant([1, 2])
            loss = tf.reduce_sum(engine(features, weights, seed=seed))
        results.append(tape.gradient(loss, (features, weights)))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("repetitions", [None, 10])
def test_an_empty_batch(repetitions):
    engine = TFQEngine(PROGRAM, repetitions)
    features, weights = tf.zeros([0, 2]), tf.zeros([4])
    with tf.GradientTape() as tape:
        tape.watch((features, weights))
        values = engine(features, weights)
    assert values.shape == (0, 2)
    by_features, by_weights = tape.gradient(values, (features, weights))
    assert by_features.shape == (0, 2)
    np.testing.assert_array_equal(by_weights, np.zeros(4))


def test_an_unknown_batch_size():
    engine = TFQEngine(PROGRAM)
    signature = [tf.TensorSpec([None, 2]), tf.TensorSpec([4])]
    traced = tf.function(engine, input_signature=signature)
    for batch in (1, CHUNK + 1):
        features = tf.random.stateless_normal([batch, 2], seed=[0, batch])
        np.testing.assert_array_equal(
            traced(features, TRAINED), engine(features, TRAINED)
        )


@pytest.mark.parametrize(
    "differentiator",
    [
        tfq.differentiators.ParameterShift(),
        tfq.differentiators.CentralDifference(2, 0.01),
    ],
)
def test_other_differentiators_in_chunks(differentiator):
    features = tf.random.stateless_normal([CHUNK + 3, 2], seed=[1, 2])
    weights = tf.constant(TRAINED)
    gradients = []
    for each in (None, differentiator):
        engine = TFQEngine(PROGRAM, differentiator=each)
        with tf.GradientTape() as tape:
            tape.watch((features, weights))
            values = engine(features, weights)
        gradients.append(tape.gradient(values, (features, weights)))
    for ours, expected in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=5e-3, atol=5e-3)


def test_samples_in_chunks_are_independent():
    engine = TFQEngine(PROGRAM, repetitions=20)
    values = engine(tf.fill([4 * CHUNK, 2], 0.7), TRAINED)
    exact = TFQEngine(PROGRAM)(tf.fill([1, 2], 0.7), TRAINED)
    error = 1 / np.sqrt(20 * 4 * CHUNK)
    np.testing.assert_allclose(
        np.mean(values, axis=0), exact[0], atol=5 * error
    )
    chunks = np.reshape(values, (4, -1))
    assert len(np.unique(chunks, axis=0)) == 4


def test_many_qubits_are_left_whole():
    op = circuit_execution_ops.get_expectation_op()
    assert in_chunks(op, MOST_QUBITS + 1) is op
    assert in_chunks(op, MOST_QUBITS) is not op


def test_a_circuit_without_symbols():
    qubit = cirq.GridQubit(0, 0)
    program = Program(cirq.Circuit(cirq.X(qubit)), [cirq.Z(qubit)])
    features = tf.zeros([3, 0])
    with tf.GradientTape() as tape:
        tape.watch(features)
        values = TFQEngine(program)(features, tf.zeros([0]))
    np.testing.assert_array_equal(values, [[-1.0]] * 3)
    assert tape.gradient(values, features).shape == (3, 0)


def test_sums_of_controls_are_refused():
    a, b, c = cirq.LineQubit.range(3)
    either = cirq.SumOfProducts([[0, 1], [1, 0]])
    gate = cirq.rx(sympy.Symbol("x"))(c).controlled_by(
        a, b, control_values=either
    )
    circuit = cirq.Circuit(cirq.H(a), cirq.H(b), gate)
    program = Program(circuit, (cirq.Z(c),), ("x",))
    with pytest.raises(UserError, match="moment 1"):
        make_engine(program, "tfq")
    result = make_engine(program, "batched")(tf.ones([1, 1]), tf.zeros([0]))
    # In one half of the states Z is turned by 1 radian.
    assert float(result[0, 0]) == pytest.approx((1 + np.cos(1)) / 2, abs=1e-6)


@pytest.mark.long
def test_import_leaves_pythons_generator_alone():
    # Keras takes seeds from it: a training would otherwise depend on whether
    # its engine was the first of the process to need TensorFlow Quantum.
    script = (
        "import random; import tfq_hybrid.engines; before = random.getstate()\n"
        "import tfq_hybrid.engines.tfq.ops; import tensorflow_quantum\n"
        "assert random.getstate() == before"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_states_are_no_start_for_tensorflow_quantum():
    engine = make_engine(PROGRAM, "tfq")
    states = tf.ones([1, 2**PROGRAM.qubits], tf.complex64)
    with pytest.raises(UserError, match="circuits to start from"):
        engine(tf.zeros([1, 2]), tf.constant(TRAINED), states)
