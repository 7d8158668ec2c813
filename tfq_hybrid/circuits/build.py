"""The Cirq circuit that a `CircuitSpec` stands for."""

from typing import TYPE_CHECKING

import lazy_loader

from tfq_hybrid.circuits.ansatz import layer_operations
from tfq_hybrid.circuits.encodings import ENCODINGS

if TYPE_CHECKING:
    import cirq
else:
    cirq = lazy_loader.load("cirq")
sympy = lazy_loader.load("sympy")


def build_circuit(spec) -> "cirq.Circuit":
    """Encoding and ansatz layers, and again for each re-upload."""
    features = [sympy.Symbol(name) for name in spec.features]
    weights = [sympy.Symbol(name) for name in spec.weights]
    encoding = ENCODINGS[spec.encoding].operations
    circuit = cirq.Circuit()
    remaining = iter(weights)
    for _ in range(1 + spec.reuploads):
        if spec.share_weights:
            remaining = iter(weights)
        circuit += encoding(spec.qids, features)
        for layer in range(spec.depth):
            circuit += layer_operations(
                spec.words(layer), spec.qids, spec.pairs(layer), remaining
            )
    # A qubit that no gate touches is one of the register all the same.
    idle = sorted(set(spec.qids) - circuit.all_qubits())
    return circuit + cirq.Circuit(cirq.I.on_each(*idle))


def symbol_names(prefix: str, count: int) -> tuple[str, ...]:
    """Zero-padded names, whose lexicographic order is the numeric one.

    TensorFlow Quantum sorts symbols as strings.
    """
    width = len(str(max(count - 1, 0)))
    return tuple(f"{prefix}_{i:0{width}d}" for i in range(count))
