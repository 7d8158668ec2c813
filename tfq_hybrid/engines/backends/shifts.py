"""The parameter-shift rule for the operations of a Cirq circuit."""

import dataclasses
from collections.abc import Sequence

import cirq
import numpy as np

from tfq_hybrid.engines.batched.lowering import lower_operation
from tfq_hybrid.engines.gradients.parameter_shift import (
    gate_frequencies,
    parameter_shift,
)
from tfq_hybrid.engines.gradients.shifts import Shift
from tfq_hybrid.engines.register import Register
from tfq_hybrid.errors import UserError


@dataclasses.dataclass(frozen=True)
class OwnSymbol:
    """A symbol of one operation, and how its shifts give a derivative.

    Attributes:
        name: in the circuit where each operation has symbols of its own.
        symbol: which it stood for.
        shifts: their rule.
    """

    name: str
    symbol: str
    shifts: list[Shift]


def with_own_symbols(
    circuit: cirq.Circuit, symbols: Sequence[str]
) -> tuple[cirq.Circuit, list[OwnSymbol]]:
    """A circuit where each operation has symbols of its own, and their rules.

    A rule holds for one operation at a time: the derivative by a symbol is the
    sum over the operations that have it. It holds behind measurements and
    under classical control too, as an expectation is linear in what an
    operation does to a density matrix.

    Args:
        circuit: its sub-circuits are unrolled.
        symbols: those to derive by; the others stay as they are.

    Raises:
        UserError: the spectrum of an operation is not known.

    Example:

    >>> import sympy
    >>> qubit, x = cirq.LineQubit(0), sympy.Symbol("x")
    >>> twice = cirq.Circuit(cirq.rx(x)(qubit), cirq.ry(2 * x)(qubit))
    >>> _, own = with_own_symbols(twice, ["x"])
    >>> [(one.name, len(one.shifts)) for one in own]
    [('x/0', 2), ('x/1', 2)]
    """
    wanted, own = {*symbols}, []
    moments, place = [], 0
    for moment in circuit:
        operations = []
        for operation in moment:
            names = sorted(cirq.parameter_names(operation) & wanted)
            new = {name: f"{name}/{place}" for name in names}
            for name in names:
                shifts = parameter_shift(_frequencies(operation, name))
                own.append(OwnSymbol(new[name], name, shifts))
            if names:
                renamed = cirq.resolve_parameters_once(operation, new)
                operation = renamed
                place += 1
            operations.append(operation)
        moments.append(cirq.Moment(operations))
    return cirq.Circuit(moments), own


def _frequencies(operation: cirq.Operation, symbol: str) -> list[float]:
    """Of an expectation in one operation's symbol, radians per unit."""
    plain = operation.without_classical_controls()
    if isinstance(plain.untagged, cirq.CircuitOperation):
        raise UserError(
            "Expected no symbol in a sub-circuit whose repetitions a "
            "measurement decides: no shift rule holds there. Received: "
            f"{symbol} in {str(plain)[:80]}. Use "
            "differentiator='central_difference' or 'spsa'"
        )
    gates = lower_operation(plain, plain.qubits)
    register = Register(len(plain.qubits))
    found = np.zeros(1)
    for gate in gates:  # of a product: sums and differences of theirs
        if gate.symbol == symbol:
            steps = np.array([0.0, *gate_frequencies(gate, register)])
            steps = np.concatenate([steps, -steps])
            found = np.unique(np.add.outer(found, steps).round(9))
    return found[found > 0].tolist()
