"""Files that are made to be large: nothing large is made."""

import pytest

from tests.circuits.cirq_json_blocks import (
    FROZEN,
    MATRIX,
    SYMBOL,
    angle,
    call,
    circuit,
    deep_tags,
    integer,
    named,
    operation,
    refused,
    resolver,
    subcircuit,
)
from tfq_hybrid.circuits.cirq_json import read_cirq, reader
from tfq_hybrid.errors import UserError


def nested(count, levels, **changes):
    """Sub-circuits of `count` sub-circuits each, shared by number."""
    inner = named("VAL", key=0, val=FROZEN)
    parts = [subcircuit(inner, **changes)]
    for level in range(1, levels):
        again = subcircuit(named("REF", key=level - 1), **changes)
        parts += [again] * (count - 1)
        frozen = circuit(*parts, kind="FrozenCircuit")
        parts = [subcircuit(named("VAL", key=level, val=frozen), **changes)]
    return circuit(*parts)


def shared(count, levels):
    """As many, one after another and not one within another in the JSON."""
    empty = named("FrozenCircuit", moments=[])
    parts = [subcircuit(named("VAL", key=0, val=empty))]
    for level in range(1, levels):
        again = [subcircuit(named("REF", key=level - 1))] * count
        frozen = circuit(*again, kind="FrozenCircuit")
        parts.append(subcircuit(named("VAL", key=level, val=frozen)))
    return circuit(*parts)


SUM = call("Add", named("sympy.Symbol", name="x"), 1)
SQUARE = call("Pow", SUM, integer(2))


@pytest.mark.parametrize(
    "content",
    [
        circuit(subcircuit(FROZEN, repetitions=10**9)),
        circuit(subcircuit(FROZEN, repetitions=-(10**9))),
        circuit(subcircuit(FROZEN, repetitions=10**6)),
        circuit(*[subcircuit(FROZEN, repetitions=10**5)] * 6),
        nested(2, 8, repetitions=10),
        nested(9, 12),
        nested(1, 12, repetitions=4),
        shared(2, 40),
        shared(1, 40),
        nested(1, 8, param_resolver=resolver(("x", SQUARE))),
        named("IdentityGate", num_qubits=2**31),
        named("IdentityGate", num_qubits=1, qid_shape=[2**31]),
        named("IdentityGate", num_qubits=10**30),
        named("ResetChannel", dimension=10**6),
        named("DepolarizingChannel", p=0.1, n_qubits=20),
        named(
            "AsymmetricDepolarizingChannel",
            error_probabilities={"I" * 30: 1.0},
        ),
        named("ParallelGate", sub_gate=angle(1), num_copies=10**9),
        circuit(
            *[operation(named("PhaseGradientGate", num_qubits=9, exponent=0.1))]
        ),
        circuit(
            *[
                operation(
                    named(
                        "QuantumFourierTransformGate",
                        num_qubits=1024,
                        without_reverse=False,
                    )
                )
            ]
        ),
        named("CliffordGate", n=10**6, rs=[True], xs=[[True]], zs=[[True]]),
        named(
            "CliffordGate", n=1, rs=[True] * 2, xs=[[True]] * 2, zs=[[True]] * 2
        ),
        named("MatrixGate", matrix=[[1] * 2000] * 2000, qid_shape=[2]),
        named("MatrixGate", matrix=MATRIX, qid_shape=[2] * 30),
        named("MatrixGate", matrix=[[1, 0], [0]], qid_shape=[2]),
        named("MatrixGate", matrix=[], qid_shape=[2]),
        named("MatrixGate", matrix=[[]], qid_shape=[2]),
        named("MatrixGate", matrix=[["1", 0], [0, 1]], qid_shape=[2]),
        named("KrausChannel", _kraus_ops=[[[1, 2]]], _key=None),
        named(
            "ControlledGate",
            sub_gate=angle(1),
            control_qid_shape=[2] * 100,
            control_values=named("ProductOfSums", data=[[1]] * 100),
        ),
        named(
            "ControlledGate",
            sub_gate=angle(SYMBOL),
            control_qid_shape=[2] * 20,
            control_values=named("ProductOfSums", data=[[1]] * 20),
        ),
        named(
            "ControlledGate",
            sub_gate=angle(1),
            control_qid_shape=[2] * 20,
            control_values=named("ProductOfSums", data=[[0, 1]] * 20),
        ),
        named("UniformSuperpositionGate", m_value=10**100, num_qubits=2),
        named("QubitPermutationGate", permutation=[0, 10**9]),
        named("LineQubit", x=10**100),
        [
            named(
                "GateOperation", gate=angle(1), qubits=[named("LineQubit", x=i)]
            )
            for i in range(1100)
        ],
        named("NamedQubit", name="q" * 10**6),
        circuit(named("TaggedOperation", sub_operation={}, tags=["t" * 10**5])),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_sizes_that_are_refused(content):
    refused(content)


def test_texts_that_are_too_long(monkeypatch):
    with pytest.raises(UserError, match="67,108,865 characters"):
        read_cirq(" " * (2**26 + 1))
    for content in ("[" * 10**5, deep_tags(5000)):
        with pytest.raises(UserError, match="nested"):
            read_cirq(content)
    monkeypatch.setattr(reader, "LARGEST_NODES", 1_000)
    with pytest.raises(UserError, match="more than 1,000 objects"):
        read_cirq(circuit(*[operation(angle(1))] * 400))
    identities = ["i"] * 1_000
    again = subcircuit(FROZEN, 1_000, repetition_ids=identities)
    with pytest.raises(UserError, match="more than 1,000 objects"):
        read_cirq(again)
