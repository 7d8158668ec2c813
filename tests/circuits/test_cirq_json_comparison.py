"""Whatever would be read as another value is not written."""

import cirq
import numpy as np
import pytest
import sympy

from tests.circuits import zoo
from tests.circuits.zoo import INNER, A, B, C, W, X
from tfq_hybrid.circuits.cirq_json import read_cirq, write_cirq
from tfq_hybrid.circuits.cirq_json.comparison import find_change
from tfq_hybrid.errors import UserError

ionq = zoo.cirq_ionq
KEY = cirq.MeasurementKey("k")


def sub(circuit=INNER, **fields):
    return cirq.CircuitOperation(circuit, use_repetition_ids=False, **fields)


def noise(channel, **fields):
    return cirq.ConstantQubitNoiseModel(channel, **fields)


def insertion(channel):
    key = cirq.OpIdentifier(cirq.XPowGate, A)
    return cirq.devices.InsertionNoiseModel({key: channel(A)})


OTHERS = [
    (cirq.X(A).with_tags("a"), cirq.X(A).with_tags("b")),
    (ionq.MSGate(phi0=0.1, phi1=0), ionq.MSGate(phi0=0.1, phi1=0, theta=0.1)),
    (ionq.ZZGate(theta=0.1), ionq.ZZGate(theta=0.2)),
    # Other angles, symbols, assumptions.
    (cirq.rx(X), cirq.rx(W)),
    (cirq.rx(X), cirq.rx(2 * X)),
    (cirq.rx(X), cirq.rx(sympy.Symbol("x", positive=True))),
    (cirq.rx(0.1), cirq.X ** (0.1 / np.pi)),
    (cirq.Z**X, cirq.ZPowGate(exponent=X, global_shift=0.5)),
    (
        cirq.PhasedXZGate.from_matrix(np.eye(2)),
        cirq.PhasedXZGate(x_exponent=0.1, z_exponent=0, axis_phase_exponent=0),
    ),
    (cirq.GlobalPhaseGate(1j), cirq.GlobalPhaseGate(-1j)),
    (cirq.GlobalPhaseGate(X), cirq.GlobalPhaseGate(W)),
    (cirq.MatrixGate(np.eye(2)), cirq.MatrixGate(1j * np.eye(2))),
    (cirq.XPowGate(dimension=3), cirq.XPowGate(dimension=4)),
    (cirq.ParallelGate(cirq.X, 2), cirq.ParallelGate(cirq.X, 3)),
    # Control values, also where the gate is too large for a matrix.
    (
        cirq.X(C).controlled_by(A),
        cirq.X(C).controlled_by(A, control_values=[0]),
    ),
    (cirq.ControlledGate(cirq.rx(X), 8), cirq.ControlledGate(cirq.rx(W), 8)),
    (
        cirq.ControlledGate(ionq.GPIGate(phi=0.1), 8),
        cirq.ControlledGate(ionq.GPIGate(phi=0.2), 8),
    ),
    (cirq.CZ(A, B), cirq.CZ(B, A)),
    # Channels and noise.
    (cirq.depolarize(0.1), cirq.depolarize(0.2)),
    (cirq.bit_flip(0.1), cirq.phase_flip(0.1)),
    (
        cirq.KrausChannel([np.eye(2)]),
        cirq.KrausChannel([np.diag([1, 0.6]), np.array([[0, 0.8], [0, 0]])]),
    ),
    (noise(cirq.bit_flip(0.1)), noise(cirq.bit_flip(0.2))),
    (noise(cirq.bit_flip(0.1)), noise(cirq.bit_flip(0.1), prepend=True)),
    (insertion(cirq.bit_flip(0.1)), insertion(cirq.bit_flip(0.2))),
    # Conditions, sub-circuits, moments, tags.
    (cirq.X(A).with_classical_controls("k"), cirq.X(A)),
    (
        cirq.ClassicallyControlledOperation(cirq.X(A), [KEY]),
        cirq.ClassicallyControlledOperation(
            cirq.X(A), [cirq.KeyCondition(KEY, 2)]
        ),
    ),
    (sub(repetitions=2), sub(repetitions=3)),
    (sub(), sub(qubit_map={A: B, B: A})),
    (sub(), sub(param_resolver={"x": W})),
    (sub(), sub(cirq.FrozenCircuit(cirq.rx(X)(A), cirq.CNOT(A, B)))),
    (
        cirq.FrozenCircuit(cirq.X(A), tags=["a"]),
        cirq.FrozenCircuit(cirq.X(A), tags=["b"]),
    ),
    (
        cirq.Circuit(cirq.Moment(cirq.X(A), cirq.Y(B))),
        cirq.Circuit(cirq.Moment(cirq.X(A)), cirq.Moment(cirq.Y(B))),
    ),
    (cirq.Circuit(cirq.X(A)), cirq.FrozenCircuit(cirq.X(A))),
    # Operators.
    ([cirq.Z(A) + 2 * cirq.X(B)], [cirq.Z(A) + 3 * cirq.X(B)]),
    ([cirq.PauliString({A: cirq.X})], [cirq.PauliString({A: cirq.Y})]),
    (
        cirq.PauliStringPhasor(cirq.X(A), exponent_neg=X),
        cirq.PauliStringPhasor(cirq.X(A), exponent_neg=W),
    ),
    ([cirq.Z(A)], [cirq.Z(A), cirq.Z(B)]),
]


