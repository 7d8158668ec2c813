"""Data circuits on the batched engine, against Cirq and TensorFlow Quantum."""

import concurrent.futures
import warnings

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tests.reference import density_matrix_expectations
from tfq_hybrid.engines import prepared
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC, NoisyPQC

QUBITS = cirq.GridQubit.rect(1, 3)
SYMBOLS = sympy.symbols("a b c d e")
A, B, C, D, E = SYMBOLS
CIRCUIT = cirq.Circuit(
    cirq.ry(A)(QUBITS[0]),
    cirq.X(QUBITS[1]) ** B,
    cirq.H(QUBITS[2]),
    cirq.rz(C)(QUBITS[2]),
    cirq.CNOT(QUBITS[0], QUBITS[1]),
    cirq.ISWAP(QUBITS[1], QUBITS[2]) ** D,
    cirq.rx(E)(QUBITS[0]),
)
OPERATORS = [
    cirq.Z(QUBITS[0]),
    cirq.X(QUBITS[0]) * cirq.Y(QUBITS[2]) - 0.5 * cirq.Z(QUBITS[1]),
]
WEIGHTS = np.array([0.3, -0.8, 1.1, 0.4, 2.0])


def products(count=3):
    """Circuits of different one-qubit gates, some on fewer qubits."""
    gates = [cirq.rx(0.7), cirq.ry(-0.4), cirq.X**0.3, cirq.H, cirq.T]
    generator = np.random.default_rng(5)
    return [
        cirq.Circuit(
            gates[generator.integers(5)](QUBITS[q])
            for q in generator.integers(0, 3, size=i + 1)
        )
        for i in range(count)
    ]


def encodings(count=3):
    """Circuits of one structure that entangle, with other angles."""
    angles = np.random.default_rng(6).normal(size=(count, 3))
    return [
        cirq.Circuit(
            cirq.ry(float(a))(QUBITS[0]),
            cirq.CNOT(*QUBITS[:2]),
            cirq.ZZ(*QUBITS[1:]) ** float(b),
            cirq.rx(float(c))(QUBITS[1]),
            cirq.XX(QUBITS[0], QUBITS[2]) ** float(c),
        )
        for a, b, c in angles
    ]


EMPTY = [cirq.Circuit()]
BATCHES = {
    "empty": 3 * EMPTY,
    "products": products(),
    "encodings": encodings(),
    "repeated": 2 * encodings(2),
    "mixed": [*EMPTY, *products(2), *encodings(2), *EMPTY],
    # What follows acts on a state that is entangled just a little.
    "almost a product": [
        cirq.Circuit(cirq.H.on_each(*QUBITS), cirq.CZ(*QUBITS[:2]) ** turns)
        for turns in (1e-7, 1e-6, 1e-5, 1e-4)
    ],
}


def expected(batch, fed, circuit=CIRCUIT):
    """By density matrices: (batch, operators)."""
    names = "abcde"
    rows = [
        density_matrix_expectations(
            data + circuit, OPERATORS, dict(zip(names, values, strict=True))
        )
        for data, values in zip(batch, fed, strict=True)
    ]
    return np.reshape(rows, (len(batch), len(OPERATORS)))


def fed_for(batch):
    generator = np.random.default_rng(len(batch))
    return generator.normal(size=(len(batch), len(SYMBOLS)))


def pqc(**options):
    layer = PQC(CIRCUIT, OPERATORS, **options)
    layer.set_weights([WEIGHTS])
    return layer


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("wrap", [tf.function, lambda call: call])
def test_values(name, wrap):
    batch = BATCHES[name]
    data, fed = tfq.convert_to_tensor(batch), fed_for(batch)
    values = wrap(pqc())(data)
    np.testing.assert_allclose(
        values, expected(batch, [WEIGHTS] * len(batch)), atol=3e-6
    )
    layer = ControlledPQC(CIRCUIT, OPERATORS)
    values = wrap(lambda data, fed: layer([data, fed]))(data, fed)
    np.testing.assert_allclose(values, expected(batch, fed), atol=3e-6)


