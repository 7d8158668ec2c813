"""An asymmetric circuit: each qubit and each pair has a value of its own."""

import cirq
import numpy as np
import sympy

from tfq_hybrid.layers import ControlledPQC

A, B, C, D = cirq.GridQubit.rect(1, 4)
X, Y, W = sympy.symbols("x y w")
CIRCUIT = cirq.Circuit(
    cirq.ry(X)(A),
    cirq.ry(0.9)(B),
    cirq.rx(Y)(C),
    cirq.ry(2.3)(D),
    cirq.CNOT(A, B),
    cirq.CZ(B, D) ** 0.6,
    cirq.ry(W)(C),
    cirq.CNOT(A, C),
    cirq.rx(0.4)(A),
    cirq.CNOT(C, D),
    cirq.rz(0.7)(D),
)
OPERATORS = [
    *map(cirq.Z, (A, B, C, D)),
    *(cirq.Z(p) * cirq.Z(q) for p, q in ((A, B), (A, C), (B, D), (C, D))),
    cirq.X(A) * cirq.Y(D),
    cirq.Z(A) * cirq.Z(B) * cirq.Z(D),
]
VALUES = np.array([[0.4, 1.1], [2.0, -0.6]])


def layer_of(backend, repetitions):
    """A layer of the circuit; its weight is 0.7."""
    layer = ControlledPQC(
        CIRCUIT,
        OPERATORS,
        trained_symbols=["w"],
        backend=backend,
        repetitions=repetitions,
    )
    layer(VALUES[:0]) if backend is None else layer.build((None, 2))
    layer.set_weights([np.array([0.7], "float32")])
    return layer


def agrees(backend, repetitions=2_000, slack=0.0, rows=2):
    """Asserts the exact values, within 5 standard errors and the slack."""
    wanted = layer_of(None, None)(VALUES[:rows]).numpy()
    # Equal values would hide that two qubits have changed places.
    apart = np.diff(np.sort(wanted[0, :4])).min()
    assert apart > 0.1
    found = layer_of(backend, repetitions)(VALUES[:rows]).numpy()
    # A value near 1 has few shots that differ, which no normal law describes.
    errors = np.sqrt(np.maximum(1 - wanted**2, 0.01) / repetitions)
    assert np.all(np.abs(found - wanted) < 5 * errors + slack), (found, wanted)
