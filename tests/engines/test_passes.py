"""Every pass changes nothing but the time."""

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.blocks import BlockStep
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.passes import PASSES
from tfq_hybrid.engines.batched.phases import DiagonalStep
from tfq_hybrid.engines.batched.steps import GateStep, PermutationStep


def spec_program(**arguments):
    spec = CircuitSpec(**arguments)
    return Program(spec.circuit, spec.operators, spec.features, spec.weights)


def mixed_program():
    q = cirq.LineQubit.range(8)
    x, y, v, w = sympy.symbols("x y v w")
    circuit = cirq.Circuit(
        cirq.H.on_each(*q),
        cirq.rx(x)(q[0]),
        cirq.ZZ(q[0], q[7]) ** v,
        cirq.S(q[3]),
        cirq.CZ(q[3], q[6]),
        cirq.rz(w)(q[3]),
        cirq.CNOT(q[6], q[1]),
        cirq.ry(y)(q[6]),
        cirq.rz(v)(q[6]),
        cirq.SWAP(q[6], q[0]),
        cirq.Y(q[2]),
    )
    operators = (cirq.Z(q[0]), cirq.Z(q[1]) * cirq.Z(q[3]), cirq.X(q[6]))
    return Program(circuit, operators, ("x", "y"), ("v", "w"))


PROGRAMS = {
    "small": spec_program(qubits=3, depth=3, reuploads=1),
    "wide": spec_program(qubits=8, depth=3, entanglement="full"),
    "one observable": spec_program(qubits=8, depth=1, observables=("Z2",)),
    "complex prefix": spec_program(
        qubits=8, encoding="hadamard_angle", ansatz=("rx", "cz", "rz")
    ),
    "mixed": mixed_program(),
}


def name_of(one):
    return getattr(one, "__name__", "all passes")


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("left_out", [None, *PASSES], ids=name_of)
def test_leaving_a_pass_out(program, left_out):
    generator = np.random.default_rng(0)
    features = tf.constant(generator.normal(size=(2, len(program.features))))
    weights = tf.constant(generator.normal(size=len(program.weights)))
    passes = [one for one in PASSES if one is not left_out]
    results = []
    for chosen in ((), passes):
        with tf.GradientTape() as tape:
            tape.watch((features, weights))
            result = BatchedEngine(program, passes=chosen)(features, weights)
            loss = tf.reduce_sum(tf.sin(result))
        gradients = tape.gradient(loss, (features, weights))
        results.append([result, *gradients])
    for expected, actual in zip(*results, strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-12)


def kinds(program):
    return [type(step) for step in BatchedEngine(program).plan.steps]


def test_what_the_passes_make():
    shallow = spec_program(qubits=8, depth=1)
    assert kinds(shallow) == []  # a product state, and an observable
    small = spec_program(qubits=4, depth=3)
    assert kinds(small) == [BlockStep]
    wide = spec_program(qubits=12, depth=2, entanglement="linear")
    expected = [DiagonalStep, PermutationStep, *[BlockStep] * 3]
    assert kinds(wide) == expected
    fed = spec_program(qubits=4, depth=1, reuploads=2, ansatz=("rx", "cnot"))
    assert kinds(fed)[1::2] == [DiagonalStep] * 2
    # One that is fed is not worth an imaginary part.
    real = spec_program(qubits=8, depth=8, ansatz=("ry", "cz"))
    middle = len(real.circuit) // 2
    fed = cirq.ry(sympy.Symbol("fed"))(real.qids[0])
    circuit = cirq.Circuit(
        real.circuit[:middle], cirq.Moment(fed), real.circuit[middle:]
    )
    features = (*real.features, "fed")
    program = Program(circuit, real.operators, features, real.weights)
    assert kinds(program).count(GateStep) == 1


def test_adjoint_equals_backprop():
    for program in PROGRAMS.values():
        generator = np.random.default_rng(0)
        features = tf.constant(
            generator.normal(size=(2, len(program.features)))
        )
        weights = tf.constant(generator.normal(size=len(program.weights)))
        results = []
        for gradient in ("backprop", "adjoint"):
            engine = BatchedEngine(program, gradient=gradient)
            with tf.GradientTape() as tape:
                tape.watch((features, weights))
                loss = tf.reduce_sum(tf.sin(engine(features, weights)))
            results.append([loss, *tape.gradient(loss, (features, weights))])
        for expected, actual in zip(*results, strict=True):
            np.testing.assert_allclose(actual, expected, atol=1e-12)
