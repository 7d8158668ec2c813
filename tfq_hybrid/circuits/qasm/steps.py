"""Operations as products of few kinds of gates, exact in their phase.

A global phase does not matter until the gate is controlled: then it is a
phase of the control. So every gate is written with its phase, `gphase`, and
whatever controls it controls that too.
"""

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import cirq
import numpy as np
import sympy

from tfq_hybrid.errors import UserError

_WIDEST = 8  # qubits of a gate whose decomposition is compared with it
_DEEPEST = 16  # decompositions within decompositions


class Step(NamedTuple):
    """One gate on one qubit, under any number of controls.

    Attributes:
        kind: `"gphase"`, `"p"` (diag(1, exp(i angle))), `"rx"`, `"ry"`,
            `"rz"`, `"x"` or `"h"`.
        angle: in radians, a number or a SymPy expression.
        qubit: `None` for a global phase.
        controls: all of them at 1.
        is_frame: whether it and its inverse stand around others, so that only
            those need the controls that are added. Defaults to `False`.
    """

    kind: str
    angle: Any
    qubit: cirq.Qid | None
    controls: tuple[cirq.Qid, ...] = ()
    is_frame: bool = False


def steps_of(operation: cirq.Operation, depth: int = _DEEPEST) -> list[Step]:
    """The steps of a unitary operation, in order.

    Raises:
        UserError: it cannot be written.

    Example:

    >>> qubit = cirq.LineQubit(0)
    >>> for step in steps_of(cirq.rx(0.5)(qubit) ** 2):
    ...     print(step.kind, step.angle)
    rx 1.0
    """
    operation = operation.untagged
    gate, qubits = operation.gate, operation.qubits
    if isinstance(operation, cirq.ControlledOperation):
        inner = steps_of(operation.sub_operation, depth)
        return _under(inner, operation.controls, operation.control_values)
    if isinstance(gate, cirq.ControlledGate):
        count = gate.num_controls()
        inner = steps_of(gate.sub_gate(*qubits[count:]), depth)
        return _under(inner, qubits[:count], gate.control_values)
    if isinstance(gate, cirq.GlobalPhaseGate):
        if cirq.is_parameterized(gate):
            raise _refused(operation)
        return [
            Step("gphase", float(np.angle(complex(gate.coefficient))), None)
        ]
    for kind, write in _WRITERS.items():
        if isinstance(gate, kind):
            return write(gate, *qubits)
    if cirq.is_parameterized(operation):
        return _parts(operation, depth)
    if len(qubits) == 1 and cirq.has_unitary(operation):
        return _of_matrix(cirq.unitary(operation), qubits[0])
    if len(qubits) == 2 and cirq.has_unitary(operation):
        return _of_two(operation)
    return _parts(operation, depth)


def angles_of_matrix(matrix: np.ndarray) -> tuple[float, float, float, float]:
    """(alpha, theta, phi, lambda) of exp(i alpha) Rz(phi) Ry(theta) Rz(lambda).

    The matrix is unitary, of shape (2, 2).
    """
    first, theta, last = cirq.deconstruct_single_qubit_matrix_into_angles(
        matrix
    )
    product = (
        cirq.unitary(cirq.rz(last))
        @ cirq.unitary(cirq.ry(theta))
        @ cirq.unitary(cirq.rz(first))
    )
    return _phase(matrix, product), float(theta), float(last), float(first)


def _phase(matrix, product):
    """The angle by which a matrix is ahead of another."""
    return float(np.angle(np.vdot(product, matrix)))


def _of_matrix(matrix, qubit):
    alpha, theta, phi, lam = angles_of_matrix(matrix)
    return [
        Step("gphase", alpha, None),
        Step("rz", lam, qubit),
        Step("ry", theta, qubit),
        Step("rz", phi, qubit),
    ]


def _of_two(operation):
    """By the KAK decomposition: local, exp(i (x XX + y YY + z ZZ)), local."""
    a, b = operation.qubits
    kak = cirq.kak_decomposition(cirq.unitary(operation))
    before, after = (
        [
            step
            for matrix, qubit in zip(matrices, (a, b), strict=True)
            for step in _of_matrix(matrix, qubit)
        ]
        for matrices in (
            kak.single_qubit_operations_before,
            kak.single_qubit_operations_after,
        )
    )
    x, y, z = kak.interaction_coefficients
    middle = [
        *_turn_of_two("x", -2 * x, a, b),
        *_turn_of_two("y", -2 * y, a, b),
        *_turn_of_two("z", -2 * z, a, b),
    ]
    alpha = float(np.angle(kak.global_phase))
    return [Step("gphase", alpha, None), *before, *middle, *after]


