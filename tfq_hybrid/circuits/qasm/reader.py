"""`from_qasm`: an OpenQASM text as a Cirq circuit."""

import itertools
from collections.abc import Sequence
from typing import Any

import cirq

from tfq_hybrid.circuits.qasm.declarations import Declarations
from tfq_hybrid.circuits.qasm.records import (
    Measurements,
    Test,
    test_of_bit,
    test_of_register,
)
from tfq_hybrid.circuits.qasm.schedule import Schedule
from tfq_hybrid.circuits.qasm.tokens import fail
from tfq_hybrid.errors import UserError

LARGEST_TEXT = 10_000_000  # characters


def from_qasm(
    text: str, qubits: Sequence[cirq.Qid] | None = None
) -> cirq.Circuit:
    """The circuit of an OpenQASM text, of version 2 or 3.

    It reads gates of `qelib1.inc` and `stdgates.inc`, gates that the text
    defines, the modifiers `ctrl`, `negctrl`, `inv` and `pow` with whole
    numbers, measurements, resets, conditions that compare bits or registers
    with numbers, and `input float`. The phase of a gate is kept where a
    control shows it; the circuit is that of the text up to a global phase.
    Barriers order operations. A qubit that nothing touches gets an identity.

    A register whose bits are all measured at one place is one measurement key
    with its name, or with the one that `to_qasm` noted; of others each bit is a
    key, as in `c_0`. A condition reads what was measured before it.

    Args:
        text: the text. It is read as data: nothing in it is run, and no file
            is opened.
        qubits: those of the circuit, in the order of declaration. Defaults to
            `None`: as many `cirq.LineQubit`.

    Raises:
        UserError: the text is malformed, uses something else, or has more
            than 10 million characters, 1,000 qubits or a million operations.
            The message names the line.

    Example:

    >>> text = '''OPENQASM 2.0;
    ... include "qelib1.inc";
    ... qreg q[2];
    ... creg c[2];
    ... h q[0];
    ... cu1(pi/2) q[0], q[1];
    ... measure q -> c;
    ... '''
    >>> print(from_qasm(text))
    0: ───H───@───────M('c')───
              │       │
    1: ───────@^0.5───M────────
    """
    if not isinstance(text, str):
        raise UserError(
            f"Expected a text. Received: text of type {type(text).__name__}"
        )
    if len(text) > LARGEST_TEXT:
        raise UserError(
            f"Expected a text of at most {LARGEST_TEXT:,} characters. "
            f"Received: {len(text):,}"
        )
    return _Reader(text).circuit(qubits)


