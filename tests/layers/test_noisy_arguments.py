"""What the noisy layers take, refuse, and run on the batched engine."""

import cirq
import keras
import numpy as np
import pytest
import tensorflow_quantum as tfq

from tests.layers.test_noisy_pqc import CIRCUIT, OPERATORS, QUBITS, VALUES
from tests.reference import density_matrix_expectations
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import NoisyControlledPQC, NoisyPQC

Z = cirq.Z(QUBITS[0])
GIVEN = {"repetitions": 9, "sample_based": False}


@pytest.mark.parametrize("kind", [NoisyPQC, NoisyControlledPQC])
@pytest.mark.parametrize(
    "circuit,operators,options,error,message",
    [
        ("x", Z, {}, TypeError, "cirq.Circuit"),
        (cirq.Circuit(), Z, {}, ValueError, "Symbols"),
        (CIRCUIT, "z", {}, TypeError, "PauliSum"),
        (CIRCUIT, ["z"], {}, TypeError, "PauliSum"),
        (CIRCUIT, Z, {"repetitions": None}, ValueError, "trajectories"),
        (CIRCUIT, Z, {"repetitions": 0}, ValueError, "positive"),
        (CIRCUIT, Z, {"repetitions": "9"}, TypeError, "positive"),
        (CIRCUIT, Z, {"sample_based": None}, ValueError, "sample_based=True"),
        (CIRCUIT, Z, {"sample_based": 1}, TypeError, "sample_based=1"),
        (CIRCUIT, Z, {"differentiator": 3}, TypeError, "Differentiator"),
        (CIRCUIT, Z, {"noise_model": 0.1}, TypeError, "cirq.NoiseModel"),
        (CIRCUIT, Z, {"noise_model": cirq.CZ}, TypeError, "one qubit"),
        (CIRCUIT, Z, {"engine": "x"}, UserError, "engine"),
        (CIRCUIT, Z, {"backend": "noiseless"}, TypeError, "no backend"),
        (CIRCUIT, Z, {"readout_error": 2}, UserError, "probability"),
    ],
)
def test_bad_arguments(kind, circuit, operators, options, error, message):
    with pytest.raises(error, match=message):
        kind(circuit, operators, **{**GIVEN, **options})


def test_adjoint_is_refused_as_by_tfq():
    with pytest.raises(ValueError, match="Adjoint"):
        NoisyPQC(
            CIRCUIT, Z, differentiator=tfq.differentiators.Adjoint(), **GIVEN
        )


@pytest.mark.parametrize(
    "operation,message",
    [
        (cirq.measure(QUBITS[0]), r"without measurements.*in moment 7"),
        (cirq.depolarize(0.1, n_qubits=2)(*QUBITS), r"depolarize.*moment 7"),
        (
            cirq.KrausChannel([np.eye(2)])(QUBITS[0]),
            r"AmplitudeDampingChannel.*KrausChannel",
        ),
        (cirq.CCX(*cirq.GridQubit.rect(1, 3)), "TensorFlow Quantum knows"),
    ],
    ids=["measurement", "two qubits", "Kraus", "gate"],
)
def test_what_tfq_cannot_run_is_refused_early(operation, message):
    circuit = CIRCUIT + cirq.Circuit(operation)
    with pytest.raises(UserError, match=message):
        NoisyControlledPQC(circuit, Z, engine="tfq", **GIVEN)


def test_engine_choice_tells_what_runs():
    layer = NoisyControlledPQC(CIRCUIT, Z, **GIVEN)
    assert str(layer.engine_choice) == "batched (density matrices of 2 qubits)"
    assert NoisyPQC(CIRCUIT, Z, **GIVEN).engine_choice.name == "batched"


def test_density_matrices_are_exact():
    layer = NoisyControlledPQC(CIRCUIT, OPERATORS, **GIVEN)
    for row, result in zip(VALUES, layer(VALUES).numpy(), strict=True):
        expected = density_matrix_expectations(
            CIRCUIT, OPERATORS, dict(zip("abc", row.tolist(), strict=True))
        )
        np.testing.assert_allclose(result, expected, atol=1e-6)


def test_shots_of_density_matrices_are_seeded():
    options = {**GIVEN, "repetitions": 100, "sample_based": True}
    results = [
        NoisyControlledPQC(CIRCUIT, OPERATORS, seed=seed, **options)(VALUES)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(results[0], results[1])
    assert np.any(results[0] != results[2])
    exact = NoisyControlledPQC(CIRCUIT, OPERATORS, **GIVEN)(VALUES)
    assert np.max(np.abs(results[0] - exact)) < 5 / np.sqrt(100)


def test_readout_error_is_saved(tmp_path):
    layer = NoisyControlledPQC(
        CIRCUIT, OPERATORS, readout_error=(0.1, 0.2), **GIVEN
    )
    model = keras.Sequential([keras.Input((3,)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(VALUES), model(VALUES))
    exact = NoisyControlledPQC(CIRCUIT, OPERATORS, **GIVEN)(VALUES).numpy()
    expected = 0.7 * exact[:, 0] + 0.1  # of Z alone
    np.testing.assert_allclose(model(VALUES)[:, 0], expected, atol=1e-6)
    with pytest.raises(UserError, match="with the batched engine only"):
        NoisyControlledPQC(
            CIRCUIT, OPERATORS, readout_error=0.1, engine="tfq", **GIVEN
        )