def _parts(operation, depth):
    """What Cirq makes of an operation, with its phase."""
    with warnings.catch_warnings():
        # Cirq wraps some gates into sub-circuits in a way that it will change.
        warnings.simplefilter("ignore", FutureWarning)
        parts = _decomposed(operation) if depth else None
    if not parts:
        raise _refused(operation)
    steps = [step for part in parts for step in steps_of(part, depth - 1)]
    qubits = operation.qubits
    if cirq.is_parameterized(operation) or len(qubits) > _WIDEST:
        return [_UNKNOWN_PHASE, *steps]
    product = cirq.Circuit(parts).unitary(qubits, qubits)
    alpha = _phase(cirq.unitary(operation), product)
    return [Step("gphase", alpha, None), *steps]


def _decomposed(operation):
    """By Cirq, which wants the qubits of a large matrix in sorted order."""
    gate = operation.gate
    if gate is None:
        return cirq.decompose_once(operation, None)
    line = cirq.LineQubit.range(len(operation.qubits))
    parts = cirq.decompose_once(gate(*line), None)
    if parts is None:
        return None
    places = dict(zip(line, operation.qubits, strict=True))
    return [part.transform_qubits(places) for part in parts]


# What no control may be put on.
_UNKNOWN_PHASE = Step("gphase", None, None)


def _under(steps, controls, values):
    """Steps that happen where the controls hold one of the values."""
    if any(step is _UNKNOWN_PHASE for step in steps):
        raise UserError(
            "Expected a controlled gate whose phase is known. Received: one "
            "that Cirq decomposes up to a phase, with a symbol or on many "
            "qubits"
        )
    result = []
    for row in values.expand():
        flips = [
            Step("x", 0.0, qubit, (), True)
            for qubit, value in zip(controls, row, strict=True)
            if not value
        ]
        result += [*flips, *controlled(steps, controls), *flips]
    return result


def controlled(
    steps: Iterable[Step], controls: Sequence[cirq.Qid]
) -> list[Step]:
    """The same steps under controls."""
    return [
        step
        if step.is_frame
        else step._replace(controls=(*controls, *step.controls))
        for step in steps
    ]


def _refused(operation):
    text = " ".join(str(operation).split())
    return UserError(
        "Expected gates with a unitary, measurements and resets, which "
        f"OpenQASM can write. Received: {text[:200]}"
    )


def _is(value, number):
    return not isinstance(value, sympy.Basic) and value == number


def _half_turns(value):
    """Half turns as radians."""
    return (sympy.pi if isinstance(value, sympy.Basic) else np.pi) * value


def _pauli(axis):
    """The powers of X, Y or Z, with their phases, by rotations."""

    def write(gate, qubit):
        exponent, shift = gate.exponent, gate.global_shift
        angle = _half_turns(exponent)
        if axis == "z" and not _is(shift, -0.5):
            phase = Step("gphase", angle * shift, None)
            return [*_unless_zero(phase), Step("p", angle, qubit)]
        phase = Step("gphase", angle * (shift + 0.5), None)
        if axis == "x" and _is(exponent, 1):
            turned = Step("gphase", angle * shift, None)
            return [*_unless_zero(turned), Step("x", 0.0, qubit)]
        return [*_unless_zero(phase), Step(f"r{axis}", angle, qubit)]

    return write


def _unless_zero(step):
    return [] if _is(step.angle, 0) else [step]


def _framed(before, steps, after):
    """Steps between others that undo each other."""
    return [
        *(step._replace(is_frame=True) for step in before),
        *steps,
        *(step._replace(is_frame=True) for step in after),
    ]


def _hadamard(gate, qubit):
    """H**e = Ry(pi/4) Z**e Ry(-pi/4)."""
    middle = cirq.ZPowGate(
        exponent=gate.exponent, global_shift=gate.global_shift
    )
    back, there = (Step("ry", s * np.pi / 4, qubit) for s in (-1, 1))
    return _framed([back], steps_of(middle(qubit)), [there])


def _phased_x(gate, qubit):
    phase = _half_turns(gate.phase_exponent)
    turn = cirq.XPowGate(exponent=gate.exponent, global_shift=gate.global_shift)
    back, there = (Step("p", s * phase, qubit) for s in (-1, 1))
    return _framed([back], steps_of(turn(qubit)), [there])


