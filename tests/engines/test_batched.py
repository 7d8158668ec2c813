import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tests.reference import cirq_expectations, finite_difference
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.phases import DiagonalStep
from tfq_hybrid.errors import UserError


def program_of(spec):
    return Program(spec.circuit, spec.operators, spec.features, spec.weights)


def random_values(program, batch, seed=0):
    generator = np.random.default_rng(seed)
    return (
        generator.normal(size=(batch, len(program.features))),
        generator.normal(size=len(program.weights)),
    )


# Beyond six qubits the register is split into groups; 9 makes three.
@pytest.mark.parametrize("qubits", [1, 2, 6, 7, 9])
@pytest.mark.parametrize("entanglement", ["ring", "full"])
@pytest.mark.parametrize("ansatz", [("ry", "rz", "cnot"), ("cz", "rx", "ry")])
@pytest.mark.parametrize("encoding", ["angle", "hadamard_angle"])
def test_equals_cirq(qubits, entanglement, ansatz, encoding):
    spec = CircuitSpec(
        qubits=qubits,
        encoding=encoding,
        ansatz=ansatz,
        entanglement=entanglement,
        depth=2,
        reuploads=1,
    )
    program = program_of(spec)
    features, weights = random_values(program, batch=2)
    result = BatchedEngine(program)(tf.constant(features), tf.constant(weights))
    expected = cirq_expectations(program, features, weights)
    np.testing.assert_allclose(result, expected, atol=1e-10)


def test_any_pauli_sum():
    spec = CircuitSpec(qubits=3, depth=2, entanglement="ring")
    a, b, c = spec.qids
    operators = (
        cirq.X(a) * cirq.Y(b),
        cirq.Y(a) * cirq.Y(b) * cirq.Z(c) - 0.5 * cirq.X(c) + 2.0,
        cirq.Z(a) + cirq.Z(b),
        cirq.PauliString() * 3.0,
    )
    program = Program(spec.circuit, operators, spec.features, spec.weights)
    features, weights = random_values(program, batch=4)
    result = BatchedEngine(program)(tf.constant(features), tf.constant(weights))
    expected = cirq_expectations(program, features, weights)
    np.testing.assert_allclose(result, expected, atol=1e-10)


def test_any_place_of_fed_and_trained_gates():
    # Trained and features gates of one, two and three qubits, in any order.
    q = cirq.LineQubit.range(8)
    x = sympy.symbols("x_0:4")
    w = sympy.symbols("w_0:4")
    circuit = cirq.Circuit(
        cirq.H.on_each(*q),
        cirq.ZZ(q[1], q[6]) ** w[0],
        cirq.rx(0.5 * x[0] + 0.1)(q[2]),
        cirq.XX(q[7], q[0]) ** x[1],
        cirq.CCX(q[1], q[5], q[3]),
        cirq.CNOT(q[3], q[2]) ** w[1],
        cirq.SWAP(q[0], q[4]),
        cirq.ry(x[2])(q[4]),
        cirq.CCZ(q[7], q[2], q[0]) ** x[3],
        cirq.rz(w[2])(q[3]),
        cirq.ISWAP(q[5], q[6]) ** w[3],
    )
    operators = [cirq.X(q[i]) * cirq.Z(q[i + 1]) for i in range(7)]
    names = [str(s) for s in x], [str(s) for s in w]
    program = Program(circuit, operators, *map(tuple, names))
    features, weights = random_values(program, batch=3)
    result = BatchedEngine(program)(tf.constant(features), tf.constant(weights))
    expected = cirq_expectations(program, features, weights)
    np.testing.assert_allclose(result, expected, atol=1e-10)


