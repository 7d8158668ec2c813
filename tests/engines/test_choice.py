import cirq
import pytest
import sympy

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import (
    Program,
    check_memory,
    choose_engine,
    estimate_bytes,
)
from tfq_hybrid.errors import UserError


@pytest.fixture
def program():
    spec = CircuitSpec(qubits=2)
    return Program(spec.circuit, spec.operators, spec.features, spec.weights)


def test_auto_is_batched_where_it_can(program):
    assert choose_engine(program).name == "batched"
    assert choose_engine(program, "tfq").name == "tfq"


@pytest.mark.parametrize(
    "options,reason",
    [
        ({"repetitions": 10}, "repetitions=10"),
        ({"backend": cirq.Simulator()}, "backend of type Simulator"),
        ({"differentiator": object()}, "differentiator object"),
    ],
)
def test_auto_falls_back_and_says_why(program, options, reason):
    choice = choose_engine(program, **options)
    assert (choice.name, choice.reason) == ("tfq", reason)
    with pytest.raises(UserError, match=reason):
        choose_engine(program, "batched", **options)


def test_unknown_gates_go_to_tfq():
    qubit = cirq.GridQubit(0, 0)
    gate = cirq.PhasedXPowGate(phase_exponent=sympy.Symbol("x"))
    program = Program(cirq.Circuit(gate(qubit)), (cirq.Z(qubit),), ("x",))
    choice = choose_engine(program)
    assert choice.name == "tfq"
    assert "a gate it does not know" in str(choice)


def test_unknown_engine(program):
    with pytest.raises(UserError, match="Did you mean 'batched'"):
        choose_engine(program, "batch")


def test_beyond_memory_names_what_fits():
    with pytest.raises(UserError, match=r"nearest valid value is \d+\."):
        check_memory(qubits=60, operators=60, depth=2, batch=1024)
    # A spec is cheap, so the check must come before anything is built.
    spec = CircuitSpec(qubits=60)
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    with pytest.raises(UserError, match="qubits=60"):
        choose_engine(program)


def test_estimate_grows_with_the_state():
    small = estimate_bytes(qubits=4, operators=4, depth=2, batch=100)
    assert estimate_bytes(5, 4, 2, 100) == 2 * small


def test_symbols_need_a_source():
    spec = CircuitSpec(qubits=2)
    with pytest.raises(UserError, match="nothing feeds: w_0, w_1"):
        Program(spec.circuit, spec.operators, spec.features)
    with pytest.raises(UserError, match="operator on"):
        Program(
            spec.circuit,
            (cirq.Z(cirq.GridQubit(5, 5)),),
            spec.features,
            spec.weights,
        )
