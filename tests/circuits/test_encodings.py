"""Encodings against the states that their formulas give."""

import itertools

import cirq
import numpy as np
import pytest

from tfq_hybrid.circuits import ENCODINGS, CircuitSpec
from tfq_hybrid.errors import UserError


def encoded_state(encoding, angles, qubits):
    """The state after the encoding alone, by Cirq."""
    qids = cirq.LineQubit.range(qubits)
    operations = ENCODINGS[encoding].operations(qids, list(angles))
    return cirq.final_state_vector(
        cirq.Circuit(operations),
        qubit_order=qids,
        dtype=np.complex128,
    )


def product(vectors):
    state = np.ones(1)
    for vector in vectors:
        state = np.kron(state, vector)
    return state


def angle(x):
    return product([[np.cos(a / 2), np.sin(a / 2)] for a in x])


def hadamard_ry(x):
    # RY(x) RY(pi/2) |0>, as H |0> = RY(pi/2) |0>.
    return angle(np.add(x, np.pi / 2))


def hadamard_angle(x):
    ry, rz = np.split(np.asarray(x), 2)
    halves = zip(ry + np.pi / 2, rz, strict=True)
    return product(
        [
            [
                np.exp(-0.5j * b) * np.cos(a / 2),
                np.exp(0.5j * b) * np.sin(a / 2),
            ]
            for a, b in halves
        ]
    )


def iqp(x):
    amplitudes = []
    for z in itertools.product([1, -1], repeat=len(x)):
        terms = np.multiply(x, z)
        pairs = itertools.combinations(terms, 2)
        phase = terms.sum() + sum(a * b for a, b in pairs)
        amplitudes.append(np.exp(-0.5j * phase))
    return np.array(amplitudes) / 2 ** (len(x) / 2)


FORMULAS = {
    "angle": angle,
    "hadamard_ry": hadamard_ry,
    "hadamard_angle": hadamard_angle,
    "iqp": iqp,
}


@pytest.mark.parametrize("qubits", [1, 2, 4])
@pytest.mark.parametrize("encoding", sorted(FORMULAS))
def test_state_is_the_formula(encoding, qubits):
    spec = CircuitSpec(qubits=qubits, encoding=encoding, scaling="identity")
    features = np.random.default_rng(0).normal(size=spec.feature_count)
    state = encoded_state(encoding, spec.angles(features), qubits)
    np.testing.assert_allclose(state, FORMULAS[encoding](features), atol=1e-12)


def test_every_encoding_of_angles_has_its_formula():
    angles = {
        name
        for name, row in ENCODINGS.items()
        if not row.starts_from_amplitudes
    }
    assert angles == set(FORMULAS)


@pytest.mark.parametrize("encoding", sorted(FORMULAS))
@pytest.mark.parametrize("qubits", [1, 3])
def test_angles_in_numpy_and_in_tensors(encoding, qubits):
    import keras

    spec = CircuitSpec(qubits=qubits, encoding=encoding)
    shape = (2, 3, spec.feature_count)
    features = np.random.default_rng(0).normal(size=shape)
    angles = spec.angles(features)
    assert angles.shape == (2, 3, len(spec.features))
    tensors = spec.angles(keras.ops.array(features), keras.ops)
    np.testing.assert_allclose(tensors, angles, rtol=1e-5)


def test_iqp_products_are_of_scaled_features():
    spec = CircuitSpec(qubits=2, encoding="iqp", scaling="arctan")
    single = np.arctan([0.5, -2.0])
    np.testing.assert_allclose(
        spec.angles(np.array([0.5, -2.0])), [*single, single.prod()]
    )


def test_amplitudes_are_no_angles():
    spec = CircuitSpec(qubits=3, encoding="amplitude")
    assert spec.scaling == "identity"
    assert spec.features == ()
    assert spec.feature_count == 8
    assert spec.starts_from_amplitudes
    assert not CircuitSpec(qubits=3).starts_from_amplitudes
    with pytest.raises(UserError, match="encoding='amplitude'"):
        spec.angles(np.ones(8))


def test_untouched_qubits_stay_in_the_register():
    spec = CircuitSpec(
        qubits=3,
        encoding="amplitude",
        ansatz=("cnot_ry",),
        entanglement="pairwise",
    )
    assert spec.circuit.all_qubits() == set(spec.qids)
