"""Classical registers of OpenQASM as measurement keys, and tests of them.

A register whose bits are all measured at one place becomes one key with its
name; else each of its bits that is measured becomes a key of its own.
"""

import dataclasses

import cirq
import sympy

from tfq_hybrid.circuits.qasm.tokens import fail


@dataclasses.dataclass
class Record:
    """A classical register.

    Attributes:
        name: its key.
        size: its bits.
        whole: whether it is one key. Defaults to `False`.
        keys: the keys of single bits that are measured, by their place.
    """

    name: str
    size: int
    whole: bool = False
    keys: dict[int, str] = dataclasses.field(default_factory=dict)


class Measurements:
    """Bits that are measured one after another, with nothing in between.

    Their order does not matter: a qubit that is measured twice gives one bit.
    """

    def __init__(self) -> None:
        self._pending: dict[str, list[tuple[int, cirq.Qid]]] = {}
        self._records: dict[str, Record] = {}
        self._seen: set[tuple[str, int]] = set()

    def add(
        self, record: Record, place: int, qubit: cirq.Qid, line: int
    ) -> None:
        """Notes that a bit is measured.

        Raises:
            UserError: it has been measured before.
        """
        if (record.name, place) in self._seen:
            raise fail(
                "each bit to be measured once",
                f"{record.name}[{place}] again",
                line,
            )
        self._seen.add((record.name, place))
        self._records[record.name] = record
        self._pending.setdefault(record.name, []).append((place, qubit))

    def take(self, names: set[str]) -> list[cirq.Operation]:
        """The measurements, and makes room for the next ones.

        The names are those of all registers, which no bit's key may have.
        """
        operations = []
        for name, pairs in self._pending.items():
            record = self._records[name]
            if len(pairs) == record.size:
                record.whole = True
                qubits = [qubit for _, qubit in sorted(pairs, key=_first)]
                # One qubit may be read into several bits.
                if len(set(qubits)) == len(qubits):
                    operations.append(cirq.measure(*qubits, key=name))
                    continue
                record.whole = False
            for place, qubit in pairs:
                key = f"{name}_{place}"
                while key in names:
                    key += "_"
                names.add(key)
                record.keys[place] = key
                operations.append(cirq.measure(qubit, key=key))
        self._pending = {}
        return operations


def _first(pair):
    return pair[0]


# What a test comes to: it never holds, or wherever all of these do.
Test = list[cirq.Condition] | None


def test_of_bit(record: Record, place: int, value: int) -> Test:
    """A bit is 0 or 1; one that was not measured is 0."""
    if record.whole and record.size > 1:
        mask = 1 << (record.size - 1 - place)  # Cirq's first is the highest
        condition = cirq.BitMaskKeyCondition(
            record.name,
            target_value=mask if value else 0,
            equal_target=True,
            bitmask=mask,
        )
        return [condition]
    key = record.name if record.whole else record.keys.get(place)
    if key is None:
        return [] if value == 0 else None
    if value:
        return [cirq.KeyCondition(cirq.MeasurementKey.parse_serialized(key))]
    return [cirq.SympyCondition(sympy.Eq(sympy.Symbol(key), 0))]


def test_of_register(
    record: Record, value: int, is_equal: bool, line: int
) -> Test:
    """A register is, or is not, a number whose lowest bit is bit 0."""
    if value >= 2**record.size:
        return None if is_equal else []
    bits = [value >> place & 1 for place in range(record.size)]
    if record.whole and record.size > 1:
        if not value and not is_equal:
            key = cirq.MeasurementKey.parse_serialized(record.name)
            return [cirq.KeyCondition(key)]
        number = int("".join(map(str, bits)), 2)
        relation = sympy.Eq if is_equal else sympy.Ne
        symbol = sympy.Symbol(record.name)
        return [cirq.SympyCondition(relation(symbol, number))]
    if not is_equal:
        if record.size == 1:
            return test_of_bit(record, 0, 1 - bits[0])
        if not record.keys:
            return [] if value else None
        raise fail(
            "a register that is measured as a whole before `!=`",
            record.name,
            line,
        )
    found: list[cirq.Condition] = []
    for place, bit in enumerate(bits):
        test = test_of_bit(record, place, bit)
        if test is None:
            return None
        found += test
    return found
