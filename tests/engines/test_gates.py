import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid.engines.gates import lower_operation
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
    gate = lower_operation(operation, Q)
    angles = gate.rates * value + gate.offsets
    matrix = np.einsum("f,fij->ij", np.cos(angles), gate.cos_basis)
    matrix += np.einsum("f,fij->ij", np.sin(angles), gate.sin_basis)
    resolved = cirq.resolve_parameters(operation, {"s": value})
    np.testing.assert_allclose(matrix, cirq.unitary(resolved), atol=1e-12)


def test_flags():
    assert lower_operation(cirq.rz(S)(Q[0]), Q).is_diagonal
    assert not lower_operation(cirq.rx(S)(Q[0]), Q).is_diagonal
    assert lower_operation(cirq.ry(S)(Q[0]), Q).is_real
    assert not lower_operation(cirq.rz(S)(Q[0]), Q).is_real
    assert lower_operation(cirq.CNOT(Q[0], Q[1]), Q).is_permutation
    assert not lower_operation(cirq.CZ(Q[0], Q[1]), Q).is_permutation
    assert not lower_operation(cirq.rx(S)(Q[0]), Q).is_permutation


@pytest.mark.parametrize(
    "operation",
    [
        cirq.rx(S + sympy.Symbol("t"))(Q[0]),
        cirq.rx(S**2)(Q[0]),
        cirq.PhasedXPowGate(phase_exponent=S)(Q[0]),
        cirq.PhasedISwapPowGate(phase_exponent=S, exponent=S)(Q[0], Q[1]),
        cirq.measure(Q[0]),
        cirq.depolarize(0.1)(Q[0]),
    ],
    ids=str,
)
def test_other_operations_are_refused(operation):
    with pytest.raises(UserError, match="Expected"):
        lower_operation(operation, Q)
