"""Density matrices or trajectories, as asked."""

import itertools

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tests.reference import density_matrix_expectations
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import NoisyControlledPQC, QuantumDense


def layer_of(count, **options):
    qubits = cirq.LineQubit.range(count)
    circuit = cirq.Circuit(
        cirq.ry(sympy.Symbol("x")).on_each(*qubits),
        [cirq.CNOT(p, q) for p, q in itertools.pairwise(qubits)],
        cirq.amplitude_damp(0.05).on_each(*qubits),
    )
    return NoisyControlledPQC(
        circuit,
        cirq.Z(qubits[-1]),
        repetitions=10,
        sample_based=False,
        seed=1,
        **options,
    )


def test_nine_qubits_are_exact_where_asked():
    layer = layer_of(9, noise_method="density_matrix")
    assert not layer.engine_choice.trajectories
    wanted = density_matrix_expectations(
        layer.model_circuit, layer.operators, {"x": 0.3}
    )
    np.testing.assert_allclose(layer(np.array([[0.3]]))[0], wanted, atol=1e-5)
    assert layer_of(9).engine_choice.trajectories


def test_few_examples_of_nine_qubits_are_exact():
    layer = layer_of(9)
    one = layer(np.array([[0.3]])).numpy()
    asked = layer_of(9, noise_method="density_matrix")(np.array([[0.3]]))
    np.testing.assert_array_equal(one, asked)
    # A batch of a size that is not known runs trajectories.
    signature = [tf.TensorSpec([None, 1])]
    graph = tf.function(layer_of(9), input_signature=signature)
    found = graph(tf.constant([[0.3]])).numpy()
    assert 0 < np.abs(found - one).max() < 0.2


def test_few_qubits_run_trajectories_where_asked(tmp_path):
    layer = layer_of(2, noise_method="trajectories")
    assert str(layer.engine_choice) == "batched (10 trajectories, as asked)"
    model = keras.Sequential([keras.Input((1,)), layer])
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    assert restored.layers[0].engine_choice.trajectories


def test_what_cannot_be():
    with pytest.raises(UserError, match="noise_method"):
        layer_of(2, noise_method="density")
    with pytest.raises(UserError, match="has no density matrices"):
        layer_of(2, noise_method="density_matrix", engine="tfq")
    with pytest.raises(UserError, match="fit in memory"):
        layer_of(20, noise_method="density_matrix")


def test_a_quantum_dense_passes_it_on():
    noise = cirq.depolarize(0.05)
    layer = QuantumDense(
        2, "qffn", noise_model=noise, noise_method="trajectories"
    )
    assert layer.engine_choice.trajectories
    again = QuantumDense.from_config(layer.get_config())
    assert again.noise_method == "trajectories"
    assert again.engine_choice.trajectories
    assert not QuantumDense(
        2, "qffn", noise_model=noise
    ).engine_choice.trajectories
    with pytest.raises(UserError, match="without either"):
        QuantumDense(2, "qffn", noise_method="trajectories")
