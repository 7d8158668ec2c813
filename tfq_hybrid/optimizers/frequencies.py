"""The frequencies of expectations in the trained symbols of a layer."""

from typing import Any

import numpy as np

from tfq_hybrid.engines.gradients.parameter_shift import gate_frequencies
from tfq_hybrid.engines.register import Register
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import QuantumDense

MOST = 32  # for each symbol: 65 values a step of Rotosolve


def frequencies_of(layer: Any) -> list[np.ndarray]:
    """The frequencies of each trained symbol, in the order of the weights.

    A gate has the differences of its eigenphases; a symbol that stands in
    several gates, all their sums and differences.

    Args:
        layer: a circuit layer or a `QuantumDense`.

    Returns:
        Sorted float arrays in radians per unit of the symbol.

    Raises:
        UserError: the batched engine does not know a gate, or a symbol has
            more than 32 frequencies.

    Example:

    >>> import cirq, sympy
    >>> from tfq_hybrid.layers import PQC
    >>> w, qubit = sympy.Symbol("w"), cirq.LineQubit(0)
    >>> circuit = cirq.Circuit(cirq.rx(w)(qubit), cirq.X(qubit) ** w)
    >>> frequencies_of(PQC(circuit, cirq.Z(qubit)))[0].round(4).tolist()
    [1.0, 2.1416, 3.1416, 4.1416]
    """
    program = (layer.pqc if isinstance(layer, QuantumDense) else layer).program
    register = Register(program.qubits, 4 if program.is_noisy else 2)
    found = {name: np.zeros(1) for name in program.weights}
    for gate in program.gates:
        if gate.symbol not in found:
            continue
        own = np.array([0.0, *gate_frequencies(gate, register)])
        sums = found[gate.symbol][:, None] + np.concatenate([own, -own])
        merged = np.unique(np.abs(sums).round(9))
        if len(merged) > MOST + 1:
            raise UserError(
                f"Expected at most {MOST} frequencies in a symbol. Received: "
                f"{len(merged) - 1} in {gate.symbol}, which stands in many "
                "gates"
            )
        found[gate.symbol] = merged
    return [one[one > 0] for one in found.values()]
