"""Circuits on Cirq's samplers: what is sent there, and what comes back."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tfq_hybrid.engines.backends.shifts import with_own_symbols
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC

A, B, C = cirq.LineQubit.range(3)
X, V, W = sympy.symbols("x v w")
SHOTS = 4_000
NEAR = 5 / np.sqrt(SHOTS)
# Of Cirq's own calls.
CIRQ_WARNS = pytest.mark.filterwarnings(
    "ignore:(?s).*use_repetition_ids:FutureWarning"
)


class Counting(cirq.Sampler):
    """A simulator that keeps what it is sent."""

    def __init__(self):
        self.simulator = cirq.Simulator(seed=1)
        self.programs = []
        self.points = 0
        self.batches = 0

    def run_sweep(self, program, params, repetitions=1):
        results = self.simulator.run_sweep(program, params, repetitions)
        self.programs.append(program)
        self.points += len(results)
        return results

    def run_batch(self, *arguments, **options):
        self.batches += 1
        return super().run_batch(*arguments, **options)


def layer_of(circuit, operators, backend=None, repetitions=SHOTS, **options):
    return ControlledPQC(
        circuit,
        operators,
        backend=backend or cirq.Simulator(seed=1),
        repetitions=repetitions,
        **options,
    )


def test_words_that_commute_share_a_circuit():
    sampler = Counting()
    circuit = cirq.Circuit(cirq.ry(X)(A), cirq.CNOT(A, B))
    operators = [cirq.Z(A), cirq.Z(B), cirq.Z(A) * cirq.Z(B), cirq.X(A)]
    layer = layer_of(circuit, operators, sampler, 100)
    found = layer(np.array([[0.9]] * 4)).numpy()
    assert (sampler.batches, sampler.points) == (1, 8)
    # Bits of one shot: both are equal in a Bell state, always.
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    np.testing.assert_array_equal(found[:, 2], 1)


def test_only_what_a_gradient_is_asked_for_is_shifted():
    circuit = cirq.Circuit(
        cirq.ry(X)(A), cirq.ry(W)(B), cirq.CNOT(A, B), cirq.ry(V)(B)
    )
    sampler = Counting()
    layer = layer_of(
        circuit, cirq.Z(B), sampler, 100, trained_symbols=["v", "w"]
    )
    inputs = tf.zeros((4, 1))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(inputs))
    tape.gradient(loss, layer.trainable_weights)
    assert sampler.points == 4 * (1 + 2 * 2)
    sampler.points = 0
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(inputs)
        loss = tf.reduce_sum(layer(inputs))
    tape.gradient(loss, inputs)
    assert sampler.points == 4 * (1 + 2)


@pytest.mark.parametrize("in_graph", [False, True])
def test_gradients_are_those_of_the_simulation(in_graph):
    circuit = cirq.Circuit(
        cirq.H(A),
        cirq.ControlledGate(cirq.rx(W))(A, B),  # of two frequencies
        cirq.PhasedXPowGate(phase_exponent=V, exponent=X)(B),
        cirq.rx(W)(B),
        cirq.CZ(A, B),
    )
    operators = [cirq.X(A) + 0.5 * cirq.Z(B), cirq.Y(B) * cirq.Z(A) - 0.25]
    options = {"trained_symbols": ["v", "w"], "initializer": "ones"}
    exact = ControlledPQC(circuit, operators, **options)
    layer = layer_of(circuit, operators, **options, repetitions=None)
    inputs = tf.constant([[0.3], [-1.1]])

    def slopes(layer):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(layer(inputs) * [[1.0, -2.0], [0.5, 3.0]])
        return tape.gradient(loss, [inputs, layer.parameters])

    layer(inputs), exact(inputs)
    found = (tf.function(slopes) if in_graph else slopes)(layer)
    for one, other in zip(found, slopes(exact), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


def test_a_controlled_rotation_has_two_frequencies():
    circuit = cirq.Circuit(cirq.H(A), cirq.ControlledGate(cirq.rx(X))(A, B))
    layer = layer_of(circuit, cirq.X(A), repetitions=None)
    inputs = tf.constant([[np.pi / 2]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = layer(inputs)
    slope = tape.gradient(value, inputs)
    assert float(value[0, 0]) == pytest.approx(np.cos(np.pi / 4), abs=1e-5)
    assert float(slope[0, 0]) == pytest.approx(-0.353553, abs=1e-5)
    _, [own] = with_own_symbols(circuit, ["x"])
    assert len(own.shifts) == 4


def test_measurement_and_control_by_it():
    circuit = cirq.Circuit(
        cirq.ry(X)(A),
        cirq.measure(A, key="m"),
        cirq.ry(W)(B).with_classical_controls("m"),
    )
    layer = layer_of(
        circuit,
        cirq.Z(B),
        repetitions=20_000,
        trained_symbols=["w"],
        initializer="ones",
    )
    inputs = tf.constant([[0.9]])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = layer(inputs)
    by_x, by_w = tape.gradient(value, [inputs, layer.parameters])
    one = (1 - np.cos(0.9)) / 2  # the probability of a 1
    wanted = [
        1 - one + one * np.cos(1.0),
        np.sin(0.9) / 2 * (np.cos(1.0) - 1),
        -one * np.sin(1.0),
    ]
    found = [float(value[0, 0]), float(by_x[0, 0]), float(by_w[0])]
    np.testing.assert_allclose(found, wanted, atol=0.03)


@CIRQ_WARNS
def test_a_loop_until_a_measurement_says_so():
    inner = cirq.FrozenCircuit(cirq.ry(X)(A), cirq.measure(A, key="m"))
    loop = cirq.CircuitOperation(
        inner,
        use_repetition_ids=False,
        repeat_until=cirq.SympyCondition(sympy.Symbol("m")),
    )
    circuit = cirq.Circuit(loop, cirq.CNOT(A, B))
    layer = layer_of(circuit, cirq.Z(B), repetitions=50)
    inputs = tf.constant([[1.0]])
    assert layer(inputs).numpy().item() == -1
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = layer(inputs)
    with pytest.raises(UserError, match="a measurement decides"):
        tape.gradient(value, inputs)


@CIRQ_WARNS
def test_gates_of_a_device():
    logical = cirq.Circuit(cirq.ry(X)(A), cirq.CNOT(A, B))
    circuit = cirq.optimize_for_target_gateset(
        logical, gateset=cirq.CZTargetGateset()
    )
    inputs = np.array([[0.3], [2.0]])
    wanted = ControlledPQC(logical, cirq.Z(B))(inputs)
    found = layer_of(circuit, cirq.Z(B))(inputs)
    np.testing.assert_allclose(found, wanted, atol=NEAR)


def test_data_circuits_of_several_structures_come_back_in_their_places():
    circuit = cirq.Circuit(cirq.rz(W)(A))
    data = [cirq.Circuit(g(A)) for g in (cirq.I, cirq.H, cirq.X, cirq.H)]
    layer = PQC(
        circuit,
        cirq.X(A) + cirq.Z(A),
        backend=Counting(),
        repetitions=200,
        initializer="zeros",
    )
    found = layer(tfq.convert_to_tensor(data)).numpy().ravel()
    wanted = [1, 1, -1, 1]
    np.testing.assert_allclose(found, wanted, atol=5 / np.sqrt(200))
    assert layer.backend.batches == 1


def test_several_circuits_and_points_in_one_batch():
    circuit = cirq.Circuit(cirq.rx(X)(A))
    layer = layer_of(circuit, cirq.Z(A), repetitions=50)
    data = tfq.convert_to_tensor(
        [cirq.Circuit(g(A)) for g in (cirq.I, cirq.X, cirq.I, cirq.X)]
    )
    turns = np.array([[0.0], [0.0], [np.pi], [np.pi]])
    found = layer([data, turns]).numpy().ravel()
    np.testing.assert_array_equal(found, [1, -1, -1, 1])


def test_coefficients_of_equal_words_add_up():
    word = cirq.Z(A) * cirq.Z(B)
    operator = 0.5 * word + 1.0 * (cirq.Z(B) * cirq.Z(A))
    circuit = cirq.Circuit(cirq.rz(X)(A), cirq.I(B))
    both = [operator, -1 * word, 0.5 * cirq.PauliString() + 0.25 * word]
    found = layer_of(circuit, both, repetitions=10)(np.zeros((1, 1))).numpy()
    np.testing.assert_array_equal(found, [[1.5, -1, 0.75]])


def test_every_basis_has_its_sign():
    circuit = cirq.Circuit(cirq.H(A), cirq.S(A) ** -1, cirq.rz(X)(B))
    found = layer_of(circuit, [cirq.Y(A), cirq.X(A), cirq.Z(A)])(
        np.zeros((1, 1))
    ).numpy()
    np.testing.assert_allclose(found, [[-1, 0, 0]], atol=NEAR)


def test_the_identity_alone_takes_no_shots():
    sampler = Counting()
    circuit = cirq.Circuit(cirq.rz(X)(A))
    operator = cirq.PauliSum.from_pauli_strings([0.5 * cirq.PauliString()])
    found = layer_of(circuit, operator, sampler, 10)(np.zeros((2, 1)))
    np.testing.assert_array_equal(found, [[0.5], [0.5]])
    assert sampler.points == 0


def test_a_measured_qubit_has_no_x():
    circuit = cirq.Circuit(cirq.H(A), cirq.rz(X)(A), cirq.measure(A, key="m"))
    with pytest.raises(UserError, match="no measurement of"):
        layer_of(circuit, cirq.X(A))(np.zeros((1, 1)))
    # Its Z is as it was measured.
    again = cirq.Circuit(cirq.X(A), cirq.rz(X)(A), cirq.measure(A, key="words"))
    assert layer_of(again, cirq.Z(A))(np.zeros((1, 1))).numpy().item() == -1


def test_interference_ends_at_a_measurement():
    circuit = cirq.Circuit(
        cirq.H(A), cirq.measure(A, key="m"), cirq.H(A), cirq.rz(X)(A)
    )
    found = layer_of(circuit, cirq.Z(A))(np.zeros((1, 1)))
    assert abs(float(found[0, 0])) < NEAR  # 1 if the measurement were dropped
    with pytest.raises(UserError, match="without measurements"):
        ControlledPQC(circuit, cirq.Z(A))


@pytest.mark.parametrize("name", ["central_difference", "spsa"])
def test_other_gradients(name):
    circuit = cirq.Circuit(cirq.rx(X)(A))
    layer = layer_of(circuit, cirq.Z(A), differentiator=name, repetitions=None)
    inputs = tf.constant([[0.5]])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = layer(inputs)
    slope = float(tape.gradient(value, inputs)[0, 0])
    assert slope == pytest.approx(-np.sin(0.5), abs=2e-2)


@pytest.mark.parametrize("name", ["backprop", "straight_through"])
def test_gradients_that_need_a_simulation_are_refused(name):
    with pytest.raises(UserError, match="differentiator of a backend"):
        layer_of(cirq.Circuit(cirq.rx(X)(A)), cirq.Z(A), differentiator=name)


def test_second_derivatives_are_refused():
    layer = layer_of(cirq.Circuit(cirq.rx(X)(A)), cirq.Z(A), repetitions=None)
    inputs = tf.constant([[0.5]])
    with tf.GradientTape() as outer:
        outer.watch(inputs)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = layer(inputs)
        slope = tape.gradient(value, inputs)
    with pytest.raises(UserError, match="gradient of a gradient"):
        outer.gradient(slope, inputs)


def test_a_model_is_fitted_on_a_sampler():
    sampler = Counting()
    layer = layer_of(
        cirq.Circuit(cirq.rx(X)(A), cirq.rx(W)(A)),
        cirq.Z(A),
        sampler,
        200,
        trained_symbols=["w"],
        initializer=keras.initializers.Constant(1.5),
    )
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    history = model.fit(
        np.zeros((8, 1)), np.ones((8, 1)), batch_size=8, epochs=6, verbose=0
    )
    losses = history.history["loss"]
    assert losses[-1] < losses[0] / 4
    assert sampler.points == 6 * 8 * 3
