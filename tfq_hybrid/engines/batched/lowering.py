"""From Cirq operations to the gates that the batched engine runs.

Whatever has no symbol becomes its unitary. A symbol may stand, times a number
plus a number, in the exponent of an eigenvalue gate, controlled or not, and
in gates that are exact products of those.
"""

from collections.abc import Sequence

import cirq
import numpy as np
import sympy

from tfq_hybrid.engines.batched.gates import TrigGate, constant_gate
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import raise_bug

_DECOMPOSITION_LIMIT = 8  # nested gates deeper than this are refused
_WIDEST_UNITARY = 8  # qubits of a gate that is given by its matrix


def is_channel(operation: cirq.Operation) -> bool:
    """Whether an operation is noise: a channel without symbols.

    >>> qubit = cirq.LineQubit(0)
    >>> is_channel(cirq.depolarize(0.1)(qubit)), is_channel(cirq.X(qubit))
    (True, False)
    """
    return (
        not cirq.is_parameterized(operation)
        and not cirq.is_measurement(operation)
        and not cirq.has_unitary(operation)
        and cirq.has_kraus(operation)
    )


def has_channels(circuit: cirq.AbstractCircuit) -> bool:
    """Whether a circuit holds noise."""
    return any(is_channel(op) for op in circuit.all_operations())


def lower_circuit(
    circuit: cirq.Circuit, qids: Sequence[cirq.Qid]
) -> list[TrigGate]:
    """Lowers every operation of a circuit without measurements, in order.

    Raises a `UserError` that names what cannot be lowered, with its place.
    """
    gates = []
    for place, moment in enumerate(circuit):
        for operation in moment:
            try:
                gates += lower_operation(operation, qids)
            except UserError as error:
                where = f"{error} at moment {place}"
                raise UserError(where) from None
    return gates


def lower_operation(
    operation: cirq.Operation, qids: Sequence[cirq.Qid]
) -> list[TrigGate]:
    """Lowers one operation; `qids` are in the order of the bits.

    The gates are several for a sub-circuit or for a product of others, and none
    for a global phase. A `UserError` says that it has no unitary, or a symbol
    where none is known.

    >>> qubit = cirq.GridQubit(0, 0)
    >>> operation = cirq.rx(2 * sympy.Symbol("x"))(qubit)
    >>> [gate] = lower_operation(operation, [qubit])
    >>> gate.symbol, gate.rates.tolist()
    ('x', [1.0])
    """
    return list(_lower(operation, qids, _DECOMPOSITION_LIMIT))


def _lower(operation, qids, depth):
    operation = operation.untagged
    if not operation.qubits:
        return  # a global phase is not observable
    for qid in operation.qubits:
        if qid.dimension != 2:
            raise UserError(
                f"Expected qubits. Received: {qid} of dimension "
                f"{qid.dimension} in {operation}"
            )
    qubits = tuple(qids.index(qid) for qid in operation.qubits)
    if isinstance(operation, cirq.CircuitOperation):
        for part in operation.mapped_circuit(deep=True).all_operations():
            yield from _lower(part, qids, depth)
    elif not cirq.is_parameterized(operation):
        yield from _constant(operation, qubits, qids, depth)
    elif (pair := _eigen_gate(operation)) is not None:
        gate, control_values = pair
        yield from _powers(gate, control_values, qubits, operation)
    else:
        yield from _parts(operation, qids, depth)


def _constant(operation, qubits, qids, depth):
    if len(qubits) > _WIDEST_UNITARY:
        yield from _parts(operation, qids, depth)
        return
    unitary = cirq.unitary(operation, None)
    if unitary is None:
        raise UserError(
            f"Expected an operation with a unitary. Received: {operation}"
        )
    yield constant_gate(unitary, qubits)


def _eigen_gate(operation):
    """An eigenvalue gate and the values of its controls, or `None`."""
    gate = operation.gate
    if isinstance(operation, cirq.ControlledOperation):
        inner = operation.sub_operation.gate
        control_values = operation.control_values
    elif isinstance(gate, cirq.ControlledGate):
        inner, control_values = gate.sub_gate, gate.control_values
    else:
        inner, control_values = gate, None
    is_eigen = isinstance(inner, cirq.EigenGate)
    if not is_eigen or cirq.is_parameterized(inner.global_shift):
        return None
    phase = getattr(inner, "phase_exponent", 0)  # of PhasedISwapPowGate
    return None if cirq.is_parameterized(phase) else (inner, control_values)


def _parts(operation, qids, depth):
    """The operation as a product of simpler ones, exactly."""
    try:
        parts = _known_product(operation)
        if parts is None and depth:
            parts = cirq.decompose_once(operation, None)
    except (TypeError, ValueError) as error:
        raise_bug(error)
        parts = None  # some of Cirq's own fail on a symbol
    if parts is None:
        raise UserError(
            "Expected a symbol only in powers and rotations, controlled or "
            "not, and in PhasedX, PhasedXZ, PhasedISwap and FSim gates. "
            f"Received: {operation}"
        )
    for part in parts:
        yield from _lower(part, qids, depth - 1)


