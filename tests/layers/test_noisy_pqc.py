"""The noisy layers against TensorFlow Quantum's own and density matrices.

TensorFlow Quantum's trajectories cannot be seeded, so statistics are held to
five standard errors, which are bounded by the operators' norms: a sound
layer fails such a comparison once in two million.
"""

import json
import os
import subprocess
import sys

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tests.contracts import KerasContract
from tests.reference import density_matrix_expectations
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import ControlledPQC, NoisyControlledPQC, NoisyPQC

QUBITS = cirq.GridQubit.rect(1, 2)
A, B, C = sympy.symbols("a b c")
CIRCUIT = cirq.Circuit(
    cirq.rx(A)(QUBITS[0]),
    cirq.depolarize(0.1)(QUBITS[0]),
    cirq.CNOT(*QUBITS),
    cirq.amplitude_damp(0.2).on_each(*QUBITS),
    cirq.Y(QUBITS[1]) ** B,
    cirq.XX(*QUBITS) ** (0.5 * C),
    cirq.phase_flip(0.1)(QUBITS[1]),
)
OPERATORS = [cirq.Z(QUBITS[0]), cirq.X(QUBITS[0]) * cirq.Y(QUBITS[1]) + 0.5]
DATA = [cirq.Circuit(), cirq.Circuit(cirq.X(QUBITS[0]), cirq.H(QUBITS[1]))]
VALUES = np.array([[0.4, 0.3, -0.7], [1.3, -0.2, 0.9]], "float32")
REPETITIONS = 10_000
FIVE_SIGMA = 5 / np.sqrt(REPETITIONS)  # of operators with values in [-1, 1]
CHANNELS = [
    cirq.depolarize(0.1),
    cirq.asymmetric_depolarize(0.1, 0.02, 0.05),
    cirq.amplitude_damp(0.3),
    cirq.generalized_amplitude_damp(0.3, 0.4),
    cirq.phase_damp(0.3),
    cirq.phase_flip(0.2),
    cirq.bit_flip(0.1),
    cirq.ResetChannel(),
]