@pytest.mark.long
@pytest.mark.parametrize("qubits", [3, 7])
def test_gradients_are_finite_differences(qubits):
    spec = CircuitSpec(
        qubits=qubits,
        encoding="hadamard_angle",
        entanglement="ring",
        depth=2,
        reuploads=1,
        share_weights=True,
        observables=("Z0", "X1", "Y0*Z2"),
    )
    program = program_of(spec)
    engine = BatchedEngine(program)
    features, weights = random_values(program, batch=2)
    mix = np.random.default_rng(1).normal(size=(2, 3))

    def loss(features, weights):
        result = engine(tf.constant(features), tf.constant(weights))
        return tf.reduce_sum(result * mix)

    with tf.GradientTape() as tape:
        inputs = tf.Variable(features), tf.Variable(weights)
        result = engine(inputs[0].read_value(), inputs[1].read_value())
        total = tf.reduce_sum(result * mix)
    by_features, by_weights = tape.gradient(total, inputs)
    np.testing.assert_allclose(
        by_features,
        finite_difference(lambda x: float(loss(x, weights)), features),
        atol=1e-7,
    )
    np.testing.assert_allclose(
        by_weights,
        finite_difference(lambda w: float(loss(features, w)), weights),
        atol=1e-7,
    )


@pytest.mark.long
def test_second_derivatives_are_finite_differences():
    # Gradients of one's own, as that of the phases, must be differentiable.
    spec = CircuitSpec(
        qubits=7,
        encoding="hadamard_angle",
        ansatz=("cnot", "rz", "ry"),
        entanglement="ring",
        depth=2,
        reuploads=1,
    )
    engine = BatchedEngine(program_of(spec))
    assert any(isinstance(step, DiagonalStep) for step in engine.plan.steps)
    features, weights = random_values(program_of(spec), batch=2)
    along = np.random.default_rng(1).normal(size=len(weights))

    def slope(weights):
        weights = tf.constant(weights)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            total = tf.reduce_sum(engine(tf.constant(features), weights) ** 2)
        return tf.tensordot(tape.gradient(total, weights), along, 1)

    values = tf.constant(weights)
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = slope(values)
    np.testing.assert_allclose(
        tape.gradient(result, values),
        finite_difference(lambda w: float(slope(w)), weights),
        atol=1e-6,
    )


def test_angles_right_before_a_z_readout_have_no_gradient():
    # What leaves the circuit must still give zeros, not None.
    spec = CircuitSpec(qubits=2, ansatz=("ry", "rz", "cnot"))
    program = program_of(spec)
    weights = tf.Variable(tf.ones([4]))
    with tf.GradientTape() as tape:
        result = BatchedEngine(program)(tf.ones([1, 2]), weights.read_value())
    gradient = tape.gradient(result, weights).numpy()
    assert np.all(gradient[2:] == 0)
    assert np.any(gradient[:2] != 0)


@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("qubits", [4, 8])
def test_compiled_with_unknown_batch(batch, jit_compile, qubits):
    spec = CircuitSpec(qubits=qubits, depth=2, reuploads=1)
    program = program_of(spec)
    engine = BatchedEngine(program)
    signature = [
        tf.TensorSpec([None, len(program.features)], tf.float32),
        tf.TensorSpec([len(program.weights)], tf.float32),
    ]
    function = tf.function(engine, signature, jit_compile=jit_compile)
    features, weights = random_values(program, batch)
    result = function(
        tf.cast(features, tf.float32), tf.cast(weights, tf.float32)
    )
    assert result.shape == (batch, qubits)
    if batch:
        expected = cirq_expectations(program, features, weights)
        np.testing.assert_allclose(result, expected, atol=1e-5)


def test_starts_from_given_states():
    spec = CircuitSpec(qubits=3, depth=1, entanglement="ring")
    program = program_of(spec)
    features, weights = random_values(program, batch=2)
    generator = np.random.default_rng(2)
    states = generator.normal(size=(2, 8)) + 1j * generator.normal(size=(2, 8))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    result = BatchedEngine(program)(
        tf.constant(features), tf.constant(weights), tf.constant(states)
    )
    for row, (state, values) in enumerate(zip(states, features, strict=True)):
        resolver = dict(zip(program.features, values, strict=True))
        resolver |= dict(zip(program.weights, weights, strict=True))
        simulator = cirq.Simulator(dtype=np.complex128)
        expected = simulator.simulate_expectation_values(
            program.circuit,
            list(program.operators),
            param_resolver=resolver,
            qubit_order=program.qids,
            initial_state=state.astype(np.complex128),
        )
        np.testing.assert_allclose(result[row], expected, atol=1e-7)


