"""Noisy circuits against `cirq.DensityMatrixSimulator`."""

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tests.reference import finite_difference
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.errors import UserError

CHANNELS = [
    cirq.depolarize(0.1),
    cirq.bit_flip(0.2),
    cirq.phase_flip(0.15),
    cirq.amplitude_damp(0.3),
    cirq.phase_damp(0.25),
    cirq.generalized_amplitude_damp(0.7, 0.2),
    cirq.asymmetric_depolarize(0.1, 0.05, 0.2),
    cirq.reset(cirq.LineQubit(0)).gate,
]


def density(program, features, weights):
    """Density matrices by Cirq, one for each row of `features`."""
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    result = []
    for row in features:
        resolver = dict(zip(program.features, row, strict=True))
        resolver |= dict(zip(program.weights, weights, strict=True))
        run = simulator.simulate(
            program.circuit, resolver, qubit_order=program.qids
        )
        result.append(run.final_density_matrix)
    return np.array(result)


def noisy_program(qubits, channel, operators=None):
    spec = CircuitSpec(qubits=qubits, depth=2, reuploads=1)
    circuit = spec.circuit.with_noise(cirq.ConstantQubitNoiseModel(channel))
    return Program(
        circuit, operators or spec.operators, spec.features, spec.weights
    )


def values_of(program, batch=2):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(batch, len(program.features)))
    return features, generator.normal(size=len(program.weights))


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
@pytest.mark.parametrize("qubits", [1, 2, 4])
def test_density_matrices_equal_cirq(channel, qubits):
    program = noisy_program(qubits, channel)
    features, weights = values_of(program)
    expected = density(program, features, weights)
    engine = BatchedEngine(program)
    inputs = tf.constant(features), tf.constant(weights)
    np.testing.assert_allclose(engine.state(*inputs), expected, atol=1e-7)
    matrices = [operator.matrix(program.qids) for operator in program.operators]
    traces = np.einsum("bij,oji->bo", expected, matrices).real
    np.testing.assert_allclose(engine(*inputs), traces, atol=1e-7)
    diagonal = np.einsum("bii->bi", expected).real
    np.testing.assert_allclose(
        engine.probabilities(*inputs), diagonal, atol=1e-7
    )


def test_wide_channels_and_gates():
    q = cirq.LineQubit.range(4)
    x, w = sympy.symbols("x w")
    circuit = cirq.Circuit(
        cirq.H.on_each(*q),
        cirq.ISWAP(q[0], q[3]) ** w,
        cirq.depolarize(0.2, n_qubits=2)(q[3], q[1]),
        cirq.FSimGate(x, 0.3)(q[2], q[0]),
        cirq.CCX(*q[1:]) ** x,
        cirq.KrausChannel(cirq.kraus(cirq.amplitude_damp(0.4)))(q[2]),
    )
    operators = (cirq.X(q[0]) * cirq.Y(q[2]) - 0.5 * cirq.Z(q[1]) + 1.0,)
    program = Program(circuit, operators, ("x",), ("w",))
    features, weights = values_of(program, batch=3)
    expected = density(program, features, weights)
    matrix = program.operators[0].matrix(program.qids)
    traces = np.einsum("bij,ji->b", expected, matrix).real[:, np.newaxis]
    inputs = tf.constant(features), tf.constant(weights)
    result = BatchedEngine(program)(*inputs)
    np.testing.assert_allclose(result, traces, atol=1e-7)


@pytest.mark.long
def test_gradients_of_a_noisy_circuit():
    program = noisy_program(3, cirq.amplitude_damp(0.1))
    engine = BatchedEngine(program)
    features, weights = values_of(program)

    def loss(features, weights):
        return tf.reduce_sum(
            tf.sin(engine(tf.constant(features), tf.constant(weights)))
        )

    inputs = tf.constant(features), tf.constant(weights)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        total = tf.reduce_sum(tf.sin(engine(*inputs)))
    by_features, by_weights = tape.gradient(total, inputs)
    expected = finite_difference(lambda x: float(loss(x, weights)), features)
    np.testing.assert_allclose(by_features, expected, atol=1e-7)
    expected = finite_difference(lambda w: float(loss(features, w)), weights)
    np.testing.assert_allclose(by_weights, expected, atol=1e-7)


def test_from_given_states():
    program = noisy_program(2, cirq.phase_damp(0.2))
    features, weights = values_of(program)
    states = cirq.testing.random_unitary(4, random_state=0)[:2]
    result = BatchedEngine(program).state(
        tf.constant(features), tf.constant(weights), tf.constant(states)
    )
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    for row in range(2):
        resolver = dict(zip(program.features, features[row], strict=True))
        resolver |= dict(zip(program.weights, weights, strict=True))
        expected = simulator.simulate(
            program.circuit,
            resolver,
            qubit_order=program.qids,
            initial_state=states[row],
        ).final_density_matrix
        np.testing.assert_allclose(result[row], expected, atol=1e-7)


def test_adjoint_is_refused():
    program = noisy_program(2, cirq.depolarize(0.1))
    with pytest.raises(UserError, match="cannot be walked backwards"):
        BatchedEngine(program, gradient="adjoint")


def test_weak_noise_is_not_rounded_away():
    q = cirq.LineQubit.range(2)
    x = sympy.Symbol("x")
    weak = [cirq.depolarize(1e-6)(q[0])] * 200
    circuit = cirq.Circuit(
        cirq.ry(x)(q[0]), cirq.CNOT(*q), weak, cirq.ry(x)(q[0])
    )
    program = Program(circuit, (cirq.Z(q[0]),), ("x",))
    features = np.array([[0.3]])
    probabilities = np.diagonal(density(program, features, [])[0]).real
    expected = probabilities[:2].sum() - probabilities[2:].sum()
    result = BatchedEngine(program)(
        tf.constant(features), tf.zeros([0], "float64")
    )
    assert float(result[0, 0]) == pytest.approx(expected, abs=1e-7)


def test_channels_in_subcircuits():
    qubit = cirq.LineQubit(0)
    inner = cirq.FrozenCircuit(
        cirq.ry(sympy.Symbol("x"))(qubit), cirq.depolarize(0.2)(qubit)
    )
    operation = cirq.CircuitOperation(inner, use_repetition_ids=False)
    program = Program(cirq.Circuit(operation), (cirq.Z(qubit),), ("x",))
    assert program.is_noisy
    result = BatchedEngine(program)(tf.ones([1, 1]), tf.zeros([0]))
    expected = np.cos(1) * (1 - 4 / 3 * 0.2)
    assert float(result[0, 0]) == pytest.approx(expected, abs=1e-6)