@pytest.mark.long
@pytest.mark.parametrize(
    "name,differentiator", [("products", "adjoint"), ("mixed", None)]
)
def test_gradients_are_those_of_tfq(name, differentiator):
    data = tfq.convert_to_tensor(BATCHES[name])
    fed = tf.constant(fed_for(BATCHES[name]), tf.float32)
    gradients = []
    for engine in ("auto", "tfq"):
        options = {"engine": engine, "differentiator": differentiator}
        trained = pqc(**options)
        layer = ControlledPQC(CIRCUIT, OPERATORS, **options)

        @tf.function
        def gradient(trained=trained, layer=layer):
            with tf.GradientTape() as tape:
                tape.watch(fed)
                values = trained(data) + layer([data, fed])
                loss = tf.reduce_sum(tf.sin(values))
            return tape.gradient(loss, [trained.parameters.value, fed])

        gradients.append(gradient())
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("wrap", [tf.function, lambda call: call])
def test_second_derivatives(wrap):
    data = tfq.convert_to_tensor(BATCHES["mixed"])
    layer = pqc(dtype="float64")
    weights = layer.parameters.value

    def gradient():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(data))
        return tape.gradient(total, weights)

    @wrap
    def hessian_vector(direction):
        with tf.GradientTape() as tape:
            slope = tf.reduce_sum(gradient() * direction)
        return tape.gradient(slope, weights)

    direction = np.array([0.2, -1.0, 0.5, 0.3, 0.7])
    exact = hessian_vector(tf.constant(direction))
    sides = []
    for step in (1e-4, -1e-4):
        layer.set_weights([WEIGHTS + step * direction])
        sides.append(gradient())
    difference = (sides[0] - sides[1]) / 2e-4
    np.testing.assert_allclose(exact, difference, atol=1e-6)


def test_each_circuit_is_simulated_once(monkeypatch):
    simulated = []
    simulate = prepared.PreparedStates._simulate

    def count(self, strings):
        simulated.extend(strings)
        return simulate(self, strings)

    monkeypatch.setattr(prepared.PreparedStates, "_simulate", count)
    layer = pqc()
    data = tfq.convert_to_tensor(BATCHES["mixed"])
    for _ in range(3):
        layer(data)
    assert sorted(simulated) == sorted(set(data.numpy().tolist()))


def test_what_is_kept_is_bounded(monkeypatch):
    batch = [*products(6), *encodings(6)]
    data = tfq.convert_to_tensor(batch)
    monkeypatch.setattr(prepared, "KEPT_BYTES", 3_000)
    monkeypatch.setattr(prepared, "_CHUNK_BYTES", 200)
    layer = pqc()
    for _ in range(2):
        np.testing.assert_allclose(
            layer(data), expected(batch, [WEIGHTS] * len(batch)), atol=3e-6
        )
    kept = layer._data_engine._prepared
    assert 0 < kept._bytes <= 3_000
    assert kept._bytes == sum(map(prepared._bytes_of, kept._kept.items()))


def test_order_of_qubits():
    qubits = [
        cirq.GridQubit(row, column) for row in (0, 2, 11) for column in (1, 10)
    ]
    turns = sympy.Symbol("a")
    circuit = cirq.Circuit(cirq.I.on_each(*qubits), cirq.rx(turns)(qubits[0]))
    layer = PQC(circuit, [cirq.Z(qubit) for qubit in qubits])
    layer.set_weights([np.zeros(1)])
    batch = [cirq.Circuit(cirq.X(qubit)) for qubit in qubits]
    values = layer(tfq.convert_to_tensor(batch))
    np.testing.assert_allclose(values, 1 - 2 * np.eye(6), atol=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        cirq.Circuit(cirq.X(cirq.GridQubit(4, 4)), cirq.H(QUBITS[0])),
        cirq.Circuit(cirq.CNOT(QUBITS[0], cirq.GridQubit(0, 4))),
    ],
)
def test_other_qubits_run_on_tfq(other):
    batch = [other, *products(1), *encodings(1)]
    data = tfq.convert_to_tensor(batch)
    layer = pqc()
    for call in (layer, tf.function(layer)):
        with pytest.warns(UserWarning, match="TensorFlow Quantum runs them"):
            values = call(data)
        np.testing.assert_allclose(
            values, expected(batch, [WEIGHTS] * 3), atol=3e-6
        )
    with warnings.catch_warnings(record=True) as said:  # the others do not
        warnings.simplefilter("always")
        layer(data[1:])
    assert not said
    np.testing.assert_allclose(
        pqc(engine="tfq")(data), expected(batch, [WEIGHTS] * 3), atol=3e-6
    )
    with pytest.raises(UserError, match="engine='tfq'"):
        pqc(engine="batched")(data)


def test_symbols_in_data_circuits_are_refused():
    symbol = sympy.Symbol("other")
    data = tfq.convert_to_tensor([cirq.Circuit(cirq.rx(symbol)(QUBITS[0]))])
    with (
        pytest.warns(UserWarning, match="without symbols"),
        pytest.raises(tf.errors.InvalidArgumentError),
    ):
        pqc()(data)


