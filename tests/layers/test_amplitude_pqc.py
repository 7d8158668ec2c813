"""Amplitudes as input of layers."""

import cirq
import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contracts import KerasContract
from tfq_hybrid.circuits import CircuitSpec, preset
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import AmplitudePQC, NoisyAmplitudePQC, QuantumDense

SPEC = preset("qaa", qubits=3)


def reference(layer, vectors):
    """Expectations by Cirq from the normalised vectors."""
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    program = layer.program
    result = []
    for vector in vectors:
        state = np.pad(vector, (0, 8 - len(vector))) / np.linalg.norm(vector)
        weights = layer.get_weights()[0].tolist()
        run = simulator.simulate(
            program.circuit,
            dict(zip(program.weights, weights, strict=True)),
            qubit_order=program.qids,
            initial_state=state.astype(np.complex128),
        )
        matrix = run.final_density_matrix
        operators = [op.matrix(program.qids) for op in program.operators]
        result.append([np.trace(op @ matrix).real for op in operators])
    return np.array(result)


class ContractTest(KerasContract):
    """Keras's own contract."""

    def test_amplitude_pqc(self):
        self.run_layer_test(
            AmplitudePQC,
            init_kwargs={
                "model_circuit": SPEC.circuit,
                "operators": list(SPEC.operators),
            },
            input_shape=(2, 5),
            expected_output_shape=(2, 3),
            expected_num_trainable_weights=1,
        )


@pytest.mark.parametrize(
    "options",
    [None, {"noise_model": cirq.amplitude_damp(0.2)}],
    ids=["exact", "noisy"],
)
def test_equals_cirq(options):
    arguments = SPEC.circuit, SPEC.operators
    layer = AmplitudePQC(*arguments)
    if options:
        layer = NoisyAmplitudePQC(
            *arguments, repetitions=1, sample_based=False, **options
        )
    vectors = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
    result = layer(vectors)
    np.testing.assert_allclose(result, reference(layer, vectors), atol=1e-5)


def test_shots_spread_around_the_expectations():
    exact = AmplitudePQC(SPEC.circuit, SPEC.operators, initializer="ones")
    layer = AmplitudePQC(
        SPEC.circuit, SPEC.operators, repetitions=400, initializer="ones"
    )
    vectors = tf.constant([[1.0, 2.0, -1.0]])
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        result = layer(vectors)
    assert np.max(np.abs(result - exact(vectors))) < 5 / 20
    assert np.any(tape.gradient(result, vectors) != 0)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"repetitions": 50},
        {"differentiator": "adjoint"},
        {"noise_model": cirq.depolarize(0.1), "readout_error": 0.02},
        {"noise_model": cirq.depolarize(0.1), "repetitions": 20},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "circuit", [SPEC, CircuitSpec(qubits=2)], ids=["a", "b"]
)
def test_quantum_dense_takes_every_option(circuit, options, tmp_path):
    model = keras.Sequential(
        [
            keras.Input((3, 6)),
            keras.layers.Dense(6),
            QuantumDense(4, circuit, seed=3, **options),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    vectors = np.random.default_rng(0).normal(size=(2, 3, 6))
    before = [w.copy() for w in model.get_weights()]
    model.fit(vectors, np.ones((2, 3, 1)), verbose=0)
    moved = [
        np.any(a != b)
        for a, b in zip(before, model.get_weights(), strict=True)
        if a.dtype == np.float32
    ]
    assert all(moved)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    layer = loaded.layers[1]
    assert layer.get_config()["repetitions"] == options.get("repetitions")
    if "repetitions" not in options:
        np.testing.assert_array_equal(loaded(vectors), model(vectors))


def test_a_qaa_module_has_its_papers_parameters():
    layer = QuantumDense(768, "qaa", use_bias=False)
    layer.build((None, None, 768))
    assert layer.count_params() == 10 + 10 * 768


def test_vectors_of_zeros_are_the_ground_state():
    layer = AmplitudePQC(SPEC.circuit, SPEC.operators, initializer="zeros")
    np.testing.assert_allclose(layer(np.zeros((1, 4))), [[1, 1, 1]], atol=1e-6)


def test_bad_arguments():
    with pytest.raises(UserError, match="qubits=4"):
        QuantumDense(2, SPEC).build((None, 9))
    with pytest.raises(UserError, match="engine='batched'"):
        AmplitudePQC(SPEC.circuit, SPEC.operators, engine="tfq")
    with pytest.raises(UserError, match="of shape"):
        AmplitudePQC(SPEC.circuit, SPEC.operators)(np.ones(4))
    with pytest.raises(UserError, match="NaN or infinity"):
        AmplitudePQC(SPEC.circuit, SPEC.operators)(np.array([[np.nan, 1.0]]))
