"""Gradients of gradients: against Cirq's finite differences, or refused."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import (
    ControlledPQC,
    NoisyControlledPQC,
    QuantumDense,
)

A, B, W = sympy.symbols("a b w")
QIDS = cirq.GridQubit.rect(1, 2)
CIRCUIT = cirq.Circuit(
    cirq.ry(A)(QIDS[0]),
    cirq.rx(B)(QIDS[1]),
    cirq.CNOT(*QIDS),
    cirq.ry(W)(QIDS[1]),
    cirq.ZZ(*QIDS) ** A,
    cirq.rx(W)(QIDS[0]),
)
NOISY = CIRCUIT + cirq.depolarize(0.05).on_each(*QIDS)
OPERATORS = [cirq.Z(QIDS[1]), cirq.X(QIDS[0]) * cirq.Z(QIDS[1])]
POINT = np.array([0.3, 0.7, 1.1])
DIRECTION = np.array([1.0, -0.5, 2.0])
SIMULATOR = cirq.DensityMatrixSimulator(dtype=np.complex128)


def loss_of(circuit):
    """The sum of squared expectations, weighted 1 and 2, by Cirq."""

    def loss(point):
        values = SIMULATOR.simulate_expectation_values(
            circuit,
            OPERATORS,
            param_resolver=dict(zip("abw", point, strict=True)),
            qubit_order=QIDS,
        )
        return np.dot([1.0, 2.0], np.square(np.real(values)))

    return loss


def hessian_vector(function, point, direction, step=1e-4):
    """The Hessian times a direction, by central differences."""
    result = np.zeros_like(point)
    for index in range(len(point)):
        shift = np.zeros_like(point)
        shift[index] = step
        for sign in (1, -1):
            for side in (1, -1):
                moved = point + sign * shift + side * step * direction
                result[index] += sign * side * function(moved)
    return result / (4 * step**2)


def make_layer(circuit=CIRCUIT, kind=ControlledPQC, **options):
    layer = kind(
        circuit,
        OPERATORS,
        trained_symbols=["w"],
        initializer=keras.initializers.Constant(POINT[2]),
        **options,
    )
    inputs = tf.constant(POINT[np.newaxis, :2], tf.float32)
    layer(inputs)
    return layer, inputs


def first(layer, inputs, weights):
    with tf.GradientTape() as tape:
        tape.watch((inputs, weights))
        loss = tf.reduce_sum([1.0, 2.0] * tf.square(layer(inputs)))
    by_inputs, by_weights = tape.gradient(loss, (inputs, weights))
    return tf.concat([by_inputs[0], by_weights], 0)


def backwards(layer, inputs):
    """Reverse over reverse."""
    weights = layer.trainable_variables[0].value
    with tf.GradientTape() as tape:
        tape.watch((inputs, weights))
        along = tf.tensordot(
            first(layer, inputs, weights),
            tf.constant(DIRECTION, inputs.dtype),
            axes=1,
        )
    by_inputs, by_weights = tape.gradient(along, (inputs, weights))
    return tf.concat([by_inputs[0], by_weights], 0)


def forwards(layer, inputs):
    """Forward over reverse."""
    weights = layer.trainable_variables[0].value
    moves = tf.constant(DIRECTION, inputs.dtype)
    with tf.autodiff.ForwardAccumulator(
        (inputs, weights), (moves[tf.newaxis, :2], moves[2:])
    ) as accumulator:
        gradient = first(layer, inputs, weights)
    return accumulator.jvp(gradient)


EXACT = {
    "backprop": 1e-5,
    "adjoint": 1e-5,
    "parameter_shift": 1e-5,
    "central_difference": 2e-3,
    "forward_difference": 2e-2,
}


@pytest.mark.parametrize("product", [backwards, forwards])
@pytest.mark.parametrize("method", EXACT)
def test_hessian(method, product):
    expected = hessian_vector(loss_of(CIRCUIT), POINT, DIRECTION)
    layer, inputs = make_layer(engine="batched", differentiator=method)
    if (method, product) == ("adjoint", forwards):
        with pytest.raises(UserError, match="differentiator='backprop'"):
            product(layer, inputs)
        return
    found = product(layer, inputs)
    np.testing.assert_allclose(found, expected, atol=EXACT[method] * 10)


@pytest.mark.parametrize("method", ["backprop", "adjoint", "parameter_shift"])
def test_hessian_in_a_graph(method):
    expected = hessian_vector(loss_of(CIRCUIT), POINT, DIRECTION)
    layer, inputs = make_layer(engine="batched", differentiator=method)
    found = tf.function(backwards)(layer, inputs)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize("product", [backwards, forwards])
@pytest.mark.parametrize("method", ["parameter_shift", "straight_through"])
def test_hessian_from_shots(method, product):
    expected = hessian_vector(loss_of(CIRCUIT), POINT, DIRECTION)
    layer, inputs = make_layer(
        engine="batched", differentiator=method, repetitions=10**6, seed=1
    )
    found = product(layer, inputs)
    np.testing.assert_allclose(found, expected, atol=0.15)


@pytest.mark.parametrize("method", ["backprop", "parameter_shift"])
def test_hessian_under_noise(method):
    expected = hessian_vector(loss_of(NOISY), POINT, DIRECTION)
    layer, inputs = make_layer(
        NOISY,
        NoisyControlledPQC,
        engine="batched",
        differentiator=method,
        repetitions=1,
        sample_based=False,
    )
    found = backwards(layer, inputs)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [{}, {"differentiator": "adjoint"}, {"repetitions": 100}],
    ids=["default", "adjoint", "shots"],
)
@pytest.mark.parametrize("product", [backwards, forwards])
def test_tensorflow_quantum_is_refused_by_name(options, product):
    layer, inputs = make_layer(engine="tfq", **options)
    with pytest.raises((UserError, LookupError), match="Use engine='batched'"):
        product(layer, inputs)


@pytest.mark.parametrize("sample_based", [True, False])
def test_tensorflow_quantum_is_refused_under_noise(sample_based):
    layer, inputs = make_layer(
        NOISY,
        NoisyControlledPQC,
        engine="tfq",
        repetitions=5,
        sample_based=sample_based,
    )
    with pytest.raises((UserError, LookupError), match="Use engine='batched'"):
        backwards(layer, inputs)


def test_large_angles_have_the_same_hessian():
    """X to the power of x has the period 4 in x, here with a symbol in both."""
    circuit = cirq.Circuit(cirq.X(QIDS[0]) ** A, cirq.ZZ(*QIDS) ** (0.5 * A))
    circuit += cirq.Circuit(cirq.X(QIDS[1]) ** B, cirq.CNOT(*QIDS))
    circuit += cirq.Circuit(cirq.ry(W)(QIDS[1]))
    layer, _ = make_layer(circuit, engine="batched")
    turns = tf.constant([[8.0 * 2**14, 4.0 * 2**15]])
    here = tf.constant([[0.25, 0.5]])  # exact beside the turns, in float32
    np.testing.assert_allclose(
        backwards(layer, here + turns), backwards(layer, here), atol=1e-4
    )


def penalty(layer, inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
    return tf.reduce_sum(tf.square(tape.gradient(outputs, inputs)))


@pytest.mark.parametrize("method", ["backprop", "adjoint", "parameter_shift"])
@pytest.mark.parametrize("kind", ["angles", "amplitudes"])
def test_gradient_penalty(kind, method):
    """By a finite difference of the penalty itself, in float64."""
    encoding = {"angles": "angle", "amplitudes": "amplitude"}[kind]
    layer = QuantumDense(
        3,
        CircuitSpec(qubits=2, encoding=encoding, entanglement="linear"),
        engine="batched",
        differentiator=method,
        dtype="float64",
    )
    inputs = tf.constant([[0.3, -0.8, 0.5], [1.0, 0.2, -0.4]], tf.float64)
    layer(inputs)
    with tf.GradientTape() as tape:
        value = penalty(layer, inputs)
    gradients = tape.gradient(value, layer.trainable_variables)
    for variable, gradient in zip(
        layer.trainable_variables, gradients, strict=True
    ):
        start = variable.numpy()
        moves = np.random.default_rng(0).normal(size=start.shape)
        ends = []
        for sign in (1, -1):
            variable.assign(start + sign * 1e-5 * moves)
            ends.append(penalty(layer, inputs).numpy())
        variable.assign(start)
        gradient = np.zeros_like(start) if gradient is None else gradient
        np.testing.assert_allclose(
            np.sum(gradient * moves), (ends[0] - ends[1]) / 2e-5, atol=1e-6
        )
