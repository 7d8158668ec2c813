"""Cirq's simulators, samplers and virtual machines as `backend`."""

import cirq
import keras
import numpy as np
import pytest
import sympy

from tests.reference import density_matrix_expectations
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC

QUBITS = cirq.GridQubit.rect(1, 2)
A, B = sympy.symbols("a b")
CIRCUIT = cirq.Circuit(
    cirq.rx(A)(QUBITS[0]), cirq.CNOT(*QUBITS), cirq.Y(QUBITS[1]) ** B
)
OPERATORS = [cirq.Z(QUBITS[0]), cirq.X(QUBITS[0]) * cirq.X(QUBITS[1]) - 0.5]
VALUES = np.array([[0.4, 0.3], [1.3, -0.2], [-2.0, 0.9]])
NOISE = cirq.ConstantQubitNoiseModel(cirq.depolarize(0.05))


def expected(circuit=CIRCUIT, operators=OPERATORS):
    return [
        density_matrix_expectations(circuit, operators, {"a": a, "b": b})
        for a, b in VALUES
    ]


@pytest.mark.parametrize(
    "backend,noise",
    [
        (cirq.Simulator(), None),
        (cirq.DensityMatrixSimulator(), None),
        (cirq.DensityMatrixSimulator(noise=NOISE), NOISE),
    ],
    ids=["Simulator", "DensityMatrixSimulator", "noisy"],
)
def test_exact_expectations(backend, noise):
    layer = ControlledPQC(CIRCUIT, OPERATORS, backend=backend)
    reason = f"backend of type {type(backend).__name__}"
    assert str(layer.engine_choice) == f"cirq ({reason})"
    circuit = CIRCUIT.with_noise(noise) if noise else CIRCUIT
    np.testing.assert_allclose(layer(VALUES), expected(circuit), atol=1e-5)


def measured(circuit, operators, values, noise):
    """What a device with noise tends to: (operators,).

    It turns each Pauli string into Z's by a moment of gates of their own,
    which are noisy too, and measures those.
    """
    result = []
    for operator in operators:
        total = 0.0
        for term in cirq.PauliSum.wrap(operator):
            factor = term.coefficient.real
            if term:
                turns = cirq.Moment(cirq.decompose(term.to_z_basis_ops()))
                readout = cirq.Moment(cirq.measure(*sorted(term)))
                whole = cirq.Circuit(*circuit, turns, readout)
                whole = cirq.resolve_parameters(whole, values)
                noisy = whole.with_noise(noise)
                ((end, _),) = noisy.findall_operations(cirq.is_measurement)
                noisy = noisy[:end]  # what follows a readout is not seen
                parity = cirq.PauliString({qid: cirq.Z for qid in term})
                factor *= density_matrix_expectations(noisy, [parity], {})[0]
            total += factor
        result.append(total)
    return result


@pytest.mark.parametrize(
    "backend,noise",
    [
        (cirq.Simulator(seed=1), cirq.NO_NOISE),
        (cirq.DensityMatrixSimulator(seed=1), cirq.NO_NOISE),
        (cirq.DensityMatrixSimulator(noise=NOISE, seed=1), NOISE),
    ],
    ids=["Simulator", "DensityMatrixSimulator", "noisy"],
)
def test_samples(backend, noise):
    layer = ControlledPQC(
        CIRCUIT, OPERATORS, repetitions=4_000, backend=backend
    )
    wanted = [
        measured(CIRCUIT, OPERATORS, {"a": a, "b": b}, noise) for a, b in VALUES
    ]
    np.testing.assert_allclose(layer(VALUES), wanted, atol=5 / np.sqrt(4_000))


@pytest.mark.filterwarnings("ignore:You are using a Python:FutureWarning")
def test_a_virtual_machine_with_its_calibrated_noise():
    import cirq_google

    engine = cirq_google.engine.create_default_noisy_quantum_virtual_machine(
        "rainbow", simulator_class=cirq.DensityMatrixSimulator, seed=1
    )
    sampler = engine.get_sampler("rainbow")
    assert isinstance(sampler, cirq.Sampler)
    device = engine.get_processor("rainbow").get_device()
    one, two = sorted(sorted(device.metadata.nx_graph.edges())[0])
    circuit = cirq.Circuit(
        cirq.PhasedXPowGate(phase_exponent=0.5, exponent=A)(one),
        cirq.X(two) ** B,
        cirq.ISWAP(one, two) ** 0.5,
        cirq.Z(one) ** A,
    )
    operators = [cirq.Z(one), cirq.X(one) * cirq.Y(two)]
    layer = ControlledPQC(
        circuit, operators, repetitions=4_000, backend=sampler
    )
    values = layer(VALUES)
    calibration = cirq_google.engine.load_median_device_calibration("rainbow")
    noise = cirq_google.NoiseModelFromGoogleNoiseProperties(
        cirq_google.noise_properties_from_calibration(calibration)
    )
    wanted = [
        measured(circuit, operators, {"a": a, "b": b}, noise) for a, b in VALUES
    ]
    np.testing.assert_allclose(values, wanted, atol=5 / np.sqrt(4_000))
    ideal = [
        measured(circuit, operators, {"a": a, "b": b}, cirq.NO_NOISE)
        for a, b in VALUES
    ]
    assert np.abs(np.subtract(wanted, ideal)).max() > 0.05
    elsewhere = ControlledPQC(
        cirq.Circuit(cirq.X(cirq.GridQubit(99, 0)) ** A),
        cirq.Z(cirq.GridQubit(99, 0)),
        repetitions=10,
        backend=sampler,
    )
    with pytest.raises(Exception, match="Qubit not on device"):
        elsewhere(VALUES[:, :1])


@pytest.mark.long
@pytest.mark.parametrize("repetitions", [None, 200])
def test_fit_on_a_simulator(repetitions):
    circuit = cirq.Circuit(cirq.rx(A)(QUBITS[0]), cirq.rx(B)(QUBITS[0]))
    model = keras.Sequential(
        [
            keras.Input((1,)),
            ControlledPQC(
                circuit,
                cirq.Z(QUBITS[0]),
                repetitions=repetitions,
                backend=cirq.Simulator(seed=1),
                trained_symbols=["b"],
                initializer=keras.initializers.Constant(1.5),
            ),
        ]
    )
    model.compile(keras.optimizers.SGD(0.5), "mse")
    inputs = np.array([[0.0], [0.2], [-0.2]])
    targets = np.cos(inputs)
    losses = model.fit(inputs, targets, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.2 < losses[0]


def test_pqc_on_a_simulator():
    import tensorflow_quantum as tfq

    layer = PQC(
        CIRCUIT, OPERATORS, backend=cirq.DensityMatrixSimulator(noise=NOISE)
    )
    layer.set_weights([VALUES[1]])
    values = layer(tfq.convert_to_tensor([cirq.Circuit()]))
    noisy = CIRCUIT.with_noise(NOISE)
    np.testing.assert_allclose(values[0], expected(noisy)[1], atol=1e-5)


def test_a_layer_with_a_back_end_is_not_saved_in_silence(tmp_path):
    layer = ControlledPQC(CIRCUIT, OPERATORS, backend=cirq.Simulator())
    model = keras.Sequential([keras.Input((2,)), layer])
    with pytest.raises(UserError, match=r"type Simulator.*save_weights"):
        model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")
