"""The gates and channels that a file may name, and their fields."""

import math
from typing import Any

import cirq
import numpy as np
from cirq.circuits.qasm_output import QasmUGate
from cirq.ops.raw_types import _InverseCompositeGate

from tfq_hybrid.circuits.cirq_json.kinds import (
    coefficient,
    count,
    dimension,
    flag,
    integer,
    item,
    items,
    matrix,
    optional,
    pair,
    parameter,
    pauli_errors,
    real,
    real_matrix,
    shape,
    text,
    vector,
)
from tfq_hybrid.circuits.cirq_json.limits import (
    LARGEST_CHANNEL,
    LARGEST_CONTROL_VALUES,
    LARGEST_CONTROLS,
    LARGEST_INTEGER,
    LARGEST_REGISTER,
    LARGEST_SYMBOLIC_CONTROLS,
    RefusedError,
    check_size,
)
from tfq_hybrid.circuits.cirq_json.row import Row, row, vendor


def _gate(build, optional="", check=None, **fields):
    return row("gate", build, optional, check, **fields)


def _power(build, optional="", **fields):
    """A gate to a power."""
    power = {"exponent": parameter, "global_shift": parameter}
    return _gate(build, optional, **power, **fields)


def _pauli(gate: cirq.Gate) -> Row:
    def build(exponent, global_shift):
        if exponent != 1 or global_shift != 0:
            raise RefusedError("a Pauli gate to another power than 1")
        return gate

    fields = {"exponent": real, "global_shift": real}
    return row("gate, Pauli gate", build, **fields)


def check_controls(controls: int, values: Any, target: Any) -> None:
    """Raises `RefusedError` if a gate has too many controls to simulate.

    The controlled target, a gate or an operation, may have more of them.
    """
    gate = getattr(target, "gate", target)
    if isinstance(gate, cirq.ControlledGate):
        controls += gate.num_controls()
    check_size("controls", controls, LARGEST_CONTROLS)
    if isinstance(values, cirq.ProductOfSums):
        combinations = math.prod(len(allowed) for allowed in values)
    else:
        combinations = len(list(values.expand()))
    check_size("control values", combinations, LARGEST_CONTROL_VALUES)
    if cirq.is_parameterized(target):
        what = "controls of a gate with a symbol"
        check_size(what, controls, LARGEST_SYMBOLIC_CONTROLS)


def _check_controlled_gate(fields, reader):
    controls = len(fields["control_qid_shape"])
    check_controls(controls, fields["control_values"], fields["sub_gate"])


def _check_fourier(fields, reader):
    reader.scope.add(fields["num_qubits"] ** 2)  # the gates that it is made of


def _clifford(kind):
    def build(n, rs, xs, zs):
        if (len(rs), xs.shape, zs.shape) != (2 * n, (2 * n, n), (2 * n, n)):
            raise RefusedError(f"a tableau that is not one of {n} qubits")
        tableau = cirq.CliffordTableau(
            n, rs=np.array(rs), xs=xs.astype(bool), zs=zs.astype(bool)
        )
        return kind.from_clifford_tableau(tableau)

    bits = items(items(flag, 1, LARGEST_REGISTER), 1, LARGEST_REGISTER)

    def table(value, reader):
        return np.array(bits(value, reader))

    signs = items(flag, 2, LARGEST_REGISTER)
    return _gate(build, n=count, rs=signs, xs=table, zs=table)


def _kraus(_kraus_ops, _key):
    return cirq.KrausChannel(kraus_ops=list(_kraus_ops), key=_key)


def _mixture(_mixture, _key):
    return cirq.MixedUnitaryChannel(mixture=list(_mixture), key=_key)


def _measurement(key, confusion_map=(), **fields):
    return cirq.MeasurementGate(
        key=cirq.MeasurementKey.parse_serialized(key),
        confusion_map=dict(confusion_map),
        **fields,
    )


def _pauli_measurement(observable, key):
    key = cirq.MeasurementKey.parse_serialized(key)
    return cirq.PauliMeasurementGate(observable, key=key)


def _diagonal(build):
    angles = items(parameter, 1, 2**10)
    return _gate(build, diag_angles_radians=angles)


