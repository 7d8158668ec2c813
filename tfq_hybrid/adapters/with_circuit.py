"""`WithCircuit`: the base class of methods whose circuits are measured."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfq_hybrid.adapters.method import Method
from tfq_hybrid.circuits import CircuitSpec, as_circuit
from tfq_hybrid.circuits.presets import Circuit
from tfq_hybrid.config.fields import choice
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.layers.names import READOUTS

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.circuits import CustomCircuit
    from tfq_hybrid.layers import QuantumDense

LARGEST = {"qubits": 20, "depth": 64}


@dataclasses.dataclass(frozen=True, kw_only=True)
class WithCircuit(Method):
    """The fields `circuit`, `engine` and `readout`.

    The size is in qubits, or in layers where the circuit starts from
    amplitudes: then the width of what it reads decides on the qubits.

    Args:
        readout: Whether the last projection reads the expectations as they
            are, or standardised as at initialisation. Defaults to `"plain"`.
    """

    circuit: Circuit = "qffn"
    engine: str = choice("auto", ENGINES)
    readout: str = choice("plain", READOUTS)

    @property
    def size(self) -> str:
        """The argument of the circuit that decides on its parameters."""
        if self.circuit is None:
            return "depth"
        circuit = as_circuit(self.circuit)
        return "depth" if circuit.starts_from_amplitudes else "qubits"

    def __post_init__(self):
        super().__post_init__()
        if self.circuit is not None:
            object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("engine", self.engine, ENGINES)
        check_choice("readout", self.readout, READOUTS)

    def circuit_for(self, width: int) -> "CircuitSpec | CustomCircuit":
        """The circuit that reads features of a width."""
        return as_circuit(self.circuit)

    def dense(
        self,
        circuit: "CircuitSpec | CustomCircuit",
        units: int,
        dtype: object,
        **options: Any,
    ) -> "QuantumDense":
        """The `QuantumDense` of an adapter."""
        from tfq_hybrid.layers import QuantumDense

        return QuantumDense(
            units,
            circuit,
            engine=self.engine,
            readout=self.readout,
            dtype=dtype,
            name="dense",
            **options,
        )

    def circuits(
        self, model: "keras.Model"
    ) -> "list[CircuitSpec | CustomCircuit]":
        found = self.find(model)
        return [self.circuit_for(target.sizes[1]) for target in found]

    def at_size(self, size: int) -> Method:
        if not isinstance(self.circuit, CircuitSpec):
            raise UserError(
                "Expected a CircuitSpec, whose qubits can be chosen. "
                f"Received: {type(self.circuit).__name__}"
            )
        circuit = self.circuit.changed(**{self.size: size})
        return dataclasses.replace(self, circuit=circuit)

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        return range(1, LARGEST[self.size] + 1)

    @property
    def size_text(self) -> str:
        return f"{self.size}={getattr(self.circuit, self.size)}"

    def to_dict(self) -> dict:
        found = super().to_dict()
        if self.circuit is not None:
            found["circuit"] = as_circuit(self.circuit).to_dict()
        return found


def circuit_parameters(
    circuit: "CircuitSpec | CustomCircuit",
    inputs: int,
    units: int,
    use_bias: bool = True,
) -> int:
    """Parameters of a `QuantumDense` with that circuit."""
    down = 0
    if not circuit.starts_from_amplitudes:
        down = (inputs + use_bias) * circuit.feature_count
    up = (circuit.observable_count + use_bias) * units
    return down + len(circuit.weights) + up
