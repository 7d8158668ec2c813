"""The table of types that a file may name, and of their fields.

A type that is not in `TYPES` is refused, by name; `REFUSED` says what to do
about those that a circuit could hold.
"""

import cirq
from cirq.devices.insertion_noise_model import InsertionNoiseModel
from cirq.ops.raw_types import _QubitAsQid

from tfq_hybrid.circuits.cirq_json.gates import GATES, check_controls
from tfq_hybrid.circuits.cirq_json.kinds import (
    coefficient,
    dimension,
    flag,
    integer,
    item,
    items,
    mapping,
    optional,
    pair,
    parameter,
    real,
    refuse,
    symbol_key,
    tag,
    text,
    texts,
)
from tfq_hybrid.circuits.cirq_json.limits import (
    LARGEST_CONTROL_VALUES,
    LARGEST_CONTROLS,
    LARGEST_DIMENSION,
    LARGEST_INTEGER,
    LARGEST_LEVELS,
    LARGEST_OPERATIONS,
)
from tfq_hybrid.circuits.cirq_json.row import import_class, row, vendor

# Types whose names are not those of a class in `cirq`, for `gate_type`.
_CLASSES = {
    "_PauliX": type(cirq.X),
    "_PauliY": type(cirq.Y),
    "_PauliZ": type(cirq.Z),
    "cirq.MSGate": cirq.MSGate,
    "SycamoreGate": ("cirq_google", "SycamoreGate"),
}


def _gate_type(value, reader):
    """The class of a gate, by the name of a row of the table."""
    if not isinstance(value, str) or value not in GATES:
        raise refuse("the name of a gate", value)
    kind = _CLASSES.get(value) or getattr(cirq, value, None)
    if isinstance(kind, tuple):
        kind = import_class(*kind)
    if kind is None:
        raise refuse("the name of a gate of Cirq", value)
    return kind


def _circuit(kind):
    def build(moments, tags=()):
        return kind(*moments, **({"tags": tags} if tags else {}))

    return build


def _pauli_sum(items):
    terms = {frozenset(word): value for word, value in items}
    return cirq.PauliSum(cirq.LinearDict(terms))


def _check_controlled(fields, reader):
    controls, values = len(fields["controls"]), fields["control_values"]
    check_controls(controls, values, fields["sub_operation"])


def _check_subcircuit(fields, reader):
    repetitions = abs(fields["repetitions"])
    inner = reader.scopes[id(fields["circuit"])]
    values = reader.scopes[id(fields["param_resolver"])]
    reader.scope.add_subcircuit(inner, values, repetitions)
    reader.spend(repetitions)  # a text for each
    if fields["repetitions"] < 0:
        reader.spend(inner.operations)  # Cirq inverts all of it


def _subcircuit(use_repetition_ids=True, **fields):
    return cirq.CircuitOperation(
        use_repetition_ids=use_repetition_ids, **fields
    )


_QUBIT, _OPERATION, _KEY = (
    item("qubit"),
    item("operation"),
    item("measurement key"),
)
_QUBITS, _TAGS = items(_QUBIT), items(tag)
_MAP = mapping(_QUBIT, item("Pauli gate"))
_WORD = items(pair(_QUBIT, item("Pauli gate")))
_VALUES = items(items(integer(0, LARGEST_DIMENSION), 1), 1)
_INDEX = integer()
_MASK = integer(0, LARGEST_INTEGER)

