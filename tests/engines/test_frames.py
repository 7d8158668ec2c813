"""The frame of given states: the same numbers, by real matrices."""

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import preset
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.passes import PASSES, real_frame
from tfq_hybrid.engines.batched.phases import DiagonalStep

QUBITS = 7


def of_spec(**changes):
    spec = preset("qaa", **{"qubits": QUBITS, **changes})
    return Program(spec.circuit, spec.operators, (), spec.weights)


def features():
    """RX by features and by weights, CZ in between, and an XX at last."""
    q = cirq.LineQubit.range(QUBITS)
    x, w, v = sympy.symbols("x w v")
    circuit = cirq.Circuit(
        cirq.rx(w)(q[0]),
        cirq.rx(x)(q[1]),
        cirq.CZ(q[0], q[6]),
        cirq.CZ(q[2], q[4]),
        cirq.S(q[3]),
        cirq.rx(v)(q[6]),
        cirq.XX(q[5], q[6]) ** w,
    )
    operators = (cirq.Z(q[0]) * cirq.Z(q[6]), cirq.Z(q[5]), cirq.Z(q[1]))
    return Program(circuit, operators, ("x",), ("v", "w"))


def outputs(engine, program, states):
    generator = np.random.default_rng(1)
    features = tf.constant(generator.normal(size=(3, len(program.features))))
    weights = tf.constant(generator.normal(size=len(program.weights)))
    with tf.GradientTape() as tape:
        tape.watch((weights, states))
        result = engine(features, weights, states)
        loss = tf.reduce_sum(tf.sin(result))
    return [result, *tape.gradient(loss, (weights, states))]


@pytest.mark.parametrize("gradient", ["backprop", "adjoint"])
@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize(
    "program",
    [of_spec(), of_spec(depth=2), features()],
    ids=["1", "2", "features"],
)
def test_changes_nothing_but_the_time(program, is_complex, gradient):
    generator = np.random.default_rng(0)
    states = generator.normal(size=(3, 2**QUBITS))
    if is_complex:
        states = states + 1j * generator.normal(size=states.shape)
    states = tf.constant(states / np.linalg.norm(states, axis=1)[:, None])
    plain = BatchedEngine(program, passes=())
    engine = BatchedEngine(program, gradient=gradient)
    expected = outputs(plain, program, states)
    for a, b in zip(outputs(engine, program, states), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)


def test_makes_rotations_about_x_real():
    steps = BatchedEngine(of_spec())._plan_from_states.steps
    assert [type(step) for step in steps] == [DiagonalStep, *[BlockStep] * 2]
    assert all(step.is_real for step in steps[1:])
    # Not from the zero state, nor where a CNOT would become complex.
    assert DiagonalStep not in map(type, BatchedEngine(of_spec()).plan.steps)
    steps = BatchedEngine(of_spec(depth=2))._plan_from_states.steps
    assert not any(isinstance(step, DiagonalStep) for step in steps)
    assert real_frame not in PASSES