# In a process of their own, under the Keras that they were written for.
TFQ_SCRIPT = """
import json, sys
import cirq, tensorflow as tf, tensorflow_quantum as tfq
task = json.load(sys.stdin)
circuit, operators, data = (
    cirq.read_json(json_text=task[k]) for k in ("circuit", "operators", "data")
)
data = tfq.convert_to_tensor(data)
values = tf.constant(task["values"], tf.float32)
result = {}
for sample_based in (False, True):
    options = dict(repetitions=task["repetitions"], sample_based=sample_based)
    pqc = tfq.layers.NoisyPQC(circuit, operators, **options)
    pqc.set_weights([values[0]])
    with tf.GradientTape() as tape:
        trained = pqc(data)
    gradient = tape.gradient(trained, pqc.trainable_weights)[0]
    controlled = tfq.layers.NoisyControlledPQC(circuit, operators, **options)
    result[str(sample_based)] = {
        "symbols": [str(s) for s in pqc.symbols],
        "trained": trained.numpy().tolist(),
        "gradient": gradient.numpy().tolist(),
        "controlled": controlled([data, values]).numpy().tolist(),
    }
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def original():
    """What TensorFlow Quantum's own layers return."""
    task = {
        "circuit": cirq.to_json(CIRCUIT),
        "operators": cirq.to_json(OPERATORS),
        "data": cirq.to_json(DATA),
        "values": VALUES.tolist(),
        "repetitions": REPETITIONS,
    }
    done = subprocess.run(
        [sys.executable, "-c", TFQ_SCRIPT],
        input=json.dumps(task),
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def exact(values, circuit=CIRCUIT, operators=OPERATORS, data=DATA):
    """Expectations of density matrices, of shape (batch, operators)."""
    return np.array(
        [
            density_matrix_expectations(
                start + circuit, operators, dict(zip("abc", row, strict=True))
            )
            for start, row in zip(data, values, strict=True)
        ]
    )


@pytest.mark.long
@pytest.mark.parametrize("sample_based", [False, True])
def test_noisy_pqc_is_that_of_tfq(sample_based, original):
    theirs = original[str(sample_based)]
    layer = NoisyPQC(
        CIRCUIT,
        OPERATORS,
        repetitions=REPETITIONS,
        sample_based=sample_based,
    )
    assert [str(s) for s in layer.symbols] == theirs["symbols"]
    layer.set_weights([VALUES[0]])
    with tf.GradientTape() as tape:
        values = layer(tfq.convert_to_tensor(DATA))
    gradient = tape.gradient(values, layer.trainable_variables[0].value)
    weights = np.stack([VALUES[0]] * 2)
    for each in (values, theirs["trained"]):
        np.testing.assert_allclose(each, exact(weights), atol=FIVE_SIGMA)
    slope = np.zeros(3)
    for i, step in enumerate(np.eye(3) * 1e-4):
        change = exact(weights + step) - exact(weights - step)
        slope[i] = change.sum() / 2e-4
    # Parameter shift sums (f+ - f-) times pi/4 or less a gate, over two
    # examples and two operators: 8 terms.
    tolerance = FIVE_SIGMA * np.sqrt(8) * np.pi / 2
    for each in (gradient, theirs["gradient"]):
        np.testing.assert_allclose(each, slope, atol=tolerance)


@pytest.mark.parametrize("sample_based", [False, True])
def test_noisy_controlled_pqc_is_that_of_tfq(sample_based, original):
    layer = NoisyControlledPQC(
        CIRCUIT,
        OPERATORS,
        repetitions=REPETITIONS,
        sample_based=sample_based,
    )
    values = layer([tfq.convert_to_tensor(DATA), VALUES])
    theirs = original[str(sample_based)]["controlled"]
    for each in (values, theirs):
        np.testing.assert_allclose(each, exact(VALUES), atol=FIVE_SIGMA)
    # Without data circuits it starts from zeros, as the first of them does.
    np.testing.assert_allclose(
        layer(VALUES)[0], exact(VALUES)[0], atol=FIVE_SIGMA
    )


@pytest.mark.parametrize("engine", ["tfq", "batched"])
@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_every_channel(channel, engine):
    circuit = cirq.Circuit(
        cirq.rx(A)(QUBITS[0]), cirq.CNOT(*QUBITS), cirq.Y(QUBITS[1]) ** B
    )
    layer = NoisyControlledPQC(
        circuit,
        OPERATORS,
        repetitions=4_000,
        sample_based=False,
        noise_model=channel,
        engine=engine,
    )
    noisy = circuit.with_noise(cirq.ConstantQubitNoiseModel(channel))
    expected = [
        density_matrix_expectations(noisy, OPERATORS, {"a": a, "b": b})
        for a, b in VALUES[:, :2]
    ]
    np.testing.assert_allclose(
        layer(VALUES[:, :2]), expected, atol=5 / np.sqrt(4_000)
    )


class BitFlipAfterPairs(cirq.NoiseModel):
    def noisy_operation(self, operation):
        if len(operation.qubits) < 2:
            return operation
        return [operation, cirq.bit_flip(0.2).on_each(*operation.qubits)]


def test_a_noise_model_of_ones_own_runs_and_refuses_to_be_saved():
    circuit = cirq.Circuit(cirq.rx(A)(QUBITS[0]), cirq.CNOT(*QUBITS))
    layer = NoisyControlledPQC(
        circuit,
        cirq.Z(QUBITS[1]),
        repetitions=4_000,
        sample_based=False,
        noise_model=BitFlipAfterPairs(),
        engine="tfq",
    )
    # One flip at p = 0.2 shrinks <Z1> = cos(a) by 1 - 2p.
    np.testing.assert_allclose(
        layer(np.array([[0.5]])), [[0.6 * np.cos(0.5)]], atol=5 / np.sqrt(4_000)
    )
    with pytest.raises(UserError, match=r"BitFlipAfterPairs.*with_noise"):
        layer.get_config()


def test_noise_free_channels_change_nothing():
    circuit = cirq.Circuit(cirq.rx(A)(QUBITS[0]), cirq.CNOT(*QUBITS))
    circuit += cirq.XX(*QUBITS) ** B
    expected = ControlledPQC(circuit, OPERATORS)(VALUES[:, :2])
    layer = NoisyControlledPQC(
        circuit,
        OPERATORS,
        repetitions=4,
        sample_based=False,
        noise_model=cirq.depolarize(0.0),
    )
    np.testing.assert_allclose(layer(VALUES[:, :2]), expected, atol=1e-5)


@pytest.mark.parametrize("engine", ["tfq", "batched"])
def test_samples_are_binomial_and_expectations_are_not(engine):
    circuit = cirq.Circuit(cirq.rx(A)(QUBITS[0]), cirq.bit_flip(0)(QUBITS[0]))
    options = {"repetitions": 100, "engine": engine}
    angles = np.full((400, 1), np.pi / 3, "float32")
    layer = NoisyControlledPQC(
        circuit, cirq.Z(QUBITS[0]), sample_based=True, **options
    )
    values = layer(angles).numpy()
    assert abs(values.mean() - 0.5) < 5 * np.sqrt(0.75 / 100 / 400)
    assert 0.5 < values.var() / (0.75 / 100) < 1.5
    layer = NoisyControlledPQC(
        circuit, cirq.Z(QUBITS[0]), sample_based=False, **options
    )
    np.testing.assert_allclose(layer(angles), 0.5, atol=1e-5)


def test_seeds_do_not_reach_the_trajectories():
    """As the documentation says; true as long as TensorFlow Quantum's is."""
    layer = NoisyControlledPQC(
        CIRCUIT, OPERATORS, repetitions=50, sample_based=True, engine="tfq"
    )
    values = np.repeat(VALUES, 20, axis=0)
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        results.append(layer(values).numpy())
    assert np.any(results[0] != results[1])


@pytest.mark.long
@pytest.mark.parametrize("sample_based", [False, True])
def test_saved_between_other_layers(sample_based, tmp_path):
    circuit = cirq.Circuit(
        cirq.rx(A)(QUBITS[0]), cirq.ry(B)(QUBITS[0]), cirq.CNOT(*QUBITS)
    )
    noisy = NoisyControlledPQC(
        circuit,
        OPERATORS,
        repetitions=REPETITIONS,
        sample_based=sample_based,
        differentiator=tfq.differentiators.ForwardDifference(1, 0.5),
        trained_symbols=["b"],
        noise_model=cirq.amplitude_damp(0.2),
    )
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1), noisy])
    model.compile("sgd", "mse")
    model.fit(np.ones((2, 3)), np.ones((2, 2)), verbose=0)
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    layer = restored.layers[-1]
    assert layer.get_config() == noisy.get_config()
    assert layer.noise_model == noisy.noise_model
    np.testing.assert_array_equal(
        layer.get_weights()[0], noisy.get_weights()[0]
    )
    inputs = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    angles = model.layers[0](inputs).numpy()[:, 0]
    (weight,) = noisy.get_weights()[0]
    damped = circuit.with_noise(noisy.noise_model)
    expected = [
        density_matrix_expectations(damped, OPERATORS, {"a": a, "b": weight})
        for a in angles
    ]
    for each in (model, restored):
        np.testing.assert_allclose(each(inputs), expected, atol=FIVE_SIGMA)


