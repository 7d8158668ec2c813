import json

import cirq
import pytest
import sympy

from tfq_hybrid.circuits import CustomCircuit, as_circuit
from tfq_hybrid.errors import UserError

A, B = cirq.LineQubit.range(2)
X, W = sympy.symbols("x w")
CIRCUIT = cirq.Circuit(cirq.rx(X)(A), cirq.CNOT(A, B), cirq.ZZ(A, B) ** W)


def test_roles_follow_the_first_letter():
    own = as_circuit(CIRCUIT)
    assert own.features == ("x",)
    assert own.weights == ("w",)
    assert own.operators == (cirq.PauliSum() + cirq.Z(A), cirq.Z(B) + 0)
    assert own.qubits == 2


def test_round_trip():
    own = CustomCircuit(CIRCUIT, operators=(cirq.X(A) + 2 * cirq.Z(B),))
    restored = as_circuit(own.to_dict())
    assert restored == own


def test_roles_can_be_given():
    own = CustomCircuit(CIRCUIT, features=("w",), weights=("x",))
    assert own.features == ("w",)


@pytest.mark.parametrize(
    "circuit,options,message",
    [
        (cirq.Circuit(cirq.rx(sympy.Symbol("t"))(A)), {}, "other symbols: t"),
        (CIRCUIT, {"features": ("x",), "weights": ()}, "other symbols: w"),
        (CIRCUIT, {"features": ("y",)}, "to be one of: w, x"),
        (cirq.Circuit(cirq.rx(W)(A)), {}, "at least one symbol"),
        (CIRCUIT + cirq.measure(A), {}, "without measurements"),
        ("no circuit", {}, "cirq.Circuit"),
    ],
)
def test_bad_circuits_are_refused(circuit, options, message):
    with pytest.raises(UserError, match=message):
        CustomCircuit(circuit, **options)


def test_as_circuit_names_the_nearest_preset():
    with pytest.raises(UserError, match="Did you mean 'qffn'"):
        as_circuit("qfn")
    with pytest.raises(UserError, match="Received: int"):
        as_circuit(3)


def test_layers_count_the_moments_of_subcircuits():
    inner = cirq.FrozenCircuit(cirq.ry(X)(A), cirq.CNOT(A, B))
    repeated = cirq.CircuitOperation(
        inner, repetitions=25, use_repetition_ids=False
    )
    outer = cirq.CircuitOperation(
        cirq.FrozenCircuit(repeated), repetitions=2, use_repetition_ids=False
    )
    assert CustomCircuit(cirq.Circuit(outer, cirq.H(B))).layers == 101
    assert CustomCircuit(CIRCUIT).layers == len(CIRCUIT)


SUBCIRCUIT = cirq.FrozenCircuit(cirq.rx(X)(A), cirq.CNOT(A, B), cirq.ry(W)(B))


@pytest.mark.parametrize(
    "options",
    [
        {"repetitions": 2},
        {"repetitions": 2, "use_repetition_ids": False},
        {"param_resolver": {"x": sympy.Symbol("x0"), "w": 0.5}},
    ],
)
def test_round_trip_of_a_subcircuit(options):
    options = {"use_repetition_ids": True, **options}
    own = as_circuit(cirq.Circuit(cirq.CircuitOperation(SUBCIRCUIT, **options)))
    assert as_circuit(own.to_dict()) == own


def test_a_value_of_a_parameter_is_no_text():
    resolver = {"x": sympy.Symbol("x0"), "w": "w0"}
    own = cirq.CircuitOperation(
        SUBCIRCUIT, param_resolver=resolver, use_repetition_ids=True
    )
    with pytest.raises(UserError, match="'w0' where a number or an expression"):
        as_circuit(json.loads(cirq.to_json(cirq.Circuit(own))))


@pytest.mark.parametrize("kind", ["sympy.Add", "sympy.Mul", "sympy.Pow"])
def test_a_file_runs_no_code(kind, tmp_path):
    """SymPy evaluates a text that stands where a number should."""
    made = tmp_path / "made"
    code = f"__import__('pathlib').Path({str(made)!r}).touch()"
    angle = {"cirq_type": kind, "args": [code, 1]}
    gate = {"cirq_type": "XPowGate", "exponent": angle, "global_shift": 0}
    content = json.loads(cirq.to_json(cirq.Circuit(cirq.X(A))))
    content["moments"][0]["operations"][0] = {
        "cirq_type": "GateOperation",
        "gate": gate,
        "qubits": [{"cirq_type": "LineQubit", "x": 0}],
    }
    with pytest.raises(UserError, match="in an expression"):
        as_circuit(content)
    assert not made.exists()
    angle["args"][0] = 2
    with pytest.raises(UserError, match="at least one symbol"):
        as_circuit(content)


@pytest.mark.parametrize(
    "change,message",
    [
        ({"circuit": "[]"}, "a list where a circuit belongs"),
        ({"circuit": 3}, "3 where a circuit belongs"),
        ({"operators": cirq.to_json(CIRCUIT)}, "where an operator belongs"),
        ({"features": "x"}, "a list of names"),
        ({"features": [3]}, "features=3"),
        ({"features": [["x"]]}, "to be one of: w, x"),
        ({"features": ["x", "x"]}, "each symbol once"),
        ({"weights": {"w": 1}}, "a list of names"),
        ({"scaling": ["pi_tanh"]}, "scaling"),
        ({"qubits": 2}, "CustomCircuit argument"),
    ],
)
def test_other_kinds_in_a_file_are_refused(change, message):
    config = CustomCircuit(CIRCUIT).to_dict()
    with pytest.raises(UserError, match=message):
        as_circuit({**config, **change})
