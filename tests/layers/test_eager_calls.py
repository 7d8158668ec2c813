"""A layer that is called again and again outside of a graph."""

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.layers import ControlledPQC
from tfq_hybrid.layers.engine_of_calls import EAGER_CALLS

A, B = cirq.LineQubit.range(2)
X, W = sympy.symbols("x w")
CIRCUIT = cirq.Circuit(cirq.rx(X)(A), cirq.CNOT(A, B), cirq.ry(W)(B))


def layer_of(**options):
    return ControlledPQC(
        CIRCUIT,
        [cirq.Z(B), cirq.X(B)],
        trained_symbols=["w"],
        initializer="ones",
        **options,
    )


def slopes(layer, inputs):
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(inputs)
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(layer(inputs) ** 2)
        first = tape.gradient(value, layer.parameters)
    return [value, first, outer.gradient(first, inputs)]


def test_calls_and_derivatives_stay_the_same():
    layer = layer_of()
    inputs = tf.constant([[0.3], [1.2]])
    first = slopes(layer, inputs)
    for _ in range(EAGER_CALLS):
        layer(inputs)
    again = slopes(layer, inputs)
    assert "_traced_engine" in vars(layer)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    # Another batch, and other weights.
    layer.parameters.assign([0.2])
    fresh = layer_of()
    fresh.build((None, 1))
    fresh.parameters.assign([0.2])
    other = tf.constant([[0.1], [0.5], [2.0]])
    np.testing.assert_allclose(layer(other), fresh(other), atol=1e-6)


def test_shots_are_drawn_anew():
    layer = layer_of(repetitions=20, seed=1)
    inputs = tf.zeros((4, 1))
    found = [layer(inputs).numpy().tobytes() for _ in range(EAGER_CALLS + 4)]
    assert len({*found}) > EAGER_CALLS


def test_bad_values_are_still_named():
    layer = layer_of()
    for _ in range(EAGER_CALLS + 1):
        layer(tf.zeros((1, 1)))
    with pytest.raises(ValueError, match="NaN or infinity"):
        layer(tf.constant([[np.nan]]))
