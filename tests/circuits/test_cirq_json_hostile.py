"""Files that are made to do harm: nothing in them runs."""

import copy
import json

import cirq
import pytest
import sympy

from tests.circuits import zoo
from tests.circuits.cirq_json_blocks import (
    CODE,
    FROZEN,
    MATRIX,
    QUBIT,
    SYMBOL,
    Q,
    angle,
    call,
    circuit,
    deep_tags,
    integer,
    named,
    operation,
    rational,
    refused,
    resolver,
    subcircuit,
)
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.circuits.cirq_json import read_cirq
from tfq_hybrid.circuits.cirq_json.expressions import is_symbol_name
from tfq_hybrid.errors import UserError


def places(code):
    """Contents with a text, or a key, where SymPy or Cirq would run it."""
    key = {code: 1}
    atoms = [
        code,
        key,
        [code],
        named("sympy.Symbol", name=code),
        named("sympy.Symbol", name="x", assumptions={code: True}),
        named("sympy.Symbol", name="x", assumptions=code),
        integer(code),
        integer(key),
        rational(code, 1),
        rational(1, code),
        rational(key, 1),
        named("sympy.Float", approx=code),
        named("sympy.Float", approx=key),
        named("complex", real=code, imag=0),
    ]
    atoms += [
        call(kind, *args)
        for kind in "Add Mul Pow Not Xor And Or Indexed IndexedBase Equality "
        "GreaterThan StrictLessThan Unequality".split()
        for args in ((code, SYMBOL), (SYMBOL, code), (key,), (code, code))
    ]
    for atom in atoms:
        yield angle(atom)
        yield angle(call("Add", SYMBOL, atom))
        yield named("GlobalPhaseGate", coefficient=atom)
        yield subcircuit(FROZEN, param_resolver=resolver(("x", atom)))
        yield subcircuit(FROZEN, param_resolver=resolver((atom, 1)))
        yield subcircuit(FROZEN, repetitions=atom)
        yield named("WaitGate", duration=named("Duration", picos=atom))
        yield named("DiagonalGate", diag_angles_radians=[atom, 1])
        yield named("LineQubit", x=atom)
    pairs = [["x", 1]]
    yield subcircuit(FROZEN, repeat_until=named("SympyCondition", expr=SYMBOL))
    yield named(
        "ClassicallyControlledOperation",
        conditions=[
            named("SympyCondition", expr=named("sympy.Symbol", name=code))
        ],
        sub_operation=operation(angle(1)),
    )
    yield named(
        "ClassicallyControlledOperation",
        conditions=[code],
        sub_operation=operation(angle(1)),
    )
    yield named(
        "BooleanHamiltonianGate",
        parameter_names=["p"],
        boolean_strs=[code],
        theta=0.1,
    )
    yield named(
        "BooleanHamiltonian",
        qubit_map={"p": QUBIT},
        boolean_strs=[code],
        theta=0.1,
    )
    yield named("ParamResolver", param_dict=[[code, 1], *pairs])
    yield named("OpIdentifier", gate_type=code, qubits=[])
    yield named("GateFamily", gate=code, name="", description="")
    yield named("InternalGate", gate_name=code, gate_module="os", num_qubits=1)
    yield named(code)
    yield named("XPowGate", exponent=1, global_shift=0, **key)
    yield {**circuit(), "more": rational(key, 1)}
    yield {**circuit(), code: 1}


def test_nothing_in_a_file_runs(tmp_path):
    marker = tmp_path / "ran"
    for content in places(CODE.format(marker)):
        refused(content)
        wrapped = circuit(operation(angle(1)))
        wrapped["moments"].append(copy.deepcopy(content))
        refused(wrapped)
    assert not marker.exists()