_PAULI, _SUB_GATE = item("Pauli gate"), item("gate")
_DENSE, _KEY = item("dense Pauli string"), optional(item("measurement key"))
_PROBABILITY, _DAMPING, _RADIANS = {"p": real}, {"gamma": real}, parameter
_PHASED = {"phase_exponent": parameter}
_FSIM = {"theta": parameter, "phi": parameter}
_CONFUSION = items(pair(items(integer(0)), real_matrix))

GATES = {
    "_PauliX": _pauli(cirq.X),
    "_PauliY": _pauli(cirq.Y),
    "_PauliZ": _pauli(cirq.Z),
    "XPowGate": _power(cirq.XPowGate, "dimension", dimension=dimension),
    "YPowGate": _power(cirq.YPowGate),
    "ZPowGate": _power(cirq.ZPowGate, "dimension", dimension=dimension),
    "Rx": _gate(cirq.Rx, rads=_RADIANS),
    "Ry": _gate(cirq.Ry, rads=_RADIANS),
    "Rz": _gate(cirq.Rz, rads=_RADIANS),
    "HPowGate": _power(cirq.HPowGate),
    "CNotPowGate": _power(cirq.CXPowGate),
    "CXPowGate": _power(cirq.CXPowGate),
    "CZPowGate": _power(cirq.CZPowGate),
    "SwapPowGate": _power(cirq.SwapPowGate),
    "ISwapPowGate": _power(cirq.ISwapPowGate),
    "XXPowGate": _power(cirq.XXPowGate),
    "YYPowGate": _power(cirq.YYPowGate),
    "ZZPowGate": _power(cirq.ZZPowGate),
    "cirq.MSGate": _gate(cirq.MSGate, rads=real),
    "CCNotPowGate": _power(cirq.CCXPowGate),
    "CCXPowGate": _power(cirq.CCXPowGate),
    "CCZPowGate": _power(cirq.CCZPowGate),
    "CSwapGate": _gate(cirq.CSwapGate),
    "PhasedXPowGate": _power(cirq.PhasedXPowGate, **_PHASED),
    "PhasedISwapPowGate": _power(cirq.PhasedISwapPowGate, **_PHASED),
    "PhasedXZGate": _gate(
        cirq.PhasedXZGate,
        axis_phase_exponent=parameter,
        x_exponent=parameter,
        z_exponent=parameter,
    ),
    "FSimGate": _gate(cirq.FSimGate, **_FSIM),
    "PhasedFSimGate": _gate(
        cirq.PhasedFSimGate,
        zeta=parameter,
        chi=parameter,
        gamma=parameter,
        **_FSIM,
    ),
    "QasmUGate": _gate(QasmUGate, theta=real, phi=real, lmda=real),
    "PauliInteractionGate": _gate(
        cirq.PauliInteractionGate,
        "exponent",  # not in what Cirq's own writer writes
        pauli0=_PAULI,
        invert0=flag,
        pauli1=_PAULI,
        invert1=flag,
        exponent=parameter,
    ),
    "GlobalPhaseGate": _gate(cirq.GlobalPhaseGate, coefficient=coefficient),
    "IdentityGate": _gate(
        cirq.IdentityGate, "qid_shape", num_qubits=count, qid_shape=shape
    ),
    "WaitGate": _gate(
        cirq.WaitGate,
        "num_qubits qid_shape",
        duration=item("duration"),
        num_qubits=count,
        qid_shape=shape,
    ),
    "MatrixGate": _gate(
        cirq.MatrixGate, "name", matrix=matrix, qid_shape=shape, name=text
    ),
    "DiagonalGate": _diagonal(cirq.DiagonalGate),
    "TwoQubitDiagonalGate": _diagonal(cirq.TwoQubitDiagonalGate),
    "ThreeQubitDiagonalGate": _diagonal(cirq.ThreeQubitDiagonalGate),
    "QuantumFourierTransformGate": _gate(
        cirq.QuantumFourierTransformGate,
        check=_check_fourier,
        num_qubits=count,
        without_reverse=flag,
    ),
    "PhaseGradientGate": _gate(
        cirq.PhaseGradientGate, num_qubits=count, exponent=parameter
    ),
    "QubitPermutationGate": _gate(
        cirq.QubitPermutationGate,
        permutation=items(integer(0, LARGEST_REGISTER), 1, LARGEST_REGISTER),
    ),
    "UniformSuperpositionGate": _gate(
        cirq.UniformSuperpositionGate,
        m_value=integer(1, LARGEST_INTEGER),
        num_qubits=count,
    ),
    "CliffordGate": _clifford(cirq.CliffordGate),
    "SingleQubitCliffordGate": _clifford(cirq.SingleQubitCliffordGate),
    "DensePauliString": row(
        "gate, dense Pauli string",
        cirq.DensePauliString,
        pauli_mask=items(integer(0, 3), 0, LARGEST_REGISTER),
        coefficient=coefficient,
    ),
    "PauliStringPhasorGate": _gate(
        cirq.PauliStringPhasorGate,
        dense_pauli_string=_DENSE,
        exponent_neg=parameter,
        exponent_pos=parameter,
    ),
    "ControlledGate": _gate(
        cirq.ControlledGate,
        check=_check_controlled_gate,
        control_values=item("control values"),
        control_qid_shape=items(dimension, 1, LARGEST_CONTROLS),
        sub_gate=_SUB_GATE,
    ),
    "ParallelGate": _gate(
        cirq.ParallelGate, sub_gate=_SUB_GATE, num_copies=count
    ),
    "_InverseCompositeGate": _gate(_InverseCompositeGate, original=_SUB_GATE),
    # Channels
    "BitFlipChannel": _gate(cirq.BitFlipChannel, **_PROBABILITY),
    "PhaseFlipChannel": _gate(cirq.PhaseFlipChannel, **_PROBABILITY),
    "DepolarizingChannel": _gate(
        cirq.DepolarizingChannel,
        "n_qubits",
        lambda fields, reader: reader.spend(4 ** fields.get("n_qubits", 1)),
        n_qubits=integer(1, LARGEST_CHANNEL),
        **_PROBABILITY,
    ),
    "AsymmetricDepolarizingChannel": _gate(
        cirq.AsymmetricDepolarizingChannel, error_probabilities=pauli_errors
    ),
    "AmplitudeDampingChannel": _gate(cirq.AmplitudeDampingChannel, **_DAMPING),
    "PhaseDampingChannel": _gate(cirq.PhaseDampingChannel, **_DAMPING),
    "GeneralizedAmplitudeDampingChannel": _gate(
        cirq.GeneralizedAmplitudeDampingChannel, **_PROBABILITY, **_DAMPING
    ),
    "ResetChannel": _gate(cirq.ResetChannel, dimension=dimension),
    "RandomGateChannel": _gate(
        cirq.RandomGateChannel, sub_gate=_SUB_GATE, probability=parameter
    ),
    "KrausChannel": _gate(_kraus, _kraus_ops=items(matrix, 1), _key=_KEY),
    "MixedUnitaryChannel": _gate(
        _mixture, _mixture=items(pair(real, matrix), 1), _key=_KEY
    ),
    "StatePreparationChannel": _gate(
        cirq.StatePreparationChannel, target_state=vector, name=text
    ),
    "MeasurementGate": _gate(
        _measurement,
        "qid_shape confusion_map",
        num_qubits=count,
        key=text,
        invert_mask=items(flag, 0, LARGEST_REGISTER),
        qid_shape=shape,
        confusion_map=_CONFUSION,
    ),
    "PauliMeasurementGate": _gate(
        _pauli_measurement, observable=_DENSE, key=text
    ),
    # Of vendors
    "SycamoreGate": _gate(vendor("cirq_google", "SycamoreGate")),
    "GPIGate": _gate(vendor("cirq_ionq", "GPIGate"), phi=real),
    "GPI2Gate": _gate(vendor("cirq_ionq", "GPI2Gate"), phi=real),
    "MSGate": _gate(
        vendor("cirq_ionq", "MSGate"), phi0=real, phi1=real, theta=real
    ),
    "ZZGate": _gate(vendor("cirq_ionq", "ZZGate"), theta=real),
}
