"""What the methods with a circuit share."""

import dataclasses

from tfq_hybrid.circuits import CircuitSpec, as_circuit
from tfq_hybrid.circuits.presets import Circuit
from tfq_hybrid.config.fields import choice
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import UserError, check_choice

LARGEST = {"qubits": 20, "depth": 64}


@dataclasses.dataclass(frozen=True, kw_only=True)
class WithCircuit:
    """The fields `circuit` and `engine`.

    The size is in qubits, or in layers where the circuit starts from
    amplitudes: then the width of what it reads decides on the qubits.
    """

    circuit: Circuit = "qffn"
    engine: str = choice("auto", ENGINES)

    @property
    def size(self):
        """The argument of the circuit that decides on its parameters."""
        amplitudes = self.circuit is None or self.circuit.starts_from_amplitudes
        return "depth" if amplitudes else "qubits"

    def __post_init__(self):
        super().__post_init__()
        if self.circuit is not None:
            object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("engine", self.engine, ENGINES)

    def circuit_for(self, width):
        """The circuit that reads features of a width."""
        return self.circuit

    def dense(self, circuit, units, dtype, **options):
        """The `QuantumDense` of an adapter."""
        from tfq_hybrid.layers import QuantumDense

        options |= {"engine": self.engine, "dtype": dtype, "name": "dense"}
        return QuantumDense(units, circuit, **options)

    def circuits(self, model):
        found = self.find(model)
        return [self.circuit_for(target.sizes[1]) for target in found]

    def at_size(self, size):
        if not isinstance(self.circuit, CircuitSpec):
            raise UserError(
                "Expected a CircuitSpec, whose qubits can be chosen. "
                f"Received: {type(self.circuit).__name__}"
            )
        circuit = self.circuit.changed(**{self.size: size})
        return dataclasses.replace(self, circuit=circuit)

    def largest_size(self, model):
        return LARGEST[self.size]

    @property
    def size_text(self):
        return f"{self.size}={getattr(self.circuit, self.size)}"

    def to_dict(self):
        circuit = None if self.circuit is None else self.circuit.to_dict()
        return {**super().to_dict(), "circuit": circuit}


def circuit_parameters(circuit, inputs, units, use_bias=True):
    """Parameters of a `QuantumDense` with that circuit, an int."""
    down = 0
    if not circuit.starts_from_amplitudes:
        down = (inputs + use_bias) * circuit.feature_count
    up = (circuit.observable_count + use_bias) * units
    return down + len(circuit.weights) + up
