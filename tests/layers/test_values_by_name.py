"""Values of symbols by their names, whose order does not matter."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import ControlledPQC

A, B = cirq.GridQubit.rect(1, 2)
X2, X10 = sympy.symbols("x2 x10")
CIRCUIT = cirq.Circuit(cirq.rx(X2)(A), cirq.rx(X10)(B))
VALUES = {"x2": np.array([0.2, 0.4]), "x10": np.array([1.0, 2.0])}


def layer():
    return ControlledPQC(CIRCUIT, [cirq.Z(A), cirq.Z(B)])


def test_the_order_of_the_names_does_not_matter():
    wanted = np.cos(np.stack([VALUES["x2"], VALUES["x10"]], axis=1))
    turned = dict(reversed(VALUES.items()))
    by_symbol = {X10: VALUES["x10"][:, None], X2: VALUES["x2"][:, None]}
    for values in (VALUES, turned, by_symbol):
        np.testing.assert_allclose(layer()(values), wanted, atol=1e-6)
    # By order they come as TensorFlow Quantum sorts them: x10, x2.
    columns = np.stack([VALUES["x10"], VALUES["x2"]], axis=1)
    np.testing.assert_allclose(layer()(columns), wanted, atol=1e-6)


def test_with_data_circuits_and_resolved():
    data = tfq.convert_to_tensor([cirq.Circuit(cirq.X(A))] * 2)
    found = layer()([data, VALUES]).numpy()
    np.testing.assert_allclose(found[:, 0], -np.cos(VALUES["x2"]), atol=1e-6)
    first, _ = layer().resolved_circuit(VALUES)
    state = cirq.Simulator().simulate(first)
    assert state.bloch_vector_of(B)[2] == pytest.approx(np.cos(1.0), abs=1e-5)


def test_in_a_functional_model(tmp_path):
    inputs = {name: keras.Input((1,), name=name) for name in VALUES}
    model = keras.Model(inputs, layer()(inputs))
    columns = {name: value[:, None] for name, value in VALUES.items()}
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(restored(columns), layer()(VALUES))
    with tf.GradientTape() as tape:
        x = tf.constant([0.2])
        tape.watch(x)
        value = layer()({"x2": x, "x10": tf.constant([1.0])})
    slope = tape.gradient(value, x)
    assert float(slope[0]) == pytest.approx(-np.sin(0.2), abs=1e-6)


@pytest.mark.parametrize(
    "values", [{"x2": VALUES["x2"]}, {**VALUES, "y": VALUES["x2"]}]
)
def test_names_that_are_not_those_of_the_symbols(values):
    with pytest.raises(UserError, match=r"each of the symbols x10, x2"):
        layer()(values)
