"""Angles of many turns, on both engines."""

import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid.layers import ControlledPQC

QIDS = cirq.GridQubit.rect(1, 2)
X = sympy.Symbol("x")
# All are exact in float32.
ANGLES = np.array([[0.5], [1e3], [1e5], [-1e6], [2.0**22]])
CIRCUITS = {
    "radians": [cirq.rx(X)(QIDS[0]), cirq.ry(X)(QIDS[1])],
    "several rates": [cirq.rx(X)(QIDS[0]), cirq.ry(1.5 * X)(QIDS[1])],
    "half turns": [cirq.X(QIDS[0]) ** X, cirq.ZZ(*QIDS) ** (0.25 * X)],
    "controlled": [
        cirq.H(QIDS[0]),
        cirq.rx(X)(QIDS[1]).controlled_by(QIDS[0]),
        cirq.H(QIDS[0]),
    ],
}


@pytest.mark.parametrize("engine", ["batched", "tfq"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_large_angles(name, engine):
    circuit = cirq.Circuit(CIRCUITS[name], cirq.CNOT(*QIDS))
    operators = [cirq.Z(QIDS[0]), cirq.Z(QIDS[1])]
    layer = ControlledPQC(circuit, operators, engine=engine)
    simulator = cirq.Simulator(dtype=np.complex128)
    expected = [
        simulator.simulate_expectation_values(
            circuit, operators, param_resolver={"x": x}, qubit_order=QIDS
        )
        for (x,) in ANGLES
    ]
    np.testing.assert_allclose(layer(ANGLES), np.real(expected), atol=1e-4)