def test_texts_that_nobody_evaluates(tmp_path):
    """A qubit, a tag and keys may have any name; SymPy never sees it."""
    code = CODE.format(tmp_path / "ran")
    content = circuit(
        named(
            "TaggedOperation",
            sub_operation=named(
                "GateOperation",
                gate=angle(SYMBOL),
                qubits=[named("NamedQubit", name=code)],
            ),
            tags=[code],
        ),
        subcircuit(
            FROZEN,
            repetitions=2,
            repetition_ids=[code, "b"],
            measurement_key_map={code: "k"},
            use_repetition_ids=True,
        ),
    )
    own = as_circuit(content)
    resolved = cirq.resolve_parameters(own.circuit, {"x": 0.5})
    assert not cirq.is_parameterized(cirq.unroll_circuit_op(resolved))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("f(x)", "a b", "a'b", 'a"b', "x;y", "x\ny", "1x", "", "x^9^9^9"),
        *("x-1e999999999", "x[1e99999999]", "x.1e9999999", "x,0b111", "x.y"),
        *("9**9", "x*y", "x/y", "x=y", "x:y", "x!", "x@y", "`x`", "x#y"),
        *(
            "x" * 101,
            "-x",
            "[x]",
            "x\u2028y",
            "x\u00a0y",
            "\\",
            "\\1",
            "x１[１]",
        ),
    ],
)
def test_names_of_symbols_that_are_refused(name):
    refused(angle(named("sympy.Symbol", name=name)), "name of a symbol")


@pytest.mark.parametrize(
    "name",
    ["x", "w_007", "θ", "\\theta_{1}", "x[0]", "x[0,1]", "a-3", "w.12", "_y"],
)
def test_names_of_symbols_that_are_read(name):
    gate = read_cirq(angle(named("sympy.Symbol", name=name)))
    assert gate == cirq.X ** sympy.Symbol(name)


HALF = rational(1, 2)
TOWER = integer(2)
for _ in range(6):
    TOWER = call("Pow", TOWER, integer(64))
DEEP = SYMBOL
for _ in range(40):
    DEEP = call("Add", call("Mul", 2, DEEP), 1)
WIDE = call("Add", *(named("sympy.Symbol", name=f"x{i}") for i in range(50)))
BIG = integer(2**63)