@pytest.mark.long
def test_noisy_pqc_in_a_model_of_circuits(tmp_path):
    circuit = cirq.Circuit(cirq.X(QUBITS[0]) ** A)
    model = keras.Sequential(
        [
            keras.Input((), dtype="string"),
            NoisyPQC(
                circuit,
                cirq.Z(QUBITS[0]),
                repetitions=200,
                sample_based=False,
                initializer=keras.initializers.Constant(0.6),
                noise_model=cirq.depolarize(0.05),
            ),
        ]
    )
    data = tfq.convert_to_tensor(
        [cirq.Circuit(), cirq.Circuit(cirq.X(QUBITS[0]))]
    )
    model.compile(keras.optimizers.Adam(0.1), "mse")
    targets = np.array([[1.0], [-1.0]])
    losses = model.fit(data, targets, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < 0.2 < losses[0]
    model.save(tmp_path / "model.keras")
    restored = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        restored.layers[-1].get_weights()[0], model.layers[-1].get_weights()[0]
    )
    difference = np.abs(model(data) - restored(data)).max()
    assert difference < 5 * np.sqrt(2 / 200)


class TestContract(KerasContract):
    def test_layer(self):
        self.run_layer_test(
            NoisyControlledPQC,
            init_kwargs={
                "model_circuit": CIRCUIT,
                "operators": OPERATORS,
                "repetitions": 4,
                "sample_based": False,
                "trained_symbols": ["b"],
            },
            input_shape=(3, 2),
            expected_output_shape=(3, 2),
            expected_num_trainable_weights=1,
            expected_num_non_trainable_weights=0,
            custom_objects={"NoisyControlledPQC": NoisyControlledPQC},
        )


def test_any_dtype_policy():
    for policy in ("float64", "mixed_bfloat16", "float16"):
        layer = NoisyControlledPQC(
            cirq.Circuit(cirq.rx(A)(QUBITS[0])),
            cirq.Z(QUBITS[0]),
            repetitions=2,
            sample_based=False,
            dtype=policy,
        )
        values = layer(keras.ops.convert_to_tensor([[np.pi / 3]], layer.dtype))
        assert values.dtype == layer.compute_dtype
        assert float(values[0, 0]) == pytest.approx(0.5, abs=1e-2)