def test_states_and_probabilities_equal_cirq():
    for qubits in (1, 3, 7):
        spec = CircuitSpec(qubits=qubits, depth=2, reuploads=1)
        program = program_of(spec)
        features, weights = random_values(program, batch=2)
        engine = BatchedEngine(program)
        states = engine.state(
            tf.constant(features), tf.constant(weights)
        ).numpy()
        simulator = cirq.Simulator(dtype=np.complex128)
        for row, values in zip(states, features, strict=True):
            resolver = dict(zip(program.features, values, strict=True))
            resolver |= dict(zip(program.weights, weights, strict=True))
            expected = simulator.simulate(
                program.circuit, resolver, qubit_order=program.qids
            ).final_state_vector
            cirq.testing.assert_allclose_up_to_global_phase(
                row, expected, atol=1e-7
            )
        probabilities = engine.probabilities(
            tf.constant(features), tf.constant(weights)
        )
        np.testing.assert_allclose(
            probabilities, np.abs(states) ** 2, atol=1e-12
        )


@pytest.mark.parametrize(
    "arguments,message",
    [
        (([[0.0]], [0.0] * 4), r"features of shape \(batch, 2\).*\(1, 1\)"),
        (([[0.0, 0.0]], [0.0]), r"weights of shape \(4,\).*\(1,\)"),
        (
            ([[0.0, 0.0]], [0.0] * 4, [[1.0, 0.0]]),
            r"states of shape \(batch, 4\).*\(1, 2\)",
        ),
    ],
    ids=["features", "weights", "states"],
)
def test_shapes_that_do_not_fit_are_named(arguments, message):
    spec = CircuitSpec(qubits=2)
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    arguments = [tf.constant(a, tf.float32) for a in arguments]
    with pytest.raises(UserError, match=message):
        BatchedEngine(program)(*arguments)


def test_operators_on_other_qubits_are_named():
    spec = CircuitSpec(qubits=2)
    elsewhere = (cirq.Z(cirq.GridQubit(5, 5)),)
    program = Program(spec.circuit, elsewhere, spec.features, spec.weights)
    with pytest.raises(UserError, match=r"Received: operators on q\(5, 5\)"):
        BatchedEngine(program)


def test_samples_need_a_repetition():
    spec = CircuitSpec(qubits=2)
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    engine = BatchedEngine(program)
    with pytest.raises(UserError, match="repetitions=0"):
        engine.samples(tf.zeros([1, 2]), tf.zeros([4]), 0, [1, 2])


def test_many_words_of_many_masks():
    """A Hamiltonian: each operator is in its own place of the result."""
    qubits = cirq.GridQubit.rect(1, 3)
    a, b, c = qubits
    x, z = cirq.X, cirq.Z
    operators = (
        x(a) * x(b) + 0.5 * z(c),
        cirq.PauliSum.wrap(z(a) * z(b)),
        0.3 * x(a) * x(b) - 2 * cirq.Y(c) + 1.0,
        cirq.PauliSum.wrap(cirq.Y(a) * cirq.Y(c)),
    )
    circuit = cirq.testing.random_circuit(qubits, 20, 0.9, random_state=3)
    state = cirq.final_state_vector(circuit, qubit_order=qubits)
    program = Program(circuit, operators)
    result = BatchedEngine(program)(tf.zeros([2, 0]), tf.zeros([0]))
    expected = [
        operator.expectation_from_state_vector(
            state, {q: i for i, q in enumerate(qubits)}
        ).real
        for operator in operators
    ]
    np.testing.assert_allclose(result, [expected] * 2, atol=1e-5)
