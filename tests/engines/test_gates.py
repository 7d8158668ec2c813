import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid.engines.batched.lowering import lower_operation
from tfq_hybrid.engines.batched.slots import embed
from tfq_hybrid.errors import UserError

S = sympy.Symbol("s")
Q = cirq.LineQubit.range(3)
ONE_SYMBOL = [
    cirq.rx(S)(Q[0]),
    cirq.ry(0.3 * S + 0.2)(Q[0]),
    cirq.rz(-2 * S)(Q[0]),
    cirq.X(Q[0]) ** S,
    cirq.Y(Q[0]) ** (S / 2),
    cirq.Z(Q[0]) ** (S - 1),
    cirq.H(Q[0]) ** S,
    cirq.CNOT(Q[0], Q[1]) ** S,
    cirq.CZ(Q[1], Q[0]) ** S,
    cirq.SWAP(Q[0], Q[1]) ** S,
    cirq.ISWAP(Q[0], Q[1]) ** S,
    cirq.XX(Q[0], Q[1]) ** S,
    cirq.YY(Q[0], Q[1]) ** S,
    cirq.ZZ(Q[0], Q[1]) ** S,
    cirq.CCX(*Q) ** S,
]


@pytest.mark.parametrize("operation", ONE_SYMBOL, ids=str)
@pytest.mark.parametrize("value", [0.0, 0.7, -2.9])
def test_trig_form_is_the_unitary(operation, value):
    # Also the canary of the private members behind `_eigen_components`.
    [gate] = lower_operation(operation, Q)
    resolved = cirq.resolve_parameters(operation, {"s": value})
    np.testing.assert_allclose(
        gate.at(value), cirq.unitary(resolved), atol=1e-12
    )


PRODUCTS = [
    cirq.PhasedXPowGate(phase_exponent=S, exponent=0.3 * S)(Q[0]),
    cirq.PhasedXPowGate(phase_exponent=0.3, exponent=S, global_shift=0.2)(Q[0]),
    cirq.PhasedXZGate(
        x_exponent=S, z_exponent=2 * S, axis_phase_exponent=0.5 - S
    )(Q[0]),
    cirq.PhasedISwapPowGate(phase_exponent=S, exponent=S)(Q[0], Q[1]),
    cirq.PhasedISwapPowGate(phase_exponent=0.2, exponent=S)(Q[0], Q[1]),
    cirq.FSimGate(S, 0.5 * S)(Q[0], Q[1]),
    cirq.rx(S)(Q[0]).controlled_by(Q[1]),
    cirq.rx(S)(Q[0]).controlled_by(Q[2], Q[1], control_values=[0, 1]),
    cirq.PhasedXPowGate(phase_exponent=S)(Q[0]).controlled_by(Q[2]),
    cirq.ControlledGate(cirq.ZZ**S)(*Q),
    cirq.CircuitOperation(
        cirq.FrozenCircuit(cirq.rx(S)(Q[0]), cirq.CNOT(*Q[:2])),
        repetitions=2,
        use_repetition_ids=False,
        qubit_map={Q[0]: Q[2]},
    ),
    cirq.CSWAP(*Q),
    cirq.TwoQubitDiagonalGate([S, 0, 0, 1])(Q[0], Q[1]),
    cirq.MatrixGate(cirq.testing.random_unitary(4, random_state=0))(*Q[1:]),
    cirq.givens(S)(Q[1], Q[0]),
    cirq.rx(sympy.pi / 3)(Q[0]),
    cirq.rx(S - S + 0.4)(Q[0]),
    cirq.PauliStringPhasor(cirq.X(Q[0]) * cirq.Y(Q[2]), exponent_neg=S),
]


@pytest.mark.parametrize("operation", PRODUCTS, ids=str)
def test_products_are_the_unitary_up_to_a_phase(operation):
    matrix = np.eye(8)
    for gate in lower_operation(operation, Q):
        [full] = embed(gate.at(0.7)[np.newaxis], gate.qubits, 3)
        matrix = full @ matrix
    resolved = cirq.resolve_parameters(operation, {"s": 0.7})
    circuit = cirq.Circuit(map(cirq.I, Q), resolved)
    expected = circuit.unitary(qubit_order=Q)
    cirq.testing.assert_allclose_up_to_global_phase(matrix, expected, atol=1e-7)


def test_a_sum_of_symbols_is_a_gate_for_each():
    a, b = sympy.symbols("a b")
    operation = cirq.ISWAP(*Q[:2]) ** (0.5 * a - 2 * b + 0.3)
    gates = lower_operation(operation, Q)
    assert [gate.symbol for gate in gates] == ["a", "b"]
    matrix = gates[1].at(-0.4) @ gates[0].at(0.7)
    resolved = cirq.resolve_parameters(operation, {"a": 0.7, "b": -0.4})
    np.testing.assert_allclose(matrix, cirq.unitary(resolved), atol=1e-12)


def test_flags():
    def lowered(operation):
        [gate] = lower_operation(operation, Q)
        return gate

    assert lowered(cirq.rz(S)(Q[0])).is_diagonal
    assert not lowered(cirq.rx(S)(Q[0])).is_diagonal
    assert lowered(cirq.ry(S)(Q[0])).is_real
    assert not lowered(cirq.rz(S)(Q[0])).is_real
    for permutation in (cirq.CNOT(Q[0], Q[1]), cirq.CZ(Q[0], Q[1])):
        assert lowered(permutation).is_permutation
    assert not lowered(cirq.rx(S)(Q[0])).is_permutation
    assert not lowered(cirq.S(Q[0])).is_permutation


@pytest.mark.parametrize(
    "operation",
    [
        cirq.rx(S * sympy.Symbol("t"))(Q[0]),
        cirq.rx(S**2)(Q[0]),
        cirq.XPowGate(dimension=3)(cirq.LineQid(0, 3)),
        cirq.measure(Q[0]),
        cirq.depolarize(0.1)(Q[0]),
    ],
    ids=str,
)
def test_other_operations_are_refused(operation):
    with pytest.raises(UserError, match="Expected"):
        lower_operation(operation, Q)
