"""The weights that layers of described circuits start from."""

import dataclasses

import keras
import numpy as np
import pytest

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import IdentityBlocks, QuantumDense

SPEC = CircuitSpec(
    qubits=3,
    ansatz=("ry", "cnot", "rx"),
    depth=4,
    mirror=2,
    initialization="identity_blocks",
)


def test_a_layer_starts_as_its_circuit_says():
    inputs = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), QuantumDense(2, SPEC)])
    layer = model.layers[0]
    angles = layer.angles(inputs).numpy()
    readouts = layer.exact_readouts(inputs)
    np.testing.assert_allclose(readouts, np.cos(angles), atol=1e-6)
    assert np.ptp(layer.pqc.parameters.numpy()) > 1


def test_small_angles_and_an_initializer_of_the_layer():
    small = dataclasses.replace(
        SPEC, mirror=0, depth=30, initialization="small_angles"
    )
    layer = QuantumDense(2, small)
    layer.build((None, 4))
    deviation = np.std(layer.pqc.parameters.numpy())
    assert deviation == pytest.approx(1 / np.sqrt(4 * 32), rel=0.2)
    layer = QuantumDense(2, SPEC, angle_initializer="zeros")
    layer.build((None, 4))
    assert not np.any(layer.pqc.parameters.numpy())


def test_seeds_and_configs_of_identity_blocks():
    first = IdentityBlocks([0, 1], [3, 2], seed=1)
    again = keras.initializers.deserialize(keras.initializers.serialize(first))
    np.testing.assert_array_equal(first((5,)), again((5,)))
    assert 0 < float(first((5,))[4]) < 2 * np.pi


def test_identity_blocks_refuse_indices_that_do_not_pair():
    for inverses in ([1, 2], [0], []):
        with pytest.raises(UserError, match="one inverse for each weight"):
            IdentityBlocks([0], inverses)


def test_a_model_that_starts_as_identity_blocks_is_saved(tmp_path):
    model = keras.Sequential([keras.Input((4,)), QuantumDense(2, SPEC)])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    inputs = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(model(inputs), again(inputs))
    assert isinstance(again.layers[0].angle_initializer, IdentityBlocks)
