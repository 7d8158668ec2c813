"""`UnitaryAdapter`: a unitary on the amplitudes that a matrix gives."""

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.adapters.patterns import check_blocks
from tfq_hybrid.circuits import CircuitSpec, as_circuit
from tfq_hybrid.circuits.presets import Circuit
from tfq_hybrid.errors import UserError, check_integer

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target

LARGEST = 12  # qubits
DEEPEST = 64
REAL_GATES = ("ry", "cnot", "cz", "cnot_ry")


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class UnitaryAdapter(Method):
    """Applies unitaries to the outputs of a frozen matrix, as to amplitudes.

    `U W x + b`, where `U` has diagonal blocks, the identity at first. Nothing
    is measured and nothing normalised: the map is linear, and
    `adapters.merge` makes it a part of `W`. A block of `2**qubits` features
    is the Cayley map `(I - K)^-1 (I + K)` of a trained skew-symmetric `K`.
    With `is_complex` the first half of a block are the real and the second
    half the imaginary parts of amplitudes of one qubit less, and `K` is
    skew-Hermitian.

    With a circuit a block is its unitary `C(w) C(s)^-1`, on as many
    amplitudes as it has states. The angles `s` are random and stay, and
    `w - s` is trained: the angles of the circuit, for each block its own.

    Args:
        targets: Defaults to `("query", "value")`.
        qubits: a block has `2**qubits` features, which divide the outputs of
            every target. Defaults to `None`: 5, or those of the circuit.
        is_complex: whether blocks are unitary, and not orthogonal alone.
            Defaults to `False`.
        circuit: A `CircuitSpec` that starts from amplitudes, or a preset's
            name. Without `is_complex` its gates are real, as RY, CNOT and CZ.
            Defaults to `None`: the Cayley map.
    """

    targets: tuple[str, ...] = ("query", "value")
    qubits: int | None = None
    is_complex: bool = False
    circuit: Circuit = None

    @property
    def size(self) -> str:
        """The argument that decides on how many parameters are trained."""
        return "qubits" if self.circuit is None else "depth"

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.is_complex, bool):
            raise UserError(
                "Expected is_complex to be True or False. Received: "
                f"is_complex={self.is_complex!r}"
            )
        if self.circuit is not None:
            object.__setattr__(self, "circuit", as_circuit(self.circuit))
            self._check_circuit()
        elif self.qubits is not None:
            check_integer("qubits", self.qubits, 1, LARGEST)

    def _check_circuit(self):
        circuit = self.circuit
        if self.qubits is not None:
            raise UserError(
                "Expected no qubits beside a circuit, which has its own. "
                f"Received: qubits={self.qubits!r}"
            )
        if not isinstance(circuit, CircuitSpec) or (
            not circuit.starts_from_amplitudes
        ):
            encoding = getattr(circuit, "encoding", None)
            received = (
                f"encoding={encoding!r}" if encoding else type(circuit).__name__
            )
            raise UserError(
                "Expected a CircuitSpec of encoding='amplitude', which turns "
                f"features as amplitudes. Received: {received}"
            )
        check_integer("qubits of the circuit", circuit.qubits, 1, LARGEST - 1)
        words = {*circuit.ansatz, *circuit.first_layer}
        others = sorted(words.difference(REAL_GATES))
        if others and not self.is_complex:
            raise UserError(
                f"Expected gates of {', '.join(REAL_GATES)} for blocks of real "
                "features, or is_complex=True. Received: "
                f"{', '.join(others)}"
            )

    @property
    def _spec(self) -> CircuitSpec:
        assert isinstance(self.circuit, CircuitSpec)  # `__post_init__` checked
        return self.circuit

    @property
    def block(self) -> int:
        """Features in a block."""
        if self.circuit is None:
            return 2 ** (5 if self.qubits is None else self.qubits)
        return 2 ** (self._spec.qubits + self.is_complex)

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        found = super().find(model, strict)
        check_blocks(found, self.block, side=1)
        return found

    def adapter(self, target: "Target", name: str) -> "Adapter":
        dtype = self.policy_for(target.layer)
        if self.circuit is not None:
            from tfq_hybrid.adapters.circuit_layers import CircuitRotation

            return CircuitRotation(
                self._spec, self.is_complex, dtype=dtype, name=name
            )
        from tfq_hybrid.adapters.linear_layers import Rotation

        return Rotation(self.block, self.is_complex, dtype=dtype, name=name)

    def parameters_of(self, target: "Target") -> int:
        outputs = target.sizes[1]
        if self.circuit is not None:
            return outputs // self.block * self._spec.weight_count
        if self.is_complex:
            return outputs * self.block // 4
        return outputs * (self.block - 1) // 2

    def at_size(self, size: int) -> Method:
        if self.circuit is None:
            return super().at_size(size)
        circuit = self._spec.changed(depth=size)
        return dataclasses.replace(self, circuit=circuit)

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        if self.circuit is not None:
            return range(1, DEEPEST + 1)
        found = dataclasses.replace(self, qubits=1).find(model)
        common = math.gcd(*(target.sizes[1] for target in found))
        return [n for n in range(1, LARGEST + 1) if not common % 2**n]

    @property
    def size_text(self) -> str:
        if self.circuit is None:
            return super().size_text
        return f"depth={self._spec.depth}"

    def to_dict(self) -> dict:
        found = super().to_dict()
        if self.circuit is not None:
            found["circuit"] = self._spec.to_dict()
        return found
