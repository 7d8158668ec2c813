"""`QuantumKernel` beside closed forms and Cirq's states."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
from sklearn.svm import SVC

from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import QuantumKernel

A, B = cirq.LineQubit.range(2)
RX = cirq.Circuit(cirq.rx(sympy.Symbol("x"))(A))
RNG = np.random.default_rng(0)


def entangled():
    x, y, w = sympy.symbols("x y w")
    return cirq.Circuit(
        cirq.ry(x)(A),
        cirq.rz(y)(A),
        cirq.CNOT(A, B),
        cirq.rx(w)(B),
        cirq.ry(y)(B),
    )


def by_cirq(first, second, weight):
    def states(rows):
        simulator = cirq.Simulator(dtype=np.complex128)
        return np.array(
            [
                simulator.simulate(
                    entangled(), {"x": x, "y": y, "w": weight}
                ).final_state_vector
                for x, y in rows.tolist()
            ]
        )

    return np.abs(states(first) @ states(second).conj().T) ** 2


def test_the_closed_form_of_one_rotation():
    x, y = RNG.normal(size=(5, 1)), RNG.normal(size=(3, 1))
    kernel = QuantumKernel(RX)
    np.testing.assert_allclose(
        kernel([x, y]), np.cos((x - y.T) / 2) ** 2, atol=1e-6
    )
    own = kernel(x).numpy()
    np.testing.assert_allclose(own, own.T, atol=1e-6)
    np.testing.assert_allclose(np.diag(own), 1, atol=1e-6)
    assert own.dtype == np.float32


def test_values_and_gradients_beside_cirq():
    x, y = RNG.normal(size=(4, 2)), RNG.normal(size=(2, 2))
    kernel = QuantumKernel(
        entangled(), trained_symbols=["w"], initializer="ones", dtype="float64"
    )
    first = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(first)
        values = kernel([first, tf.constant(y)])
        loss = tf.reduce_sum(values[:, 0])
    by_input, by_weight = tape.gradient(loss, [first, kernel.parameters.value])
    np.testing.assert_allclose(values, by_cirq(x, y, 1.0), atol=1e-9)
    step = 1e-5
    for column in range(2):
        shift = step * np.eye(2)[column]
        slopes = by_cirq(x + shift, y, 1.0) - by_cirq(x - shift, y, 1.0)
        np.testing.assert_allclose(
            by_input[:, column], slopes[:, 0] / (2 * step), atol=1e-8
        )
    slope = by_cirq(x, y, 1 + step) - by_cirq(x, y, 1 - step)
    np.testing.assert_allclose(
        by_weight[0], slope[:, 0].sum() / (2 * step), atol=1e-8
    )


def test_shots_by_seed():
    x = RNG.normal(size=(6, 1))
    exact = QuantumKernel(RX)(x).numpy()
    first, same, other = (
        QuantumKernel(RX, repetitions=100, seed=seed)(x).numpy()
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()
    np.testing.assert_allclose(first * 100, np.round(first * 100), atol=1e-4)
    np.testing.assert_allclose(first, exact, atol=0.25)
    with tf.GradientTape() as tape:
        fed = tf.constant(x, tf.float32)
        tape.watch(fed)
        loss = QuantumKernel(RX, repetitions=10)([fed, fed[:1]])[1, 0]
    slope = tape.gradient(loss, fed)[1, 0]
    angle = x[1, 0] - x[0, 0]
    np.testing.assert_allclose(slope, -np.sin(angle) / 2, atol=1e-5)


def test_a_classifier_of_scikit_learn():
    x = RNG.uniform(-np.pi, np.pi, size=(60, 1))
    labels = (np.cos(x[:, 0]) > 0).astype(int)
    kernel = QuantumKernel(RX)
    found = SVC(kernel=lambda a, b: kernel([a, b]).numpy())
    assert found.fit(x[:40], labels[:40]).score(x[40:], labels[40:]) > 0.9


def test_it_saves_and_loads(tmp_path):
    kernel = QuantumKernel(entangled(), trained_symbols=["w"])
    inputs = keras.Input((2,))
    model = keras.Model(inputs, kernel(inputs))
    x = RNG.normal(size=(3, 2)).astype("float32")
    model.save(tmp_path / "kernel.keras")
    loaded = keras.saving.load_model(tmp_path / "kernel.keras")
    np.testing.assert_allclose(loaded(x), model(x), atol=1e-6)


@pytest.mark.parametrize(
    "circuit, options, message",
    [
        (RX, {"trained_symbols": ["x"]}, "at least one symbol"),
        (RX, {"trained_symbols": ["z"]}, "trained_symbols"),
        (RX.with_noise(cirq.bit_flip(0.1)), {}, "without noise"),
    ],
)
def test_what_has_no_kernel(circuit, options, message):
    with pytest.raises(UserError, match=message):
        QuantumKernel(circuit, **options)