def _phased_xz(gate, qubit):
    turn = cirq.PhasedXPowGate(
        exponent=gate.x_exponent, phase_exponent=gate.axis_phase_exponent
    )
    last = Step("p", _half_turns(gate.z_exponent), qubit)
    return [*_phased_x(turn, qubit), last]


def _controlled_power(base, count):
    """The powers of CX, CZ, CCX and CCZ; their shift is outside controls."""

    def write(gate, *qubits):
        shift = Step(
            "gphase", _half_turns(gate.exponent) * gate.global_shift, None
        )
        turned = (base**gate.exponent)(qubits[-1])
        inner = controlled(steps_of(turned), qubits[:count])
        return [*_unless_zero(shift), *inner]

    return write


def _swap(gate, a, b):
    """SWAP**e is CX**e between two CX the other way."""
    shift = Step("gphase", _half_turns(gate.exponent) * gate.global_shift, None)
    frame = [Step("x", 0.0, b, (a,))]
    middle = controlled(steps_of((cirq.X**gate.exponent)(a)), [b])
    return [*_unless_zero(shift), *_framed(frame, middle, frame)]


def _cswap(gate, c, a, b):
    return controlled(_swap(cirq.SWAP, a, b), [c])


def _turn_of_two(axis, angle, a, b):
    """exp(-i angle/2 P P) for a Pauli P, by Rz between two CX."""
    frame = [Step("x", 0.0, b, (a,))]
    steps = _framed(frame, [Step("rz", angle, b)], frame)
    if axis == "x":
        turns = [Step("h", 0.0, qubit) for qubit in (a, b)]
        return _framed(turns, steps, turns)
    if axis == "y":  # Rx(-pi/2) Z Rx(pi/2) = Y
        there = [Step("rx", np.pi / 2, qubit) for qubit in (a, b)]
        back = [Step("rx", -np.pi / 2, qubit) for qubit in (a, b)]
        return _framed(there, steps, back)
    return steps


def _pauli_pair(axis):
    def write(gate, a, b):
        angle = _half_turns(gate.exponent)
        phase = Step("gphase", angle * (gate.global_shift + 0.5), None)
        return [*_unless_zero(phase), *_turn_of_two(axis, angle, a, b)]

    return write


def _iswap(gate, a, b):
    """ISWAP**e = exp(i pi e/4 (XX + YY))."""
    angle = -_half_turns(gate.exponent) / 2
    turned = _half_turns(gate.exponent) * gate.global_shift
    return [
        *_unless_zero(Step("gphase", turned, None)),
        *_turn_of_two("x", angle, a, b),
        *_turn_of_two("y", angle, a, b),
    ]


def _fsim(gate, a, b):
    """ISWAP**(-2 theta/pi), then CZ**(-phi/pi)."""
    theta = gate.theta
    return [
        *_turn_of_two("x", theta, a, b),
        *_turn_of_two("y", theta, a, b),
        Step("p", -gate.phi, b, (a,)),
    ]


def _phased_iswap(gate, a, b):
    phase = _half_turns(gate.phase_exponent)
    there = [Step("p", phase, a), Step("p", -phase, b)]
    back = [Step("p", -phase, a), Step("p", phase, b)]
    return _framed(there, _iswap(cirq.ISWAP**gate.exponent, a, b), back)


def _identity(gate, *qubits):
    return []


_WRITERS: dict[type, Any] = {
    cirq.IdentityGate: _identity,
    cirq.WaitGate: _identity,
    cirq.XPowGate: _pauli("x"),
    cirq.YPowGate: _pauli("y"),
    cirq.ZPowGate: _pauli("z"),
    cirq.HPowGate: _hadamard,
    cirq.PhasedXPowGate: _phased_x,
    cirq.PhasedXZGate: _phased_xz,
    cirq.CXPowGate: _controlled_power(cirq.X, 1),
    cirq.CZPowGate: _controlled_power(cirq.Z, 1),
    cirq.CCXPowGate: _controlled_power(cirq.X, 2),
    cirq.CCZPowGate: _controlled_power(cirq.Z, 2),
    cirq.SwapPowGate: _swap,
    cirq.CSwapGate: _cswap,
    cirq.XXPowGate: _pauli_pair("x"),
    cirq.YYPowGate: _pauli_pair("y"),
    cirq.ZZPowGate: _pauli_pair("z"),
    cirq.ISwapPowGate: _iswap,
    cirq.FSimGate: _fsim,
    cirq.PhasedISwapPowGate: _phased_iswap,
}
