"""What hostile Cirq files are made of, and how they are refused."""

import json
import time

import cirq
import pytest
from sympy.parsing import sympy_parser

from tfq_hybrid.circuits.cirq_json import read_cirq
from tfq_hybrid.errors import UserError

Q = cirq.LineQubit(0)
CODE = "__import__('pathlib').Path('{}').touch()"
SECONDS = 5  # for a refusal, on a busy machine


@pytest.fixture(autouse=True)
def no_evaluation(monkeypatch):
    """Whatever evaluates a text raises an error that is no `Exception`.

    SymPy's `sympify` hands every text to `parse_expr`.
    """

    class EvaluatedError(BaseException):
        pass

    def refuse(*args, **kwargs):
        raise EvaluatedError(args)

    monkeypatch.setattr(cirq, "read_json", refuse)
    monkeypatch.setattr(sympy_parser, "parse_expr", refuse)
    monkeypatch.setattr(sympy_parser, "eval_expr", refuse)
    began = time.process_time()
    yield
    assert time.process_time() - began < SECONDS


def refused(content, match=None):
    with pytest.raises(UserError, match=match) as raised:
        read_cirq(json.dumps(content))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 700
    with pytest.raises(UserError):
        read_cirq(content)


def named(cirq_type, **fields):
    return {"cirq_type": cirq_type, **fields}


def call(kind, *args):
    return named(f"sympy.{kind}", args=list(args))


def integer(value):
    return named("sympy.Integer", i=value)


def rational(p, q):
    return named("sympy.Rational", p=p, q=q)


SYMBOL = named("sympy.Symbol", name="x")
QUBIT = named("LineQubit", x=0)


def angle(value):
    """A gate with an angle."""
    return named("XPowGate", exponent=value, global_shift=0.0)


def operation(gate):
    return named("GateOperation", gate=gate, qubits=[QUBIT])


def circuit(*operations, kind="Circuit"):
    moments = [named("Moment", operations=[o]) for o in operations]
    return named(kind, moments=moments)


def subcircuit(inner, repetitions=1, **changes):
    fields = {
        "circuit": inner,
        "repetitions": repetitions,
        "qubit_map": [],
        "measurement_key_map": {},
        "param_resolver": named("ParamResolver", param_dict=[]),
        "repetition_ids": None,
        "use_repetition_ids": False,
    }
    return named("CircuitOperation", **{**fields, **changes})


def resolver(*pairs):
    return named("ParamResolver", param_dict=[list(p) for p in pairs])


FROZEN = circuit(operation(angle(SYMBOL)), kind="FrozenCircuit")
MATRIX = [[1, 0], [0, 1]]


def deep_tags(levels):
    content = operation(angle(1))
    for _ in range(levels):
        content = named("TaggedOperation", sub_operation=content, tags=[])
    return content
