"""Errors that turn signs, against the errors themselves."""

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import preset
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.noise.pauli_frames import (
    PauliTrajectoryEngine,
    make_trajectories,
)
from tfq_hybrid.engines.noise.trajectories import TrajectoryEngine

QIDS = cirq.LineQubit.range(4)
FED, TRAINED = sympy.symbols("x0:3"), sympy.symbols("w0:3")
CLIFFORD = [
    *(cirq.H, cirq.S, cirq.X, cirq.Y, cirq.Z, cirq.X**0.5, cirq.Y**-0.5),
    *(cirq.CNOT, cirq.CZ, cirq.SWAP, cirq.ISWAP, cirq.XX**0.5),
]
CERTAIN = [
    cirq.asymmetric_depolarize(*probabilities)
    for probabilities in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
]


def rotation(generator):
    """A gate with a symbol, or a sum of two, and a number."""
    a, b = generator.choice([*FED, *TRAINED], 2, replace=False)
    angle = 2.0 * a - 0.3 + generator.integers(2) * b
    return [
        cirq.rx(angle),
        cirq.ry(angle),
        cirq.rz(angle),
        cirq.X**angle,
        cirq.Z**angle,
        cirq.PhasedXPowGate(phase_exponent=0.5, exponent=angle),
        cirq.XX**angle,
        cirq.YY**angle,
        cirq.ZZ**angle,
    ][generator.integers(9)]


def random_program(seed):
    """Gates of every kind that errors can pass, and errors among them."""
    generator = np.random.default_rng(seed)
    circuit = cirq.Circuit(cirq.H.on_each(*QIDS))
    # Every symbol is there.
    circuit += [cirq.ry(s)(QIDS[i % 4]) for i, s in enumerate(FED + TRAINED)]
    for _ in range(30):
        kind = generator.integers(3)
        if kind == 0:
            gate = CLIFFORD[generator.integers(len(CLIFFORD))]
        elif kind == 1:
            gate = rotation(generator)
        else:
            gate = CERTAIN[generator.integers(3)]
        count = cirq.num_qubits(gate)
        circuit += gate(*generator.permutation(QIDS)[:count])
    z, x, y = cirq.Z(QIDS[0]), cirq.X(QIDS[1]), cirq.Y(QIDS[2])
    operators = (z, x * y, 0.5 * z * x - 2 * y + 0.25)
    return Program(
        circuit,
        tuple(map(cirq.PauliSum.wrap, operators)),
        names(FED),
        names(TRAINED),
    )


def names(symbols):
    return tuple(map(str, symbols))


def values_of(program, batch=3):
    generator = np.random.default_rng(7)
    features = generator.normal(size=(batch, len(program.features)))
    weights = generator.normal(size=len(program.weights))
    return tf.constant(features), tf.constant(weights)


@pytest.mark.parametrize("seed", range(20))
def test_errors_that_are_certain_are_exact(seed):
    program = random_program(seed)
    values = values_of(program)
    engine = PauliTrajectoryEngine(program, 1)
    assert engine.is_able
    expected = BatchedEngine(program)(*values)
    result = engine(*values, seed=tf.constant([1, 2]))
    np.testing.assert_allclose(result, expected, atol=1e-9)
    states = np.eye(16)[[3, 8, 5]].astype(np.complex128)
    result = engine(*values, states, seed=tf.constant([1, 2]))
    expected = BatchedEngine(program)(*values, states)
    np.testing.assert_allclose(result, expected, atol=1e-9)


def test_errors_in_a_row_and_of_two_qubits():
    spec = preset("hyqut_ring", qubits=3)
    circuit = cirq.Circuit()
    wide = cirq.depolarize(0.2, n_qubits=2)
    for moment in spec.circuit:
        circuit += moment
        circuit += [cirq.depolarize(0.05).on_each(*spec.qids)] * 2
        circuit += wide(*spec.qids[:2])
    program = Program(circuit, spec.operators, spec.features, spec.weights)
    values = values_of(program, 2)
    engine = tf.function(PauliTrajectoryEngine(program, 20_000))
    result = engine(*values, seed=tf.constant([3, 5]))
    expected = BatchedEngine(program)(*values)
    np.testing.assert_allclose(result, expected, atol=5 / np.sqrt(20_000))


@pytest.mark.parametrize(
    "operation",
    [
        cirq.amplitude_damp(0.1)(QIDS[0]),
        cirq.T(QIDS[0]),
        cirq.X(QIDS[0]).controlled_by(*QIDS[1:]),
        cirq.CNOT(*QIDS[:2]) ** sympy.Symbol("w0"),
        cirq.ISWAP(*QIDS[:2]) ** sympy.Symbol("w0"),
    ],
    ids=str,
)
def test_what_is_no_sign_runs_as_it_stands(operation):
    circuit = cirq.Circuit(
        cirq.H(QIDS[0]),
        cirq.ry(sympy.Symbol("w0"))(QIDS[1]),
        cirq.bit_flip(0.1)(QIDS[1]),
        operation,
    )
    program = Program(
        circuit, (cirq.PauliSum.wrap(cirq.Z(QIDS[0])),), (), ("w0",)
    )
    assert type(make_trajectories(program, 5)) is TrajectoryEngine


@pytest.mark.parametrize(
    "features,weights", [((), ()), (("x",), ()), ((), ("x",))]
)
def test_no_symbols_of_a_kind(features, weights):
    (qid,) = cirq.LineQubit.range(1)
    angle = sympy.Symbol("x") if features or weights else 0
    circuit = cirq.Circuit(
        cirq.H(qid), cirq.rz(angle)(qid), CERTAIN[0](qid), CERTAIN[2](qid)
    )
    operators = tuple(map(cirq.PauliSum.wrap, (cirq.X(qid), cirq.Y(qid))))
    program = Program(circuit, operators, features, weights)
    engine = tf.function(PauliTrajectoryEngine(program, 3))
    values = values_of(program, 2)
    result = engine(*values, seed=tf.constant([1, 2]))
    expected = BatchedEngine(program)(*values)
    np.testing.assert_allclose(result, expected, atol=1e-9)
