"""Mirrored circuits, and the weights that circuits start from."""

import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.circuits.initialization import (
    draw_weights,
    small_angle_deviation,
)
from tfq_hybrid.errors import UserError

MIRRORED = {
    "one layer": {"ansatz": ("ry", "cnot", "rx"), "depth": 2, "mirror": 1},
    "a turning entangler, two blocks": {
        "ansatz": ("rz", "cz", "cnot_ry"),
        "first_layer": ("rx", "cnot", "ry"),
        "entanglement": "alternating",
        "depth": 8,
        "mirror": 2,
    },
    "re-uploads": {
        "ansatz": ("rx", "cnot_ry"),
        "depth": 4,
        "mirror": 2,
        "reuploads": 1,
    },
    "shared weights": {
        "ansatz": ("rx", "cnot_ry"),
        "depth": 4,
        "mirror": 1,
        "reuploads": 1,
        "share_weights": True,
    },
}


@pytest.mark.parametrize("name", MIRRORED)
def test_identity_blocks_start_as_the_identity(name):
    spec = CircuitSpec(
        qubits=3, initialization="identity_blocks", **MIRRORED[name]
    )
    [weights] = draw_weights(spec, 1, np.random.default_rng(0))
    values = dict(zip(spec.weights, weights, strict=True))
    values.update(dict.fromkeys(spec.features, 0.0))
    unitary = cirq.unitary(cirq.resolve_parameters(spec.circuit, values))
    np.testing.assert_allclose(unitary, np.eye(8), atol=1e-12)
    assert np.ptp(np.abs(weights)) > 1  # drawn, not zero


def test_mirrored_gates_are_the_inverses_with_weights_of_their_own():
    spec = CircuitSpec(qubits=2, ansatz=("cnot", "rz", "rx"), depth=2, mirror=1)
    a, b = spec.qids
    w = map(sympy.Symbol, spec.weights)
    assert spec.weight_count == 8
    assert list(spec.circuit.all_operations())[2:] == [
        cirq.CNOT(a, b),
        cirq.rz(next(w))(a),
        cirq.rz(next(w))(b),
        cirq.rx(next(w))(a),
        cirq.rx(next(w))(b),
        cirq.rx(next(w))(b),
        cirq.rx(next(w))(a),
        cirq.rz(next(w))(b),
        cirq.rz(next(w))(a),
        cirq.CNOT(a, b),
    ]


def test_small_angles_have_the_deviation_of_the_formula():
    spec = CircuitSpec(
        depth=7, observables=("Z0", "X0*X1"), initialization="small_angles"
    )
    assert small_angle_deviation(spec) == pytest.approx(1 / np.sqrt(4 * 2 * 9))
    drawn = draw_weights(spec, 500, np.random.default_rng(0))
    assert drawn.shape == (500, spec.weight_count)
    assert np.std(drawn) == pytest.approx(small_angle_deviation(spec), rel=0.02)
    assert abs(np.mean(drawn)) < 0.005


def test_uniform_weights_cover_a_period():
    drawn = draw_weights(CircuitSpec(), 1000, np.random.default_rng(0))
    assert 0 <= np.min(drawn) < 0.01
    assert 2 * np.pi - 0.01 < np.max(drawn) < 2 * np.pi


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 3, "mirror": 1, "ansatz": ("rx",)}, "twice the mirror"),
        ({"depth": 2, "mirror": 1}, "inverses cancel. Received: a layer ry,rz"),
        ({"initialization": "identity_blocks"}, "mirror of at least 1"),
        ({"initialization": "small"}, "small_angles"),
        ({"mirror": -1}, "mirror"),
    ],
)
def test_what_cannot_start_so_is_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        CircuitSpec(**arguments)