class _Reader(Declarations):
    """The statements of a text."""

    def __init__(self, text: str):
        super().__init__(text)
        self.measured = Measurements()
        self.schedule = Schedule()

    def circuit(self, qubits) -> cirq.Circuit:
        while not self.tokens.is_done:
            self._statement([])
        self._flush()
        used = self.schedule.used
        for qubit in self.qubits:
            if qubit not in used:
                self.schedule.add(cirq.I(qubit))
        circuit = self.schedule.circuit()
        if qubits is None:
            return circuit
        qubits = [*qubits]
        if len(qubits) != len(self.qubits):
            raise UserError(
                f"Expected {len(self.qubits)} qubits, as the text declares. "
                f"Received: {len(qubits)}"
            )
        return circuit.transform_qubits(
            dict(zip(self.qubits, qubits, strict=True))
        )

    def _statement(self, tests: list[Test]) -> None:
        tokens = self.tokens
        word = tokens.peek()
        declares = {
            "include": self._include,
            "qreg": self._old_register,
            "creg": self._old_register,
            "qubit": self._new_register,
            "bit": self._new_register,
            "input": self._input,
            "gate": self._gate,
        }
        if word in declares:
            if tests:
                tokens.refuse("an operation after a condition")
            declares[word]()
        elif word == "if":
            self._flush()
            self._if(tests)
        elif word == "measure":
            self._measure_into(tests)
        elif word == "reset":
            self._flush()
            self._reset(tests)
        elif word == "barrier":
            self._flush()
            self._barrier()
        elif tokens.peek(1) in ("=", "[") and word in self.records:
            self._assign(tests)
        else:
            self._flush()
            self._call(tests)

    def _wires(self) -> tuple[list[cirq.Qid], bool]:
        """A qubit or a register, and whether it is a register."""
        tokens = self.tokens
        name = tokens.name("a qubit or a register of qubits")
        if name not in self.quantum:
            tokens.place -= 1
            tokens.refuse("a register of qubits")
        register = self.quantum[name]
        if tokens.take("[") is None:
            return register, True
        place = tokens.integer(len(register) - 1, f"an index of {name}")
        tokens.expect("]")
        return [register[place]], False

    def _operands(self, end=";"):
        """Rows of qubits: one for each element of the registers."""
        columns = []
        while self.tokens.peek() != end:
            if columns:
                self.tokens.expect(",")
            columns.append(self._wires())
        line = self.tokens.line
        self.tokens.expect(end)
        sizes = {len(wires) for wires, whole in columns if whole}
        if len(sizes) > 1:
            raise fail("registers of one size", sorted(sizes), line)
        count = sizes.pop() if sizes else 1
        return [
            [wires[row] if whole else wires[0] for wires, whole in columns]
            for row in range(count)
        ]

    def _call(self, tests):
        tokens = self.tokens
        line = tokens.line
        name, angles, modifiers = self.gates.head(tokens, self.inputs)
        self.gates.counts_of(name, line)  # before what may follow it
        for row in self._operands():
            self.gates.check_counts(name, angles, modifiers, len(row), line)
            found = self.gates.call(name, angles, row, modifiers, line)
            self._add(found, tests)

    def _reset(self, tests):
        line = self.tokens.line
        self.tokens.expect("reset")
        for (qubit,) in self._single(line):
            self._add([cirq.reset(qubit)], tests)

    def _single(self, line):
        rows = self._operands()
        if any(len(row) != 1 for row in rows):
            raise fail("one qubit or register", "several", line)
        return rows

    def _barrier(self):
        self.tokens.expect("barrier")
        rows = []
        while self.tokens.take(";") is None:
            if rows:
                self.tokens.expect(",")
            rows.append(self._wires()[0])
        wires = [*itertools.chain(*rows)] if rows else self.qubits
        self.schedule.align(wires)

    def _measure_into(self, tests):
        line = self.tokens.line
        self.tokens.expect("measure")
        qubits, _ = self._wires()
        if self.tokens.take(";"):
            raise fail("bits to measure into", "none", line)
        self.tokens.expect("->")
        record, places = self._bits()
        self.tokens.expect(";")
        self._measure(qubits, record, places, tests, line)

    def _assign(self, tests):
        line = self.tokens.line
        record, places = self._bits()
        self.tokens.expect("=")
        self.tokens.expect("measure")
        qubits, _ = self._wires()
        self.tokens.expect(";")
        self._measure(qubits, record, places, tests, line)

    def _bits(self):
        tokens = self.tokens
        name = tokens.name("a register of bits")
        if name not in self.records:
            tokens.place -= 1
            tokens.refuse("a register of bits")
        record = self.records[name]
        if tokens.take("[") is None:
            return record, [*range(record.size)]
        place = tokens.integer(record.size - 1, f"an index of {name}")
        tokens.expect("]")
        return record, [place]

    def _measure(self, qubits, record, places, tests, line):
        if tests:
            raise fail("measurements without a condition", "one with", line)
        if len(qubits) != len(places):
            raise fail(
                f"{len(qubits)} bits for as many qubits", len(places), line
            )
        self.gates.count(len(qubits), line)
        for qubit, place in zip(qubits, places, strict=True):
            self.measured.add(record, place, qubit, line)

    def _flush(self):
        names = {record.name for record in self.records.values()}
        names |= {key for r in self.records.values() for key in r.keys.values()}
        for operation in self.measured.take(names):
            self.schedule.add(operation)

    def _if(self, tests):
        tokens = self.tokens
        line = tokens.line
        tokens.expect("if")
        if len(tests) > 20:
            raise fail("at most 20 nested conditions", "more", line)
        tokens.expect("(")
        inner = [*tests, self._test()]
        while tokens.take("&&"):
            inner.append(self._test())
        tokens.expect(")")
        if tokens.take("{") is None:
            self._statement(inner)
        else:
            while tokens.take("}") is None:
                self._statement(inner)
        if tokens.peek() == "else":
            tokens.refuse("conditions without `else`")

    def _test(self) -> Test:
        tokens = self.tokens
        line = tokens.line
        negated = tokens.take("!") is not None
        bracketed = tokens.take("(") is not None
        is_bit = tokens.peek(1) == "["
        record, places = self._bits()
        relation = tokens.take("==", "!=")
        if relation is None:
            value, relation = 1, "=="
            if not is_bit and record.size > 1:
                value, relation = 0, "!="
        elif (word := tokens.take("true", "false")) is not None:
            value = int(word == "true")
        else:
            value = tokens.integer(10**18, "a number")
        if bracketed:
            tokens.expect(")")
        is_equal = (relation == "==") != negated
        if not is_bit:
            return test_of_register(record, value, is_equal, line)
        if value > 1:
            return None if is_equal else []
        return test_of_bit(record, places[0], value if is_equal else 1 - value)

    def _add(self, operations, tests):
        if any(test is None for test in tests):
            return  # a condition that never holds
        conditions: list[Any] = [*itertools.chain(*tests)]
        for operation in operations:
            if conditions:
                operation = operation.with_classical_controls(*conditions)
            self.schedule.add(operation)
