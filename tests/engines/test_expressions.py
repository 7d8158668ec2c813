"""Angles that are smooth expressions of symbols, on every engine."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tests.reference import density_matrix_expectations
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC, NoisyControlledPQC

A, B = cirq.GridQubit.rect(1, 2)
X0, X1, W, V = sympy.symbols("x0 x1 w v")
# Features, a feature and a weight, weights alone, and linear ones.
CIRCUIT = cirq.Circuit(
    cirq.H(A),
    cirq.rz((sympy.pi - X0) * (sympy.pi - X1))(A),
    cirq.ry(W * X0)(B),
    cirq.CNOT(A, B),
    cirq.X(A) ** (sympy.sin(V) + sympy.exp(-(W**2)) / 2),
    cirq.rx(2 * X1 + 0.3)(B),
    cirq.CZ(A, B) ** sympy.cos(X1 * V),
    cirq.ry(W)(A),
)
OPERATORS = [cirq.X(A) + 0.5 * cirq.Z(B), cirq.Y(A) * cirq.Y(B)]
INPUTS = np.array([[0.4, -0.7], [1.3, 0.2], [-0.5, 0.0]])
WEIGHTS = {"w": 0.7, "v": -0.4}
ENGINES = ("batched", "tfq", "cirq")


def layer_of(circuit=CIRCUIT, operators=OPERATORS, engine="batched", **options):
    if engine == "cirq":
        options["backend"] = cirq.Simulator(dtype=np.complex128)
    layer = ControlledPQC(
        circuit,
        operators,
        trained_symbols=[*WEIGHTS],
        engine=engine,
        **options,
    )
    layer.build((None, 2))
    layer.parameters.assign([*WEIGHTS.values()])
    return layer


def expected(inputs, weights):
    return np.array(
        [
            density_matrix_expectations(
                CIRCUIT, OPERATORS, {"x0": x0, "x1": x1, **weights}
            )
            for x0, x1 in inputs
        ]
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_values_are_those_of_cirq(engine):
    found = layer_of(engine=engine)(INPUTS)
    np.testing.assert_allclose(found, expected(INPUTS, WEIGHTS), atol=2e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_gradients_are_those_of_finite_differences(engine):
    layer = layer_of(engine=engine)
    factors = np.array([[1.0, -0.5], [0.3, 2.0], [1.0, 1.0]])

    def loss(inputs, weights):
        return np.sum(expected(inputs, weights) * factors)

    inputs = tf.constant(INPUTS, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = tf.reduce_sum(layer(inputs) * factors)
    slopes = tape.gradient(value, [inputs, layer.parameters])
    by_inputs, by_weights = (slope.numpy() for slope in slopes)
    step = 1e-5
    for row, column in np.ndindex(*INPUTS.shape):
        move = np.zeros_like(INPUTS)
        move[row, column] = step
        slope = loss(INPUTS + move, WEIGHTS) - loss(INPUTS - move, WEIGHTS)
        slope /= 2 * step
        assert by_inputs[row, column] == pytest.approx(slope, abs=2e-4)
    for place, name in enumerate(WEIGHTS):
        ends = [
            loss(INPUTS, {**WEIGHTS, name: WEIGHTS[name] + way * step})
            for way in (1, -1)
        ]
        slope = (ends[0] - ends[1]) / (2 * step)
        assert by_weights[place] == pytest.approx(slope, abs=2e-4)


def test_a_product_of_a_weight_and_a_feature():
    qubit = cirq.LineQubit(0)
    layer = ControlledPQC(
        cirq.Circuit(cirq.ry(W * X0)(qubit)),
        cirq.Z(qubit),
        trained_symbols=["w"],
        initializer=keras.initializers.Constant(0.7),
    )
    with tf.GradientTape() as tape:
        value = layer(np.array([[0.5]]))
    slope = tape.gradient(value, layer.trainable_variables)[0]
    assert float(value[0, 0]) == pytest.approx(np.cos(0.35), abs=1e-6)
    assert float(slope[0]) == pytest.approx(-0.5 * np.sin(0.35), abs=1e-5)


def test_second_derivatives():
    circuit = cirq.Circuit(cirq.rx(X0**2)(A))
    layer = ControlledPQC(circuit, cirq.Z(A))
    inputs = tf.constant([[0.6]])
    with tf.GradientTape() as outer:
        outer.watch(inputs)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = layer(inputs)
        slope = tape.gradient(value, inputs)
    found = outer.gradient(slope, inputs)
    x = 0.6
    exact = -2 * np.sin(x**2) - 4 * x**2 * np.cos(x**2)
    assert float(found[0, 0]) == pytest.approx(exact, abs=1e-5)


def test_the_slope_of_a_square_at_zero():
    layer = ControlledPQC(cirq.Circuit(cirq.ry(X0**2 + X0)(A)), cirq.X(A))
    inputs = tf.constant([[0.0]])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        value = layer(inputs)
    assert float(tape.gradient(value, inputs)[0, 0]) == pytest.approx(1.0)


def test_data_circuits_before_expressions():
    circuit = cirq.Circuit(cirq.ry(W * V)(A))
    data = tfq.convert_to_tensor([cirq.Circuit(g(A)) for g in (cirq.I, cirq.X)])
    for engine in ("batched", "tfq"):
        layer = PQC(circuit, cirq.Z(A), engine=engine)
        layer.parameters.assign([0.5, 0.8])
        found = layer(data).numpy().ravel()
        np.testing.assert_allclose(
            found, [np.cos(0.4), -np.cos(0.4)], atol=1e-6
        )


def test_noise_behind_expressions():
    noise = cirq.ConstantQubitNoiseModel(cirq.depolarize(0.02))
    layer = NoisyControlledPQC(
        CIRCUIT,
        OPERATORS,
        repetitions=1,
        sample_based=False,
        noise_model=noise,
        trained_symbols=[*WEIGHTS],
    )
    layer.build((None, 2))
    layer.parameters.assign([*WEIGHTS.values()])
    noisy = CIRCUIT.with_noise(noise)
    values = {"x0": INPUTS[0, 0], "x1": INPUTS[0, 1], **WEIGHTS}
    wanted = density_matrix_expectations(noisy, OPERATORS, values)
    np.testing.assert_allclose(layer(INPUTS[:1])[0], wanted, atol=2e-5)


def test_a_layer_with_expressions_is_saved(tmp_path):
    inputs = keras.Input((2,))
    model = keras.Model(inputs, layer_of()(inputs))
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(restored(INPUTS), model(INPUTS))
    traced = tf.function(restored, jit_compile=True)
    np.testing.assert_allclose(traced(INPUTS), model(INPUTS), atol=1e-5)


@pytest.mark.parametrize("angle", [sympy.Abs(X0), X0**W, sympy.gamma(X0)])
def test_what_is_not_smooth_is_refused(angle):
    with pytest.raises(UserError, match="powers by numbers"):
        ControlledPQC(cirq.Circuit(cirq.rx(angle)(A)), cirq.Z(A))
