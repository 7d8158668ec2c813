"""`to_qasm`: a Cirq circuit as an OpenQASM text."""

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import cirq

from tfq_hybrid.circuits.qasm.angles import angle_text
from tfq_hybrid.circuits.qasm.gates import NAMED, RESERVED
from tfq_hybrid.circuits.qasm.spelling import statements
from tfq_hybrid.circuits.qasm.steps import angles_of_matrix, steps_of
from tfq_hybrid.circuits.subcircuits import unrolled
from tfq_hybrid.errors import UserError, listed
from tfq_hybrid.reading import reason_of

_MOST_VALUES = 10  # bits of a key that a condition reads


def to_qasm(circuit: cirq.AbstractCircuit, version: int | float = 3) -> str:
    """A circuit as an OpenQASM text, which `from_qasm` reads back.

    Gates become those that every reader of OpenQASM has: rotations, phases,
    `cx`, `ccx` and the like. The circuit is the same up to a global phase; what
    is controlled keeps its phase. Qubits are the register `q`, in sorted order;
    each measurement key is a register of its own, whose bit 0 is the first
    qubit that is measured. Where a key or a symbol cannot be a name, its
    declaration ends in a comment with it. Conditions stand before each gate
    that they guard. Angles have all their digits.

    Args:
        circuit: of gates with a unitary, measurements and resets; sub-circuits
            are unrolled.
        version: 2 or 3. Defaults to 3, which alone has symbols: they are
            declared as `input float`.

    Returns:
        The text, with a line end at its end.

    Raises:
        UserError: an operation cannot be written, two measurements have the
            same key, or symbols are unbound in version 2.

    Example:

    >>> import sympy
    >>> qubit = cirq.LineQubit(0)
    >>> turned = cirq.rx(sympy.Symbol("w"))(qubit)
    >>> print(to_qasm(cirq.Circuit(turned, cirq.measure(qubit, key="a"))))
    OPENQASM 3.0;
    include "stdgates.inc";
    // Qubits: ["q(0)"]
    input float w;
    qubit[1] q;
    bit[1] a;
    rx(w) q[0];
    a[0] = measure q[0];
    <BLANKLINE>
    """
    if version not in (2, 3):
        raise UserError(f"Expected version to be 2 or 3. Received: {version!r}")
    if not isinstance(circuit, cirq.AbstractCircuit):
        raise UserError(
            "Expected a cirq.Circuit. Received: circuit of type "
            f"{type(circuit).__name__}"
        )
    lines = _Writer(circuit, int(version)).lines()
    return "".join(f"{line}\n" for line in lines)