@pytest.mark.parametrize("value, other", OTHERS)
def test_a_change_is_found(value, other):
    for a, b in ((value, other), (other, value)):
        assert find_change(a, b) is not None
        assert find_change(a, a) is None


def test_the_first_operation_that_changed_is_named():
    circuit = cirq.Circuit(cirq.H(A), cirq.rx(X)(B), cirq.ry(X)(C))
    other = cirq.Circuit(cirq.H(A), cirq.rx(X)(B), cirq.ry(W)(C))
    assert find_change(circuit, other) == cirq.ry(X)(C)


@pytest.mark.parametrize(
    "gate, field",
    [
        (ionq.MSGate(phi0=0.1, phi1=0.2, theta=0.1), "theta"),
        (ionq.ZZGate(theta=0.1), "theta"),
        (
            cirq.PhasedXPowGate(phase_exponent=X, global_shift=0.3),
            "global_shift",
        ),
        (cirq.FSimGate(X, W), "phi"),
        (cirq.amplitude_damp(0.1), "gamma"),
    ],
)
def test_a_field_that_a_writer_leaves_out_is_missed(gate, field, monkeypatch):
    """As writers of Cirq's have left out fields, so that both texts agree."""
    kind, write = type(gate), type(gate)._json_dict_
    circuit = cirq.Circuit(gate(*cirq.LineQid.for_gate(gate)))
    values = [(circuit, "circuit")]
    if cirq.num_qubits(gate) == 1:
        values.append((noise(gate), "noise model"))
    for value in values:
        write_cirq(*value)
    monkeypatch.setattr(kind, "_json_dict_", lambda g: {**write(g), field: 0})
    for value in values:
        with pytest.raises(UserError, match="another value"):
            write_cirq(*value)


def test_a_class_that_goes_by_the_name_of_another_is_not_written():
    """Cirq writes the bare name of a class of a package `cirq…`."""

    class XPowGate(cirq.XPowGate):
        __module__ = "cirq_of_ones_own"

        def _unitary_(self):
            return np.eye(2)

    circuit = cirq.Circuit(XPowGate(exponent=0.3)(A))
    restored = read_cirq(cirq.to_json(circuit), "circuit")
    assert restored == circuit  # by Cirq's own `==`
    with pytest.raises(UserError, match="another value"):
        write_cirq(circuit, "circuit")


def test_a_gate_of_ones_own_is_told_what_to_do():
    class Flip(cirq.Gate):
        def _num_qubits_(self):
            return 1

        def _unitary_(self):
            return np.array([[0, 1], [1, 0]])

    with pytest.raises(UserError, match=r"Flip.*MatrixGate\(cirq.unitary"):
        write_cirq(cirq.Circuit(Flip()(A)), "circuit")
    gate = cirq.MatrixGate(cirq.unitary(Flip()))
    text = write_cirq(cirq.Circuit(gate(A)), "circuit")
    assert read_cirq(text) == cirq.Circuit(gate(A))
    with pytest.raises(UserError) as raised:
        write_cirq(cirq.Circuit(cirq.X(A).with_tags(("a", "b"))), "circuit")
    assert "MatrixGate" not in str(raised.value)
