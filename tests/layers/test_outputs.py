"""Outputs beyond Pauli sums, beside Cirq's and NumPy's own numbers."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import (
    CustomCircuit,
    Probabilities,
    Variance,
    hermitian,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import ControlledPQC, NoisyControlledPQC, QuantumDense

A, B, C = QUBITS = cirq.LineQubit.range(3)
BELL = cirq.Circuit(cirq.H(A), cirq.CNOT(A, B))


def circuit():
    x, y, w = sympy.symbols("x y w")
    return cirq.Circuit(
        cirq.rx(x)(A),
        cirq.ry(y)(B),
        cirq.CNOT(A, C),
        cirq.rz(w)(C),
        cirq.ISWAP(B, C) ** 0.5,
        cirq.ry(x)(B),
    )


INPUTS = np.random.default_rng(0).normal(size=(4, 3))


def states(rows=INPUTS):
    """Of the inputs in the order of the names: w, x, y."""
    simulator = cirq.Simulator(dtype=np.complex128)
    return np.array(
        [
            simulator.simulate(
                circuit(),
                dict(zip("wxy", row, strict=True)),
                qubit_order=QUBITS,
            ).final_state_vector
            for row in rows.tolist()
        ]
    )


def random_matrix(size, seed=0):
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return matrix + matrix.conj().T


MATRIX = random_matrix(8)
SUM = 0.5 * cirq.Z(A) * cirq.X(B) - 1.5 * cirq.Y(C) + 0.25


def probabilities(found, qubits):
    """By NumPy: the axes of other qubits are summed out."""
    tensor = np.abs(found.reshape(-1, 2, 2, 2)) ** 2
    places = [QUBITS.index(q) for q in qubits]
    rest = tuple(1 + q for q in range(3) if q not in places)
    left = np.sort(places)
    tensor = tensor.sum(axis=rest)
    order = [0, *(1 + np.searchsorted(left, places))]
    return tensor.transpose(order).reshape(len(found), -1)


def mean(found, matrix):
    return np.einsum("bi,ij,bj->b", found.conj(), matrix, found).real[:, None]


def variance(found):
    matrix = SUM.matrix(QUBITS)
    return mean(found, matrix @ matrix) - mean(found, matrix) ** 2


CASES = {
    "all": (Probabilities(QUBITS), lambda s: probabilities(s, QUBITS)),
    "some, turned": (
        Probabilities([C, A]),
        lambda s: probabilities(s, [C, A]),
    ),
    "variance": (Variance(SUM), variance),
    "matrix": (hermitian(MATRIX, QUBITS), lambda s: mean(s, MATRIX)),
    "projector": (
        cirq.ProjectorString({A: 1, C: 0}, 3.0),
        lambda s: 3 * probabilities(s, [A, C])[:, 2:3],
    ),
    "projectors": (
        cirq.ProjectorSum.from_projector_strings(
            [cirq.ProjectorString({A: 1}), cirq.ProjectorString({B: 0}, 2.0)]
        ),
        lambda s: (
            probabilities(s, [A])[:, 1:] + 2 * probabilities(s, [B])[:, :1]
        ),
    ),
}


@pytest.mark.parametrize("engine", ["batched", "tfq"])
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients(case, engine):
    output, expected = CASES[case]
    layer = ControlledPQC(circuit(), output, engine=engine)
    inputs = tf.constant(INPUTS, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        values = layer(inputs)
        loss = tf.reduce_sum(values[:, 0])
    np.testing.assert_allclose(values, expected(states()), atol=2e-5)
    assert layer.compute_output_shape((4, 3)) == values.shape
    # Central differences of Cirq's states in complex128.
    step, slopes = 1e-5, np.zeros_like(INPUTS)
    for column in range(3):
        shift = np.eye(3)[column] * step
        high, low = (
            expected(states(INPUTS + sign * shift))[:, 0] for sign in (1, -1)
        )
        slopes[:, column] = (high - low) / (2 * step)
    np.testing.assert_allclose(tape.gradient(loss, inputs), slopes, atol=1e-4)


def with_symbol(fixed):
    """A symbol that does nothing on the states that these tests use."""
    return fixed + cirq.Circuit(cirq.Z(C) ** sympy.Symbol("none"))


def ask(layer):
    return layer(np.zeros((1, 1))).numpy()[0]


@pytest.mark.parametrize(
    "state, observable, expected",
    [
        (BELL, cirq.Z(A) + cirq.Z(B), 4.0),  # shots of Z + Z are +2 and -2
        (cirq.Circuit(cirq.H(A)), 2.0 * cirq.Z(A), 4.0),
        (cirq.Circuit(cirq.I(A)), 3.0 * cirq.Z(A) + 5.0, 0.0),
        (BELL, cirq.ProjectorString({A: 1}), 0.25),
    ],
)
def test_known_variances(state, observable, expected):
    layer = ControlledPQC(with_symbol(state), Variance(observable))
    np.testing.assert_allclose(ask(layer), [expected], atol=1e-6)


def test_several_outputs_in_their_order():
    outputs = [cirq.Z(A), Probabilities([B, A]), Variance(cirq.Z(A)), cirq.X(C)]
    layer = ControlledPQC(with_symbol(BELL), outputs)
    expected = [0, 0.5, 0, 0, 0.5, 1, 0]
    np.testing.assert_allclose(ask(layer), expected, atol=1e-6)


def test_probabilities_of_shots_are_relative_frequencies():
    layer = ControlledPQC(
        with_symbol(BELL), Probabilities([A, B]), repetitions=100, seed=0
    )
    found = ask(layer)
    np.testing.assert_allclose(found * 100, np.round(found * 100), atol=1e-4)
    np.testing.assert_allclose(found[1:3], 0, atol=1e-6)
    assert found.sum() == pytest.approx(1)


def test_probabilities_on_a_back_end():
    layer = ControlledPQC(
        with_symbol(BELL),
        Probabilities([A, B]),
        backend=cirq.Simulator(seed=0),
        repetitions=200,
    )
    found = ask(layer)
    np.testing.assert_allclose(found[1:3], 0, atol=1e-6)
    assert 0.3 < found[0] < 0.7


def test_probabilities_under_noise():
    noisy = with_symbol(BELL).with_noise(cirq.bit_flip(0.1))
    layer = NoisyControlledPQC(
        noisy, Probabilities([A, B]), repetitions=10, sample_based=False
    )
    resolved = cirq.resolve_parameters(noisy, {"none": 0.0})
    matrix = cirq.DensityMatrixSimulator().simulate(resolved)
    diagonal = np.diag(matrix.final_density_matrix).real
    expected = diagonal.reshape(4, 2).sum(axis=1)
    np.testing.assert_allclose(ask(layer), expected, atol=1e-5)


def test_a_model_saves_and_loads(tmp_path):
    outputs = [Probabilities([C, A]), Variance(SUM), cirq.Z(B)]
    custom = CustomCircuit(circuit(), outputs, ("x", "y"), ("w",))
    model = keras.Sequential([keras.Input((3,)), QuantumDense(2, custom)])
    inputs = INPUTS.astype("float32")
    assert custom.observable_count == 6
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(inputs), model(inputs), atol=1e-6)
    assert CustomCircuit.from_dict(custom.to_dict()) == custom
    layer = ControlledPQC(circuit(), outputs)
    config = layer.get_config()
    np.testing.assert_allclose(
        ControlledPQC.from_config(config)(inputs), layer(inputs), atol=1e-6
    )
    config["operators"] = [{"output": "mode", "of": "[]"}]
    with pytest.raises(UserError, match="variance"):
        ControlledPQC.from_config(config)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Probabilities([]), "1 to 10 different qubits"),
        (lambda: Probabilities([A, A]), "different"),
        (lambda: Probabilities(cirq.LineQubit.range(11)), "11 qubits"),
        (lambda: Variance("Z0"), "Received: str"),
        (lambda: hermitian([[0, 1], [0, 0]], [A]), "Hermitian"),
        (lambda: hermitian(np.eye(3), [A]), r"shape \(3, 3\)"),
        (
            lambda: Variance(cirq.ProjectorString({A: 1}, 1j)),
            "real coefficients",
        ),
    ],
)
def test_what_is_no_output_is_refused(make, message):
    with pytest.raises(UserError, match=message):
        make()
