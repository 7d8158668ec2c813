"""Random programs against Cirq, finite differences and TensorFlow Quantum.

200 circuits in the suite; `make random-circuits` runs 2,000.
"""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf

from tests.engines.random_circuits import (
    cases,
    grids,
    tfq_operations,
)
from tests.reference import cirq_expectations
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.tfq.engine import TFQEngine

SIZES = range(1, 9)  # 7 and 8 qubits are more than one group


def counts(usual):
    """Circuits of each size: the usual number, and ten times it."""
    return [usual, pytest.param(10 * usual, marks=pytest.mark.long)]


def run(check, strategy, count):
    """Checks `count` drawn examples, the same ones every time.

    Hypothesis fills a long run with variations of few examples; runs of one
    example give as many different ones.
    """
    settings = hypothesis.settings(
        max_examples=1,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    for seed in range(count):
        wrapped = settings(hypothesis.given(strategy)(check))
        hypothesis.seed(seed)(wrapped)()


def mixing(case):
    """Weights that make one number of all outputs."""
    shape = (len(case.features), len(case.program.operators))
    return np.random.default_rng(0).uniform(-1, 1, shape)


def values_and_gradients(engine, case, dtype):
    """Outputs, and both gradients of their mixture."""
    inputs = [tf.constant(v, dtype) for v in (case.features, case.weights)]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        values = engine(*inputs)
        total = tf.reduce_sum(values * tf.constant(mixing(case), dtype))
    gradients = tape.gradient(
        total, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return [np.asarray(array) for array in (values, *gradients)]


def differences(case, step=1e-6):
    """Both gradients by central differences.

    Every symbol is features here, so that all shifts are one batch.
    """
    program = case.program
    names = (*program.features, *program.weights)
    engine = BatchedEngine(Program(program.circuit, program.operators, names))
    point = np.tile(case.weights, (len(case.features), 1))
    point = np.concatenate([case.features, point], axis=1)
    shifts = step * np.concatenate([np.eye(len(names)), -np.eye(len(names))])
    points = point + shifts[:, np.newaxis]  # (2 * symbols, batch, symbols)
    flat = tf.reshape(
        tf.constant(points), [len(shifts) * len(point), len(names)]
    )
    result = engine(flat, tf.zeros([0], tf.float64)).numpy()
    result = result.reshape(*points.shape[:2], len(program.operators))
    up, down = np.split(result, 2)
    slopes = np.sum((up - down) / (2 * step) * mixing(case), axis=-1).T
    features = len(program.features)
    return slopes[:, :features], slopes[:, features:].sum(axis=0)


def check_batched(case):
    program = case.program
    hypothesis.note(repr(program.circuit))
    expected = cirq_expectations(program, case.features, case.weights)
    expected = expected.reshape(len(case.features), len(program.operators))
    backprop = BatchedEngine(program)
    inputs = [tf.constant(v, tf.float32) for v in (case.features, case.weights)]
    single = backprop(*inputs)
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-5)
    slopes = differences(case)
    for engine in (backprop, BatchedEngine(program, gradient="adjoint")):
        values, *gradients = values_and_gradients(engine, case, tf.float64)
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-10)
        for gradient, slope in zip(gradients, slopes, strict=True):
            np.testing.assert_allclose(gradient, slope, rtol=0, atol=1e-6)


def check_against_tfq(case):
    hypothesis.note(repr(case.program.circuit))
    ours = values_and_gradients(BatchedEngine(case.program), case, tf.float32)
    theirs = values_and_gradients(TFQEngine(case.program), case, tf.float32)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=0, atol=1e-5)
    # It differentiates gates by central differences: off by a relative
    # 1.6e-4 where a symbol turns a phase by 2 pi (PhasedISwap).
    for gradient, reference in zip(ours[1:], theirs[1:], strict=True):
        scale = max(1, np.max(np.abs(reference), initial=0))
        np.testing.assert_allclose(
            gradient, reference, rtol=0, atol=3e-4 * scale
        )


@pytest.mark.long
@pytest.mark.parametrize("qubits", SIZES)
@pytest.mark.parametrize("count", counts(25))
def test_batched_is_cirq_and_its_slopes(qubits, count):
    run(check_batched, cases(qubits), count)


@pytest.mark.long
@pytest.mark.parametrize("qubits", SIZES)
@pytest.mark.parametrize("count", counts(10))
def test_batched_is_tfq(qubits, count):
    run(check_against_tfq, cases(qubits, tfq_operations, grids), count)
