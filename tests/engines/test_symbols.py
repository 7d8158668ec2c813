"""Symbols of one name, and circuits that nobody can unroll."""

import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import ControlledPQC

QIDS = cirq.GridQubit.rect(1, 2)
X = sympy.Symbol("x")
REAL = sympy.Symbol("x", real=True)
CIRCUITS = {
    "sum": [cirq.rx(X + REAL)(QIDS[0])],
    "product": [cirq.ry(X * 0.5 + REAL * 0.25)(QIDS[0])],
    "two gates": [cirq.rx(X)(QIDS[0]), cirq.ry(REAL)(QIDS[0])],
    "controlled": [
        cirq.H(QIDS[0]),
        cirq.rx(X - 2 * REAL)(QIDS[1]).controlled_by(QIDS[0]),
    ],
    "sub-circuit": [
        cirq.CircuitOperation(
            cirq.FrozenCircuit(cirq.rx(X + REAL)(QIDS[0])),
            use_repetition_ids=False,
        )
    ],
}


@pytest.mark.parametrize("engine", ["batched", "tfq"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_symbols_of_one_name_are_one(name, engine):
    circuit = cirq.Circuit(CIRCUITS[name], cirq.CNOT(*QIDS))
    operators = [cirq.Z(QIDS[0]), cirq.Z(QIDS[1])]
    flat = cirq.unroll_circuit_op(circuit, deep=True, tags_to_check=None)
    expected = cirq.Simulator(dtype=np.complex128).simulate_expectation_values(
        cirq.resolve_parameters(flat, {"x": 0.3}),
        operators,
        qubit_order=QIDS,
    )
    layer = ControlledPQC(circuit, operators, engine=engine)
    found = layer(np.array([[0.3]]))
    np.testing.assert_allclose(found, [np.real(expected)], atol=1e-5)


def test_a_symbolic_number_of_repetitions():
    inner = cirq.FrozenCircuit(cirq.rx(X)(QIDS[0]))
    repeated = cirq.CircuitOperation(
        inner, repetitions=sympy.Symbol("n"), use_repetition_ids=False
    )
    with pytest.raises(UserError, match="known number of times"):
        ControlledPQC(cirq.Circuit(repeated), cirq.Z(QIDS[0]))
