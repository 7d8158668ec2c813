"""Circuits: specs, custom circuits, and Cirq's own JSON."""

import json

import cirq
import sympy

from tests.fuzz.mutations.attacks import CIRCUITS, CIRQ
from tests.fuzz.target import Target
from tfq_hybrid.circuits import (
    PRESETS,
    CircuitSpec,
    CustomCircuit,
    as_circuit,
)
from tfq_hybrid.cli.given import read_circuit


def corpus():
    """One of each kind of file, with the gates that people use."""
    specs = [
        CircuitSpec(qubits=2, encoding="iqp"),
        CircuitSpec(
            qubits=3,
            depth=1,
            ansatz=("rx", "cz"),
            reuploads=2,
            share_weights=True,
            observables=("Z0", "X1*Y2"),
        ),
        PRESETS["ionq"],
        PRESETS["hyqut_ring"],
    ]
    customs = [CustomCircuit(circuit) for circuit in circuits()]
    custom = CustomCircuit(
        circuits()[0],
        operators=[
            cirq.X(cirq.LineQubit(0)) * cirq.Z(cirq.LineQubit(1)),
            0.5 * cirq.Z(cirq.LineQubit(0)) + 2,
        ],
        scaling="identity",
    )
    found = [spec.to_json() for spec in specs]
    found += [json.dumps(each.to_dict()) for each in (custom, *customs)]
    found += [cirq.to_json(circuit) for circuit in circuits()]
    return [{"circuit.json": text.encode()} for text in found]


def circuits():
    """Cirq circuits whose symbols are features and weights."""
    x, y, w, v = sympy.symbols("x0 x1 w0 w1")
    a, b, c = cirq.LineQubit.range(3)
    p, q = cirq.GridQubit.rect(1, 2)
    n, m = cirq.NamedQubit.range(2, prefix="q")
    inner = cirq.FrozenCircuit(cirq.rx(x)(a), cirq.ry(w)(b), cirq.CNOT(a, b))
    return [
        cirq.Circuit(cirq.rx(x)(a), cirq.ry(2 * w)(b), cirq.CNOT(a, b)),
        cirq.Circuit(
            cirq.H(p),
            cirq.rz(x + sympy.pi / 2)(p),
            cirq.CZ(p, q) ** (w / 2),
            cirq.ISWAP(p, q) ** -0.5,
            cirq.XX(p, q) ** (v * y),
            cirq.T(q).with_tags("own"),
        ),
        cirq.Circuit(
            cirq.rx(x)(n),
            cirq.ry(w)(m).controlled_by(n),
            cirq.SWAP(n, m),
            cirq.PhasedXPowGate(phase_exponent=0.25, exponent=v)(n),
            cirq.FSimGate(0.5, w)(n, m),
        ),
        cirq.Circuit(
            cirq.CircuitOperation(inner, repetitions=2),
            cirq.rz(y)(c),
            cirq.CCX(a, b, c),
        ),
    ]


def hostile():
    """A good circuit with each of the attacks where a number is due."""
    gate = cirq.to_json(circuits()[0], indent=None)
    rads = '{"cirq_type": "sympy.Symbol", "name": "x0"}'
    found = []
    for value in CIRQ:
        attack = json.dumps(value)
        evil = gate.replace(rads, attack, 1)
        custom = {"circuit": evil, "operators": json.dumps([value])}
        found += [attack, evil, json.dumps({**custom, "weights": ["w0"]})]
        found.append(json.dumps({"circuit": gate, "operators": attack}))
    found += [json.dumps(value) for value in CIRCUITS]
    return [{"circuit.json": text.encode()} for text in found]


def names():
    """What Cirq's JSON may name, and its fields."""
    resolver = cirq.protocols.json_serialization.DEFAULT_RESOLVERS
    kinds = [
        name
        for module in (cirq, sympy)
        for name in dir(module)
        if name[0].isupper()
    ]
    kinds += [f"sympy.{name}" for name in kinds if hasattr(sympy, name)]
    known = ["sympy.pi", "sympy.E", "VAL", "REF", "_SerializedContext"]
    return sorted({*kinds, *known}) if resolver else known


def reader():
    """As `--circuit` reads it, and what it wrote once more."""

    def read(folder, changed, random):
        circuit = as_circuit(read_circuit(str(folder / "circuit.json")))
        again = as_circuit(circuit.to_dict())
        assert type(again) is type(circuit)
        assert circuit.qubits == again.qubits

    return read


TARGET = Target(
    corpus,
    reader,
    attacks=[*CIRQ, *CIRCUITS],
    hostile=hostile,
    names=names,
)