TYPES = {
    **GATES,
    # Qubits
    "LineQubit": row("qubit", cirq.LineQubit, x=_INDEX),
    "LineQid": row("qubit", cirq.LineQid, x=_INDEX, dimension=dimension),
    "GridQubit": row("qubit", cirq.GridQubit, row=_INDEX, col=_INDEX),
    "GridQid": row(
        "qubit", cirq.GridQid, row=_INDEX, col=_INDEX, dimension=dimension
    ),
    "NamedQubit": row("qubit", cirq.NamedQubit, name=text),
    "NamedQid": row("qubit", cirq.NamedQid, name=text, dimension=dimension),
    "_QubitAsQid": row("qubit", _QubitAsQid, qubit=_QUBIT, dimension=dimension),
    "Coupler": row(
        "qubit", vendor("cirq_google", "Coupler"), qubit0=_QUBIT, qubit1=_QUBIT
    ),
    "ThreeDQubit": row(
        "qubit", vendor("cirq_pasqal", "ThreeDQubit"), x=real, y=real, z=real
    ),
    "TwoDQubit": row(
        "qubit",
        vendor("cirq_pasqal", "TwoDQubit"),
        x=real,
        y=real,
    ),
    # Operations
    "GateOperation": row(
        "operation", cirq.GateOperation, gate=item("gate"), qubits=_QUBITS
    ),
    "SingleQubitPauliStringGateOperation": row(
        "operation, operator",
        cirq.SingleQubitPauliStringGateOperation,
        pauli=item("Pauli gate"),
        qubit=_QUBIT,
    ),
    "ControlledOperation": row(
        "operation",
        cirq.ControlledOperation,
        check=_check_controlled,
        controls=items(_QUBIT, 1, LARGEST_CONTROLS),
        control_values=item("control values"),
        sub_operation=_OPERATION,
    ),
    "ClassicallyControlledOperation": row(
        "operation",
        cirq.ClassicallyControlledOperation,
        conditions=items(item("condition"), 1),
        sub_operation=_OPERATION,
    ),
    "TaggedOperation": row(
        "operation",
        lambda sub_operation, tags: cirq.TaggedOperation(sub_operation, *tags),
        sub_operation=_OPERATION,
        tags=_TAGS,
    ),
    "CircuitOperation": row(
        "operation",
        _subcircuit,
        "parent_path use_repetition_ids",
        _check_subcircuit,
        circuit=item("frozen circuit"),
        repetitions=integer(-LARGEST_OPERATIONS, LARGEST_OPERATIONS),
        qubit_map=mapping(_QUBIT, _QUBIT),
        measurement_key_map=texts(text),
        param_resolver=item("values of parameters"),
        repetition_ids=optional(items(text)),
        parent_path=items(text, 0, LARGEST_LEVELS),
        use_repetition_ids=flag,
    ),
    "PauliString": row(
        "operation, operator",
        cirq.PauliString,
        qubit_pauli_map=_MAP,
        coefficient=coefficient,
    ),
    "PauliStringPhasor": row(
        "operation",
        cirq.PauliStringPhasor,
        "qubits",
        pauli_string=item("operator"),
        qubits=_QUBITS,
        exponent_neg=parameter,
        exponent_pos=parameter,
    ),
    "PauliSum": row(
        "operator", _pauli_sum, items=items(pair(_WORD, coefficient))
    ),
    # Circuits
    "Moment": row(
        "moment",
        lambda operations: cirq.Moment.from_ops(*operations),
        operations=items(_OPERATION),
    ),
    "Circuit": row(
        "circuit",
        _circuit(cirq.Circuit),
        scoped=True,
        moments=items(item("moment")),
    ),
    "FrozenCircuit": row(
        "frozen circuit",
        _circuit(cirq.FrozenCircuit),
        "tags",
        scoped=True,
        moments=items(item("moment")),
        tags=_TAGS,
    ),
    "ParamResolver": row(
        "values of parameters",
        cirq.ParamResolver,
        scoped=True,
        param_dict=mapping(symbol_key, parameter),
    ),
    # Controls, keys, durations, tags
    "ProductOfSums": row("control values", cirq.ProductOfSums, data=_VALUES),
    "SumOfProducts": row(
        "control values",
        cirq.SumOfProducts,
        "name",
        data=items(
            items(integer(0, LARGEST_DIMENSION), 1), 1, LARGEST_CONTROL_VALUES
        ),
        name=optional(text),
    ),
    "MeasurementKey": row(
        "measurement key",
        cirq.MeasurementKey,
        name=text,
        path=items(text, 0, LARGEST_LEVELS),
    ),
    "KeyCondition": row(
        "condition", cirq.KeyCondition, "index", key=_KEY, index=_INDEX
    ),
    "BitMaskKeyCondition": row(
        "condition",
        cirq.BitMaskKeyCondition,
        "index target_value equal_target bitmask",
        key=_KEY,
        index=_INDEX,
        target_value=_MASK,
        equal_target=flag,
        bitmask=optional(_MASK),
    ),
    "Duration": row("duration", cirq.Duration, picos=parameter),
    "VirtualTag": row("tag", cirq.VirtualTag),
    "RoutingSwapTag": row("tag", cirq.RoutingSwapTag),
    "PhysicalZTag": row("tag", vendor("cirq_google", "PhysicalZTag")),
    "FSimViaModelTag": row("tag", vendor("cirq_google", "FSimViaModelTag")),
    "CalibrationTag": row(
        "tag", vendor("cirq_google", "CalibrationTag"), token=text
    ),
    # Noise models
    "_NoNoiseModel": row("noise model", lambda: cirq.NO_NOISE),
    "ConstantQubitNoiseModel": row(
        "noise model",
        cirq.ConstantQubitNoiseModel,
        "prepend",  # not in what Cirq's own writer writes
        qubit_noise_gate=item("gate"),
        prepend=flag,
    ),
    "InsertionNoiseModel": row(
        "noise model",
        InsertionNoiseModel,
        ops_added=mapping(item("gate with qubits"), _OPERATION),
        prepend=flag,
        require_physical_tag=flag,
    ),
    "OpIdentifier": row(
        "gate with qubits",
        lambda gate_type, qubits: cirq.OpIdentifier(gate_type, *qubits),
        gate_type=_gate_type,
        qubits=_QUBITS,
    ),
}

_TEXTS = "SymPy evaluates its texts"
_MEASURED = "it depends on measurements, which a model's circuit has none of"
REFUSED = {
    "BooleanHamiltonianGate": f"{_TEXTS}. Give the operations of "
    "cirq.decompose(gate(*qubits)) instead",
    "SympyCondition": _TEXTS,
    "repeat_until": _MEASURED,
    "InternalGate": "it names a module to import",
    "InternalTag": "it names a module to import",
    "MutableDensePauliString": "it can change. Give its frozen() instead",
    "MutablePauliString": "it can change. Give its frozen() instead",
}
