"""Calls of gates: those of a library, and those that a text defines."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import cirq
import sympy

from tfq_hybrid.circuits.qasm.angles import read_angle
from tfq_hybrid.circuits.qasm.gates import BUILT_IN, GATES, half_turns
from tfq_hybrid.circuits.qasm.tokens import Tokens, fail

LARGEST_OPERATIONS = 1_000_000
_LARGEST_TOKENS = 20_000_000  # of the bodies of gates, each time they are read
_DEEPEST = 32  # gates of gates
_MOST_CONTROLS = 24
_LARGEST_POWER = 1_000


class Definition(NamedTuple):
    """A gate that a text defines."""

    angles: list[str]
    qubits: list[str]
    body: Sequence[str]
    lines: Sequence[int]


class Modifier(NamedTuple):
    """`ctrl @`, `negctrl @`, `inv @` or `pow(k) @`."""

    word: str
    times: int


@dataclasses.dataclass
class Gates:
    """The gates that a text may call, and how much it has called."""

    version: int
    library: bool = False
    defined: dict[str, Definition] = dataclasses.field(default_factory=dict)
    operations: int = 0
    tokens: int = 0

    def count(self, operations: int, line: int) -> None:
        """Raises `UserError` where there are too many operations."""
        self.operations += operations
        if self.operations > LARGEST_OPERATIONS:
            raise fail(
                f"at most {LARGEST_OPERATIONS:,} operations", "more", line
            )

    def counts_of(self, name: str, line: int) -> tuple[int, int]:
        """How many angles and qubits a gate takes."""
        if name == "gphase":
            return 1, 0
        if name in self.defined:
            found = self.defined[name]
            return len(found.angles), len(found.qubits)
        known = GATES[self.version]
        is_known = name in known and (self.library or name in BUILT_IN)
        if not is_known:
            library = "qelib1" if self.version == 2 else "stdgates"
            raise fail(
                f"a gate of {library}.inc, which is included, or one that "
                "is defined before",
                repr(name[:100]),
                line,
            )
        form = known[name]
        return form.angles, form.qubits + form.controls

    def call(
        self,
        name: str,
        angles: Sequence[Any],
        qubits: Sequence[cirq.Qid],
        modifiers: Sequence[Modifier],
        line: int,
        depth: int = 0,
    ) -> list[cirq.Operation]:
        """The operations of a call, with the phase where controls show it.

        The first qubits belong to the modifiers that control.
        """
        if len(set(qubits)) < len(qubits):
            raise fail("different qubits in a gate", "one twice", line)
        controls = []
        for word, count in modifiers:
            if word in ("ctrl", "negctrl"):
                bit = int(word == "ctrl")
                controls += [bit] * count
        own = qubits[len(controls) :]
        if name == "gphase":
            operations, phase = [], angles[0]
        elif name in self.defined:
            operations, phase = self._defined(name, angles, own, line, depth)
        else:
            operations, phase = self._known(name, angles, own)
        self.count(max(1, len(operations)), line)
        # The modifier that stands next to the gate acts first.
        used = len(controls)
        for word, count in reversed(modifiers):
            if word == "inv":
                operations = [cirq.inverse(one) for one in operations[::-1]]
                phase = -phase
            elif word == "pow":
                if count < 0:
                    operations = [cirq.inverse(x) for x in operations[::-1]]
                self.count(len(operations) * abs(count), line)
                operations = operations * abs(count)
                phase = phase * count
            else:
                values = controls[used - count : used]
                wires = qubits[used - count : used]
                used -= count
                operations, phase = _controlled(
                    operations, phase, wires, values
                )
        if not _is_zero(phase) and depth:
            operations = [*operations, _Phase(phase)]
        return operations

    def _known(self, name, angles, qubits):
        form = GATES[self.version][name]
        gate, phase = form.build(*angles)
        if not form.controls:
            return [gate(*qubits)], phase
        wires, own = qubits[: form.controls], qubits[form.controls :]
        values = [1] * form.controls
        return _controlled([gate(*own)], phase, wires, values)

    def _defined(self, name, angles, qubits, line, depth):
        if depth > _DEEPEST:
            raise fail(f"at most {_DEEPEST} gates within gates", "more", line)
        definition = self.defined[name]
        values = dict(zip(definition.angles, angles, strict=True))
        wires = dict(zip(definition.qubits, qubits, strict=True))
        self.tokens += len(definition.body)
        if self.tokens > _LARGEST_TOKENS:
            raise fail("gates of fewer parts", f"{name}, too often", line)
        tokens = Tokens(definition.body, definition.lines)
        operations: list[Any] = []
        while not tokens.is_done:
            operations += self.statement(tokens, values, wires, depth + 1)
        phase = sum(x.angle for x in operations if isinstance(x, _Phase))
        return [x for x in operations if not isinstance(x, _Phase)], phase

    def statement(
        self,
        tokens: Tokens,
        values: Mapping[str, Any],
        wires: Mapping[str, cirq.Qid],
        depth: int,
    ) -> list[cirq.Operation]:
        """Reads and calls one statement of a gate's body."""
        line = tokens.line
        if tokens.peek() == "barrier":
            while tokens.next("';'") != ";":
                pass
            return []
        name, angles, modifiers = self.head(tokens, values)
        qubits: list[cirq.Qid] = []
        while tokens.peek() != ";":
            if qubits:
                tokens.expect(",")
            wire = tokens.name("a qubit of the gate")
            if wire not in wires:
                raise fail("a qubit of the gate", repr(wire[:100]), line)
            qubits.append(wires[wire])
        tokens.expect(";")
        self.check_counts(name, angles, modifiers, len(qubits), line)
        return self.call(name, angles, qubits, modifiers, line, depth)

    def head(
        self, tokens: Tokens, values: Mapping[str, Any]
    ) -> tuple[str, list[Any], list[Modifier]]:
        """Reads modifiers, a gate's name and its angles."""
        modifiers = []
        while tokens.peek() in ("ctrl", "negctrl", "inv", "pow"):
            modifiers.append(self._modifier(tokens, values))
        name = tokens.name("a gate")
        angles: list[Any] = []
        if tokens.take("("):
            while tokens.take(")") is None:
                if angles:
                    tokens.expect(",")
                angles.append(read_angle(tokens, values, self.version))
        return name, angles, modifiers

    def _modifier(self, tokens, values):
        line = tokens.line
        word = tokens.next("a modifier")
        if self.version == 2:
            raise fail("a gate", f"the modifier {word!r} of version 3", line)
        count: Any = 1
        if word != "inv" and tokens.take("("):
            count = read_angle(tokens, values, self.version)
            tokens.expect(")")
            largest = _LARGEST_POWER if word == "pow" else _MOST_CONTROLS
            least = -largest if word == "pow" else 1
            is_whole = isinstance(count, (int, float)) and count == int(count)
            if not is_whole or not least <= count <= largest:
                raise fail(
                    f"a whole number from {least} to {largest} in {word}",
                    str(count)[:100],
                    line,
                )
        tokens.expect("@")
        return Modifier(word, int(count))

    def check_counts(
        self,
        name: str,
        angles: Sequence[Any],
        modifiers: Sequence[Modifier],
        qubits: int,
        line: int,
    ) -> None:
        """Raises `UserError` where a call has other counts than the gate."""
        expected = self.counts_of(name, line)
        controls = sum(
            count for word, count in modifiers if word in ("ctrl", "negctrl")
        )
        if controls > _MOST_CONTROLS:
            raise fail(f"at most {_MOST_CONTROLS} controls", controls, line)
        wanted = expected[0], expected[1] + controls
        if (len(angles), qubits) != wanted:
            raise fail(
                f"{wanted[0]} angles and {wanted[1]} qubits for {name[:100]}",
                f"{len(angles)} and {qubits}",
                line,
            )


class _Phase(NamedTuple):
    """A global phase within a gate that a text defines, in radians."""

    angle: Any


def _is_zero(phase):
    return not isinstance(phase, sympy.Basic) and (
        math.remainder(phase, math.tau) == 0
    )


def _controlled(operations, phase, wires, values):
    """Operations under controls, the phase on the last of them."""
    controlled = [
        one.controlled_by(*wires, control_values=values) for one in operations
    ]
    if _is_zero(phase):
        return controlled, 0.0
    turn = cirq.ZPowGate(exponent=half_turns(phase))
    *others, last = wires
    *before, value = values
    if value:
        one = turn(last)
        rest = 0.0
    else:  # exp(i phase) diag(1, exp(-i phase)) is diag(exp(i phase), 1)
        one = (turn**-1)(last)
        rest = phase
    if not others:
        return [*controlled, one], rest
    under = one.controlled_by(*others, control_values=before)
    if value:
        return [*controlled, under], 0.0
    more, remaining = _controlled([], phase, others, before)
    return [*controlled, under, *more], remaining
