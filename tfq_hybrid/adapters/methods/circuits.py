"""What the methods with a circuit share."""

import dataclasses

from tfq_hybrid.circuits import CircuitSpec, as_circuit
from tfq_hybrid.errors import UserError, check_choice

ENGINES = ("auto", "batched", "tfq")
LARGEST = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class WithCircuit:
    """The fields `circuit` and `engine`; the size is in qubits."""

    circuit: object = "qffn"
    engine: str = "auto"

    size = "qubits"

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("engine", self.engine, ENGINES)

    def at_size(self, size):
        if not isinstance(self.circuit, CircuitSpec):
            raise UserError(
                "Expected a CircuitSpec, whose qubits can be chosen. "
                f"Received: {type(self.circuit).__name__}"
            )
        circuit = dataclasses.replace(self.circuit, qubits=size)
        return dataclasses.replace(self, circuit=circuit)

    def largest_size(self, model):
        return LARGEST

    @property
    def size_text(self):
        return f"qubits={self.circuit.qubits}"

    def to_dict(self):
        return {**super().to_dict(), "circuit": self.circuit.to_dict()}


def circuit_parameters(circuit, inputs, units):
    """Parameters of a `QuantumDense` with that circuit, an int."""
    features, values = circuit.feature_count, len(circuit.operators)
    down = inputs * features + features
    up = values * units + units
    return down + len(circuit.weights) + up
