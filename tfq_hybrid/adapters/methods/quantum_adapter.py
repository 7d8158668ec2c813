"""`QuantumAdapter`: a circuit after a frozen block."""

import dataclasses
import math
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.adapters.with_circuit import WithCircuit, circuit_parameters
from tfq_hybrid.circuits import ENTANGLEMENTS, as_circuit, preset
from tfq_hybrid.circuits.presets import Circuit
from tfq_hybrid.config.fields import choice
from tfq_hybrid.errors import UserError, check_choice, check_integer

if TYPE_CHECKING:
    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target
    from tfq_hybrid.circuits import CircuitSpec, CustomCircuit


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class QuantumAdapter(WithCircuit):
    """Trains a circuit after the attention and feed-forward blocks.

    With amplitudes, `y + U <Z>(y / |y|)` on the output `y` of a block, before
    the residual: the output is the state that the circuit starts from, and
    a projection `U` without bias, zero at first, leads back. That is QAA
    (arXiv 2509.16244), `n + n d` parameters a place for `n` qubits and width
    `d` at one layer. Our choice: the adapter reads what the block gave, and
    not what it was given.

    With angles, `y + U <Z>(D y)`: a projection `D` to the circuit's features
    comes first, and both projections have a bias.

    Args:
        circuit: The circuit, as for `as_circuit`. Defaults to `None`: qaa, on
            as many qubits as the width asks for, ceil(log2 d).
        depth: layers of the default circuit, n angles each. Defaults to 1.
        entanglement: a name in `ENTANGLEMENTS`, of the default circuit.
            Defaults to `"linear"`, neighbours, as in the paper.
        targets: `"attention"` and `"ffn"` stand for the last Dense layer of
            each. Defaults to both.
        engine: What runs the circuits. Defaults to `"auto"`.
    """

    targets: tuple[str, ...] = ("attention", "ffn")
    circuit: Circuit = None
    depth: int = 1
    entanglement: str = choice("linear", ENTANGLEMENTS)

    groups = {"attention": ("output",), "ffn": ("down",)}

    def __post_init__(self):
        super().__post_init__()
        check_integer("depth", self.depth, minimum=1)
        check_choice("entanglement", self.entanglement, ENTANGLEMENTS)
        own = (self.depth, self.entanglement)
        if self.circuit is not None and own != (1, "linear"):
            raise UserError(
                "Expected no depth and no entanglement beside a circuit, which "
                f"has its own. Received: depth={self.depth}, "
                f"entanglement={self.entanglement!r}"
            )

    def circuit_for(self, width: int) -> "CircuitSpec | CustomCircuit":
        """The circuit after a block of a width."""
        if self.circuit is not None:
            return as_circuit(self.circuit)
        qubits = max(1, math.ceil(math.log2(width)))
        return preset(
            "qaa",
            qubits=qubits,
            depth=self.depth,
            entanglement=self.entanglement,
        )

    def at_size(self, size: int) -> Method:
        if self.circuit is None:
            return dataclasses.replace(self, depth=size)
        return super().at_size(size)

    @property
    def size_text(self) -> str:
        return (
            f"depth={self.depth}" if self.circuit is None else super().size_text
        )

    def adapter(self, target: "Target", name: str) -> "Adapter":
        import keras

        from tfq_hybrid.adapters.layers import LayerAdapter

        width, dtype = target.sizes[1], self.policy_for(target.layer)
        circuit = self.circuit_for(width)
        has_bias = not circuit.starts_from_amplitudes
        dense = self.dense(circuit, width, dtype, use_bias=has_bias)
        zeros = keras.initializers.Zeros()
        dense.output_projection.kernel_initializer = zeros
        return LayerAdapter(dense, "after", dtype=dtype, name=name)

    def parameters_of(self, target: "Target") -> int:
        width = target.sizes[1]
        circuit = self.circuit_for(width)
        has_bias = not circuit.starts_from_amplitudes
        return circuit_parameters(circuit, width, width, has_bias)