def test_channels_in_data_circuits_run_on_tfq():
    data = cirq.Circuit(cirq.X(QUBITS[0]), cirq.bit_flip(1.0)(QUBITS[0]))
    layer = NoisyPQC(CIRCUIT, OPERATORS, repetitions=3000, sample_based=False)
    layer.set_weights([WEIGHTS])
    with pytest.warns(UserWarning, match="channels"):
        values = layer(tfq.convert_to_tensor([data]))
    np.testing.assert_allclose(values, expected([data], [WEIGHTS]), atol=0.1)
    both = tfq.convert_to_tensor([data, *products(1)])
    with pytest.warns(UserWarning, match="channels"):
        layer(both)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        layer(both[1:])  # it has a state, whatever it came with
    assert not said


def test_noise_after_data_circuits():
    channel = cirq.amplitude_damp(0.2)
    layer = NoisyPQC(
        CIRCUIT,
        OPERATORS,
        repetitions=1,
        sample_based=False,
        noise_model=channel,
    )
    layer.set_weights([WEIGHTS])
    batch = BATCHES["mixed"]
    noisy = layer.model_circuit.with_noise(layer.noise_model)
    np.testing.assert_allclose(
        layer(tfq.convert_to_tensor(batch)),
        expected(batch, [WEIGHTS] * len(batch), noisy),
        atol=3e-6,
    )


@pytest.mark.parametrize("name", ["empty", "products", "repeated"])
def test_shots(name):
    batch = BATCHES[name]
    data = tf.repeat(tfq.convert_to_tensor(batch), 200)
    values = pqc(repetitions=100, seed=1)(data).numpy()
    values = values.reshape(len(batch), 200, -1)
    means = expected(batch, [WEIGHTS] * len(batch))
    # Means of 20,000 samples of an operator whose values are within 1.5.
    assert np.abs(values.mean(axis=1) - means).max() < 5 * 1.5 / 20_000**0.5
    assert (values.std(axis=1) > 0.01).any()  # drawn for each example anew


def test_as_many_circuits_as_values():
    layer = ControlledPQC(CIRCUIT, OPERATORS)
    data = tfq.convert_to_tensor(BATCHES["empty"])
    for rows in (1, 2, 4):
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="as many data circuits"
        ):
            layer([data, np.zeros((rows, 5))])
    with pytest.raises(UserError, match="string tensor"):
        layer([tf.constant([[""]]), np.zeros((1, 5))])


def test_no_circuits():
    none = tf.zeros([0], tf.string)
    for call in (pqc(), tf.function(pqc())):
        assert call(none).shape == (0, 2)
    layer = ControlledPQC(CIRCUIT, OPERATORS)
    assert layer([none, np.zeros((0, 5))]).shape == (0, 2)


def test_threads():
    layer = pqc()
    batch = [*products(20), *encodings(20)]
    data = tfq.convert_to_tensor(batch)
    wanted = expected(batch, [WEIGHTS] * len(batch))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        starts = range(0, 40, 4)
        found = pool.map(lambda i: layer(data[i : i + 4]).numpy(), starts)
        np.testing.assert_allclose(
            [*np.concatenate([*found])], wanted, atol=3e-6
        )


@pytest.mark.long
def test_fit_learns():
    layer = pqc()
    model = keras.Sequential([keras.Input((), dtype="string"), layer])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    batch = [*EMPTY, cirq.Circuit(cirq.X(QUBITS[0])), *encodings(2)]
    data = tf.repeat(tfq.convert_to_tensor(batch), 4)
    target = np.repeat([[0.9, 0], [-0.9, 0], [0, 0], [0, 0]], 4, axis=0)
    losses = model.fit(data, target, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]
    other = keras.Sequential(
        [keras.Input((), dtype="string"), pqc(engine="tfq")]
    )
    other.set_weights(model.get_weights())
    np.testing.assert_allclose(
        model.predict(data, verbose=0),
        other.predict(data, verbose=0),
        atol=1e-5,
    )


@pytest.mark.parametrize("string", [b"\xff\xfe broken", b"x = 3"])
def test_strings_that_are_no_circuits(string):
    """One line, whatever TensorFlow says of such bytes."""
    layer = PQC(cirq.Circuit(cirq.X(QUBITS[0]) ** A), cirq.Z(QUBITS[0]))
    whole = tfq.convert_to_tensor([cirq.Circuit()]).numpy()[0]
    with pytest.raises(UserError, match="serialised circuits") as caught:
        layer(tf.constant([whole, string]))
    assert "\n" not in str(caught.value)
