"""Declarations of an OpenQASM text: registers, inputs, gates."""

import json
import re

import cirq
import sympy

from tfq_hybrid.circuits.cirq_json.expressions import is_symbol_name
from tfq_hybrid.circuits.qasm import tokens as words
from tfq_hybrid.circuits.qasm.calls import Definition, Gates
from tfq_hybrid.circuits.qasm.records import Record
from tfq_hybrid.circuits.qasm.tokens import Tokens, fail

LARGEST_QUBITS = 1_000
_MOST_BITS = 100_000  # of all classical registers
_LONGEST_KEY = 1_000  # characters
_NOTE = re.compile(r'(key|symbol) (".*")')


class Declarations:
    """The names that a text has declared so far."""

    def __init__(self, text: str):
        self.tokens, self.comments = words.split(text)
        self.quantum: dict[str, list[cirq.Qid]] = {}
        self.records: dict[str, Record] = {}
        self.inputs: dict[str, sympy.Symbol] = {}
        self.qubits: list[cirq.Qid] = []
        self.bits = 0
        self.gates = Gates(self._version())

    @property
    def version(self):
        return self.gates.version

    def _version(self):
        tokens = self.tokens
        if tokens.take("OPENQASM") is None:
            tokens.refuse("OPENQASM 2.0; or OPENQASM 3.0;")
        number = tokens.next("a version")
        if number not in ("2", "2.0", "3", "3.0", "3.1"):
            raise fail("version 2.0 or 3.0", repr(number[:20]), tokens.line)
        tokens.expect(";")
        return int(number[0])

    def _include(self):
        tokens = self.tokens
        tokens.expect("include")
        name = '"qelib1.inc"' if self.version == 2 else '"stdgates.inc"'
        if tokens.take(name) is None:
            tokens.refuse(f"{name}: no file is read")
        tokens.expect(";")
        self.gates.library = True

    def _old_register(self):
        tokens = self.tokens
        line, word = tokens.line, tokens.next("a register")
        name = tokens.name()
        size = self._size()
        tokens.expect(";")
        self._declare(word == "qreg", name, size, line)

    def _new_register(self):
        tokens = self.tokens
        line, word = tokens.line, tokens.next("a register")
        if self.version == 2:
            raise fail("a statement of version 2", repr(word), line)
        size = self._size() if tokens.peek() == "[" else 1
        name = tokens.name()
        self._declare(word == "qubit", name, size, line)
        if word == "bit" and tokens.peek() == "=":
            tokens.place -= 1  # an assignment to the name is what comes
        else:
            tokens.expect(";")

    def _size(self):
        self.tokens.expect("[")
        size = self.tokens.integer(_MOST_BITS, "a size")
        self.tokens.expect("]")
        return size

    def _declare(self, is_quantum, name, size, line):
        self._check_new(name, line)
        if size < 1:
            raise fail("a size of at least 1", size, line)
        if not is_quantum:
            self.bits += size
            if self.bits > _MOST_BITS:
                raise fail(f"at most {_MOST_BITS:,} bits", "more", line)
            key = self._noted("key", name, line)
            if key in {record.name for record in self.records.values()}:
                raise fail("different measurement keys", repr(key), line)
            self.records[name] = Record(key, size)
            return
        first = len(self.qubits)
        if first + size > LARGEST_QUBITS:
            raise fail(f"at most {LARGEST_QUBITS:,} qubits", first + size, line)
        self.quantum[name] = cirq.LineQubit.range(first, first + size)
        self.qubits += self.quantum[name]

    def _check_new(self, name, line):
        if name in self.quantum or name in self.records or name in self.inputs:
            raise fail("a new name", f"{name[:100]!r} again", line)

    def _noted(self, what, name, line):
        """The key or symbol in the comment of a line, else the name."""
        match = _NOTE.fullmatch(self.comments.get(line, ""))
        if match is None or match[1] != what:
            return name[:_LONGEST_KEY]
        try:
            noted = json.loads(match[2])
        except ValueError:
            return name
        is_short = 0 < len(noted) <= _LONGEST_KEY
        is_valid = is_short and (what == "key" or is_symbol_name(noted))
        return noted if is_valid else name

    def _input(self):
        tokens = self.tokens
        line = tokens.line
        tokens.expect("input")
        if self.version == 2 or tokens.take("float", "angle") is None:
            tokens.refuse("`input float` of version 3")
        if tokens.peek() == "[":
            self._size()
        name = tokens.name()
        self._check_new(name, line)
        if not is_symbol_name(name):
            raise fail("a name of at most 100 characters", "a longer one", line)
        tokens.expect(";")
        self.inputs[name] = sympy.Symbol(self._noted("symbol", name, line))

    def _gate(self):
        tokens = self.tokens
        line = tokens.line
        tokens.expect("gate")
        name = tokens.name()
        if name in self.gates.defined or name == "gphase":
            raise fail("a new gate", f"{name[:100]!r} again", line)
        angles = []
        if tokens.take("("):
            angles = self._names(")")
        qubits = self._names("{")
        if len({*angles, *qubits}) < len(angles) + len(qubits) or not qubits:
            raise fail("different names of angles and qubits", name, line)
        start = tokens.place
        while tokens.next("'}'") != "}":
            pass
        inside = slice(start, tokens.place - 1)
        body, lines = tokens.items[inside], tokens.lines[inside]
        definition = Definition(angles, qubits, body, lines)
        # Called once with anything, so that an error names its own line.
        wires = dict(
            zip(qubits, cirq.LineQubit.range(-len(qubits), 0), strict=True)
        )
        count = self.gates.operations
        trial = Tokens(body, lines)
        while not trial.is_done:
            self.gates.statement(trial, dict.fromkeys(angles, 0.618), wires, 1)
        self.gates.operations = count
        self.gates.defined[name] = definition

    def _names(self, end):
        names = []
        while self.tokens.take(end) is None:
            if names:
                self.tokens.expect(",")
            names.append(self.tokens.name())
        return names