@pytest.mark.parametrize(
    "expression",
    [
        call("Pow", integer(10), integer(10**9)),
        call("Pow", integer(10), call("Pow", integer(10), integer(9))),
        call("Pow", SYMBOL, integer(10**9)),
        call("Pow", call("Add", SYMBOL, 1), integer(1000)),
        call("Pow", integer(2), SYMBOL),
        call("Pow", SYMBOL, SYMBOL),
        call("Pow", integer(10**4000), HALF),
        call("Pow", BIG, integer(64)),
        call("Pow", call("Mul", *[BIG] * 60), HALF),
        TOWER,
        DEEP,
        call("Mul", *[WIDE] * 10),
        call("Pow", WIDE, integer(20)),
        call("Mul", *[SYMBOL] * 100),
        call("Add", *[SYMBOL] * 600),
        call("Mul", *[1e300, 1e300]),
        call("Mul", SYMBOL, 1e300, 1e300),
        call("Pow", 1e300, integer(3)),
        call("Pow", integer(0), integer(-1)),
        call("Pow", call("Add", SYMBOL, call("Mul", -1, SYMBOL)), integer(-1)),
        call("Pow", integer(-1), HALF),
        call("Pow", integer(-8), rational(1, 3)),
        call("Pow", integer(2)),
        call("Pow", integer(2), integer(3), integer(4)),
        call("Add"),
        rational(1, 0),
        rational(True, 2),
        rational(1.5, 2),
        integer(2**64),
        integer(True),
        10**400,
        True,
        None,
        named("sympy.pi", args=[]),
        named("sympy.zoo"),
        named("sympy.I"),
        named(
            "sympy.Symbol", name="x", assumptions={"even": True, "odd": True}
        ),
        named("sympy.Symbol", name="x", assumptions={"commutative": False}),
        named("sympy.Symbol", name="x", real=True),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_expressions_that_are_refused(expression):
    refused(angle(expression))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_not_finite(text):
    content = json.dumps(angle(7.25)).replace("7.25", text)
    with pytest.raises(UserError, match="not finite"):
        read_cirq(content)
    with pytest.raises(UserError):
        read_cirq(angle(float(text)))


@pytest.mark.parametrize(
    "content",
    [
        None,
        3,
        "XPowGate",
        [],
        {},
        [3],
        {"cirq_type": 3},
        {"cirq_type": None},
        {"cirq_type": ["XPowGate"]},
        named("Circuit"),
        named("Circuit", moments=3),
        named("Circuit", moments=[operation(angle(1))]),
        named("Circuit", moments=[named("Moment", operations=[angle(1)])]),
        named("Circuit", moments=[], device=None),
        operation(QUBIT),
        operation(named("CXPowGate", exponent=1, global_shift=0)),
        named("XPowGate", exponent=1),
        named("_PauliX", exponent=0.5, global_shift=0),
        named("BitFlipChannel", p=2),
        named("BitFlipChannel", p=True),
        named("MixedUnitaryChannel", _mixture=[[0.5, MATRIX]], _key=None),
        named(
            "PauliString", qubit_pauli_map=[[QUBIT, angle(1)]], coefficient=1
        ),
        named("REF", key=0),
        named("REF", key=True),
        named("VAL", key=0, val=angle(1)),
        named("VAL", key=0, val=named("REF", key=0)),
        named("_ContextualSerialization", object_dag=[]),
        named("pandas.DataFrame", data=[], columns=[], index=[]),
        named("datetime.datetime", timestamp=0),
        named("ConstantQubitNoiseModel", qubit_noise_gate=angle(1), prepend=1),
        deep_tags(70),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_other_contents_that_are_refused(content):
    if content == []:
        assert read_cirq("[]") == ()
        with pytest.raises(UserError):
            read_cirq("[]", "circuit")
        return
    if isinstance(content, str):
        with pytest.raises(UserError):
            read_cirq(content)
        content = [content]
    refused(content)


@pytest.mark.parametrize(
    "expected,good",
    [
        ("circuit", cirq.Circuit(cirq.X(Q))),
        ("operators", [cirq.Z(Q), cirq.Z(Q) + 1]),
        ("noise model", cirq.NO_NOISE),
    ],
)
def test_what_stands_outermost(expected, good):
    others = [
        cirq.Circuit(cirq.X(Q)),
        cirq.FrozenCircuit(cirq.X(Q)),
        [cirq.Z(Q), cirq.Z(Q) + 1],
        [cirq.Circuit()],
        [cirq.CZ(*cirq.LineQubit.range(2))],
        cirq.NO_NOISE,
        cirq.VirtualTag(),
        Q,
        3,
        None,
        [[]],
    ]
    for other in others:
        text = cirq.to_json(other)
        if type(other) is type(good) and other == good:
            assert (
                list(read_cirq(text, expected)) == list(good)
                if (isinstance(good, list))
                else read_cirq(text, expected) == good
            )
            continue
        with pytest.raises(UserError, match=f"the JSON of a Cirq {expected}"):
            read_cirq(text, expected)
    gate = cirq.bit_flip(0.1)
    assert read_cirq(cirq.to_json(gate), "noise model") == gate


def test_a_message_says_where():
    with pytest.raises(UserError) as raised:
        read_cirq(circuit(operation(angle("1+1"))))
    assert str(raised.value) == (
        "Expected the JSON of a Cirq object. Received: a text, '1+1' where a "
        "number or an expression belongs (exponent of XPowGate)"
    )


def test_the_zoo_is_read_without_evaluation():
    for value in (zoo.GATES, zoo.OPERATIONS, zoo.NOISE_MODELS):
        read_cirq(cirq.to_json(value))


@pytest.mark.parametrize("start", ["x", "x[", "x[" * 30, "a" * 200])
def test_names_are_compared_in_linear_time(start):
    """A pattern that tries every way to read a name would have no end."""
    assert not is_symbol_name(start + "[" * 90 + "!")
    assert not is_symbol_name(start + "[0]" * 60 + "!")
