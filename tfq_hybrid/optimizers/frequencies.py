"""`frequencies_of`: the frequencies of a layer's trained symbols."""

from typing import Any

import numpy as np

from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.gradients.parameter_shift import gate_frequencies
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.layers.circuit_layer import CircuitLayer

# More of one symbol take too many evaluations to be of use.
_MOST = 200


def frequencies_of(layer: Any, degree: int = 1) -> list[list[float]]:
    """The frequencies of expectations in each trained symbol of a layer.

    A gate has the differences of its generator's eigenvalues; a symbol in
    several gates has their sums and differences too. Gates that no operator
    feels are left out.

    Args:
        layer: a `CircuitLayer`, or a layer with one as `pqc`.
        degree: of the function as a polynomial in the expectations: 1 for
            their sums, 2 for their squares, as of a mean squared error.
            Defaults to 1.

    Returns:
        Sorted lists in radians per unit of the symbol, in the order of the
        layer's weights. Empty ones are of symbols without effect.

    Raises:
        UserError: the layer has no circuit, the batched engine does not know a
            gate, an angle is not linear in a symbol, or a symbol has more than
            200 frequencies.

    Example:

    >>> import cirq, sympy
    >>> from tfq_hybrid.layers import PQC
    >>> a, s = sympy.symbols("a s")
    >>> qubits = cirq.LineQubit.range(2)
    >>> circuit = cirq.Circuit(cirq.rx(a)(qubits[0]), cirq.X(qubits[1]) ** s)
    >>> circuit += cirq.rx(a)(qubits[0])
    >>> layer = PQC(circuit, [cirq.Z(qubit) for qubit in qubits])
    >>> [np.round(own, 4).tolist() for own in frequencies_of(layer)]
    [[1.0, 2.0], [3.1416]]
    """
    check_integer("degree", degree, minimum=1)
    program = circuit_layer_of(layer).program
    engine = BatchedEngine(program)
    _, own, relevant = engine.with_own_symbols()
    result = []
    for name in program.weights:
        gates = [gate for gate in own.gates if gate.symbol == name]
        found = np.zeros(1)
        for gate in gates:
            if id(gate) in relevant:
                rates = gate_frequencies(gate, engine.register)
                found = _sums(found, _both_ways(rates), name)
        whole = np.zeros(1)
        for _ in range(degree):
            whole = _sums(whole, found, name)
        result.append(whole[whole > 1e-9].tolist())
    return result


def circuit_layer_of(layer: Any) -> CircuitLayer:
    """A circuit layer itself, or the one that a layer has as `pqc`.

    Raises:
        UserError: there is none.
    """
    found = getattr(layer, "pqc", layer)
    if not isinstance(found, CircuitLayer):
        raise UserError(
            f"Expected a layer with a circuit. Received: {type(layer).__name__}"
        )
    return found


def _both_ways(rates):
    return np.concatenate([[0.0], rates, np.negative(rates)])


def _sums(some, others, name):
    """All sums of two sets of frequencies, each once."""
    sums = np.add.outer(some, others).reshape(-1)
    _, first = np.unique(sums.round(9), return_index=True)
    if len(first) > 2 * _MOST + 1:
        raise UserError(
            f"Expected at most {_MOST} frequencies of a symbol. Received: "
            f"{len(first) // 2} of {name!r}"
        )
    return sums[first]