class _Writer:
    """The names of a circuit's parts, and its lines."""

    def __init__(self, circuit, version):
        self.version = version
        circuit = unrolled(circuit)
        self.operations = [*circuit.all_operations()]
        self.qubits = sorted(circuit.all_qubits())
        if any(qubit.dimension != 2 for qubit in self.qubits):
            raise UserError("Expected qubits. Received: a circuit of qudits")
        symbols = sorted(cirq.parameter_names(circuit))
        if symbols and version == 2:
            raise UserError(
                "Expected a circuit without symbols: OpenQASM 2 has none. "
                f"Received: {listed(symbols)}. Bind them with "
                "cirq.resolve_parameters, or write version=3."
            )
        taken: set[str] = set()
        self.register = _identifier("q", taken)
        self.wires = {
            qubit: f"{self.register}[{place}]"
            for place, qubit in enumerate(self.qubits)
        }
        self.symbols = {name: _identifier(name, taken) for name in symbols}
        self.widths = _widths(self.operations)
        self.keys = {key: _identifier(key, taken) for key in self.widths}

    def lines(self) -> Iterator[str]:
        """All lines, without their ends."""
        library = "qelib1" if self.version == 2 else "stdgates"
        yield f"OPENQASM {self.version}.0;"
        yield f'include "{library}.inc";'
        if self.qubits:
            yield f"// Qubits: {json.dumps([*map(str, self.qubits)])}"
        for symbol, name in self.symbols.items():
            yield f"input float {name};" + _note("symbol", symbol, name)
        if self.qubits:
            yield self._declared(
                "qubit", "qreg", self.register, len(self.wires)
            )
        for key, name in self.keys.items():
            line = self._declared("bit", "creg", name, self.widths[key])
            yield line + _note("key", key, name)
        for operation in self.operations:
            controls = operation.classical_controls
            bare = operation.without_classical_controls()
            if controls and cirq.is_measurement(bare):
                raise UserError(
                    "Expected measurements without a condition. Received: "
                    f"{' '.join(str(operation).split())[:200]}"
                )
            guards = self._guards(controls)
            for line in self._statements(bare):
                for tests in guards:
                    yield self._guarded(tests, line)

    def _declared(self, new, old, name, size):
        if self.version == 3:
            return f"{new}[{size}] {name};"
        return f"{old} {name}[{size}];"

    def _statements(self, operation: cirq.Operation) -> Iterator[str]:
        gate = operation.gate
        if isinstance(gate, cirq.MeasurementGate):
            yield from self._measured(gate, operation)
        elif isinstance(gate, cirq.ResetChannel):
            yield f"reset {self.wires[operation.qubits[0]]};"
        elif isinstance(gate, cirq.IdentityGate):
            for qubit in operation.qubits:
                yield self._call("id", (), [qubit])
        else:
            for name, angles, qubits in self._gates(operation.untagged):
                yield self._call(name, angles, qubits)

    def _gates(self, operation) -> Iterable[tuple]:
        gate, qubits = operation.gate, operation.qubits
        symbolic = cirq.is_parameterized(operation)
        if gate is not None and not symbolic and gate in NAMED:
            return [(NAMED[gate], (), qubits)]
        is_turn = isinstance(
            gate, (cirq.XPowGate, cirq.YPowGate, cirq.ZPowGate)
        )
        if len(qubits) == 1 and not symbolic and not is_turn:
            matrix = cirq.unitary(operation, None)
            if matrix is not None:
                _, theta, phi, lam = angles_of_matrix(matrix)
                name = "U" if self.version == 3 else "u3"
                return [(name, (theta, phi, lam), qubits)]
        return itertools.chain.from_iterable(
            statements(step, self.version) for step in steps_of(operation)
        )

    def _call(self, name, angles, qubits):
        texts = [angle_text(angle, self.symbols) for angle in angles]
        arguments = f"({', '.join(texts)})" if texts else ""
        wires = ", ".join(self.wires[qubit] for qubit in qubits)
        return f"{name}{arguments} {wires};"

    def _measured(self, gate, operation):
        if gate.confusion_map:
            raise UserError(
                "Expected measurements without a confusion map, which OpenQASM "
                f"has not. Received: that of the key {gate.key!r}"
            )
        name = self.keys[gate.key]
        flipped = [
            self._call("x", (), [qubit])
            for qubit, flips in zip(
                operation.qubits, gate.full_invert_mask(), strict=True
            )
            if flips
        ]
        yield from flipped
        for place, qubit in enumerate(operation.qubits):
            wire = self.wires[qubit]
            if self.version == 3:
                yield f"{name}[{place}] = measure {wire};"
            else:
                yield f"measure {wire} -> {name}[{place}];"
        yield from flipped

    def _guards(self, conditions) -> list[tuple[str, ...]]:
        """The tests of each way in which all conditions hold."""
        if len(conditions) > 1 and self.version == 2:
            raise UserError(
                "Expected one condition for each gate: OpenQASM 2 has no "
                f"more. Received: {listed(sorted(map(str, conditions)))}"
            )
        ways = [self._ways(one) for one in sorted(conditions, key=str)]
        return [*itertools.product(*ways)]

    def _guarded(self, tests, line):
        for test in reversed(tests):
            if self.version == 2:
                line = f"if({test}) {line}"
            else:
                line = f"if ({test}) {{ {line} }}"
        return line

    def _ways(self, condition: cirq.Condition) -> list[str]:
        """The values of a register for which a condition holds, as tests."""
        keys = {*map(str, condition.keys)}
        if len(keys) != 1 or not keys <= set(self.keys):
            raise UserError(
                "Expected conditions on one key that is measured before. "
                f"Received: {condition}"
            )
        (key,) = keys
        width = self.widths[key]
        if width > _MOST_VALUES:
            raise UserError(
                f"Expected conditions on keys of at most {_MOST_VALUES} bits. "
                f"Received: {condition} on {width} bits"
            )
        name = self.keys[key]
        reads_any = width > 1 and isinstance(condition, cirq.KeyCondition)
        if reads_any and self.version == 3:
            return [f"{name} != 0"]
        return [
            # Bit 0 is the lowest of a register, and Cirq's first the highest.
            f"{name} == {sum(bit << place for place, bit in enumerate(bits))}"
            for bits in itertools.product((0, 1), repeat=width)
            if _holds(condition, key, bits)
        ]


def _holds(condition, key, bits):
    record = cirq.ClassicalDataDictionaryStore(
        _records={cirq.MeasurementKey.parse_serialized(key): [bits]}
    )
    try:
        return bool(condition.resolve(record))
    except (ValueError, IndexError) as error:
        raise UserError(
            "Expected conditions on the record of a key. Received: "
            f"{condition} ({reason_of(error)})"
        ) from error


def _widths(operations: Iterable[cirq.Operation]) -> dict[str, int]:
    """The number of bits of each measurement key."""
    widths: dict[str, int] = {}
    for operation in operations:
        if not cirq.is_measurement(operation):
            continue
        gate: Any = operation.without_classical_controls().gate
        if not isinstance(gate, cirq.MeasurementGate):
            raise UserError(
                "Expected measurements in the Z basis. Received: "
                f"{' '.join(str(operation).split())[:200]}"
            )
        if gate.key in widths:
            raise UserError(
                "Expected one measurement under each key: a register of "
                f"OpenQASM keeps the last one only. Received: two under "
                f"{gate.key!r}"
            )
        widths[gate.key] = gate.num_qubits()
    return widths


def _identifier(name: str, taken: set[str]) -> str:
    """A name that OpenQASM takes and that nothing else has."""
    word = re.sub(r"[^A-Za-z0-9_]", "_", name)
    if not re.match("[a-z]", word):
        word = f"n{word}"
    while word in taken or word in RESERVED:
        word += "_"
    taken.add(word)
    return word


def _note(what, original, name):
    """A comment with the name that something really has."""
    if original == name:
        return ""
    return f"  // {what} {json.dumps(original)}"