def _known_product(operation: cirq.Operation) -> list[cirq.Operation] | None:
    """Gates that Cirq decomposes up to a phase only, or for numbers only."""
    gate = operation.gate
    if isinstance(gate, cirq.PhasedXPowGate):
        (q,) = operation.qubits
        phase = gate.phase_exponent
        turn = cirq.XPowGate(
            exponent=gate.exponent, global_shift=gate.global_shift
        )
        return [(cirq.Z**-phase)(q), turn(q), (cirq.Z**phase)(q)]
    if isinstance(gate, cirq.PhasedXZGate):
        (q,) = operation.qubits
        axis = gate.axis_phase_exponent
        return [
            (cirq.Z**-axis)(q),
            (cirq.X**gate.x_exponent)(q),
            (cirq.Z**axis)(q),
            (cirq.Z**gate.z_exponent)(q),
        ]
    if isinstance(gate, cirq.PhasedISwapPowGate):
        a, b = operation.qubits
        phase = gate.phase_exponent
        return [
            (cirq.Z**phase)(a),
            (cirq.Z**-phase)(b),
            (cirq.ISWAP**gate.exponent)(a, b),
            (cirq.Z**-phase)(a),
            (cirq.Z**phase)(b),
        ]
    if isinstance(gate, cirq.FSimGate):
        a, b = operation.qubits
        return [
            (cirq.ISWAP ** (-2 * gate.theta / np.pi))(a, b),
            (cirq.CZ ** (-gate.phi / np.pi))(a, b),
        ]
    return None


def _powers(gate, control_values, qubits, operation):
    """One gate for each symbol of the exponent: powers commute."""
    slopes, intercept = _affine(gate.exponent, operation)
    rates, cos_basis, sin_basis = _trig_bases(gate)
    if control_values is not None:
        rates, cos_basis, sin_basis = _controlled(
            rates, cos_basis, sin_basis, control_values
        )
    bases = cos_basis, sin_basis
    turns = np.pi * rates
    for symbol, slope in slopes.items():
        offsets = turns * intercept
        yield TrigGate(qubits, symbol, slope * turns, offsets, *bases)
        intercept = 0.0
    if not slopes:  # symbols that cancel each other
        fixed = TrigGate(qubits, None, 0 * turns, turns * intercept, *bases)
        yield constant_gate(fixed.at(0.0), qubits)


def _affine(exponent, operation):
    """Splits an exponent into ({symbol: slope}, intercept)."""
    exponent = sympy.expand(exponent)
    slopes = {}
    for symbol in sorted(exponent.free_symbols, key=str):
        slope = sympy.diff(exponent, symbol)
        if slope.free_symbols or slope.is_real is False:
            raise UserError(
                "Expected symbols times numbers plus a number in each gate. "
                f"Received: {operation}"
            )
        slopes[str(symbol)] = float(slope)
    intercept = exponent.subs(dict.fromkeys(exponent.free_symbols, 0))
    return slopes, float(intercept)


def _eigen_components(gate: cirq.EigenGate) -> list[tuple[float, np.ndarray]]:
    """Pairs (half turns at exponent 1, projector) of an eigenvalue gate.

    The one place that touches these private members of Cirq.
    """
    shift = gate._global_shift
    components = gate._eigen_components()
    return [(turns + shift, np.asarray(p)) for turns, p in components]


def _trig_bases(gate):
    """Half turns (F,) per unit of exponent, and both bases (F, d, d)."""
    cos_bases, sin_bases = {}, {}
    for turns, projector in _eigen_components(gate):
        key = round(abs(float(turns)), 12)
        zero = np.zeros(projector.shape, np.complex128)
        cos_bases[key] = cos_bases.get(key, zero) + projector
        sign = np.sign(turns)
        sin_bases[key] = sin_bases.get(key, zero) + 1j * sign * projector
    rates = np.array(list(cos_bases))
    return (
        rates,
        np.stack([*cos_bases.values()]),
        np.stack([*sin_bases.values()]),
    )


def _controlled(rates, cos_basis, sin_basis, control_values):
    """The gate where the controls hold their values, else the identity."""
    products = list(control_values.expand())
    active = np.zeros([2] * len(products[0]))
    for values in products:
        active[tuple(values)] = 1
    select = np.diag(active.reshape(-1))
    rest = np.kron(np.eye(len(select)) - select, np.eye(cos_basis.shape[-1]))
    cos_basis = np.stack([rest, *(np.kron(select, c) for c in cos_basis)])
    zero = np.zeros_like(rest)
    sin_basis = np.stack([zero, *(np.kron(select, s) for s in sin_basis)])
    return np.concatenate([[0.0], rates]), cos_basis, sin_basis
