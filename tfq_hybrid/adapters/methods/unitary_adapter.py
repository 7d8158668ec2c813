"""`UnitaryAdapter`: a unitary on the amplitudes that a matrix gives."""

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.adapters.patterns import check_blocks
from tfq_hybrid.errors import UserError, check_integer

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target

LARGEST = 12  # qubits


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class UnitaryAdapter(Method):
    """Applies unitaries to the outputs of a frozen matrix, as to amplitudes.

    `U W x + b`, where `U` has diagonal blocks of `2**qubits` features: the
    Cayley map `(I - K)^-1 (I + K)` of a trained skew-symmetric `K`, zero at
    first. With `is_complex` the first half of a block are the real and the
    second half the imaginary parts of amplitudes of one qubit less, and `K` is
    skew-Hermitian. Nothing is measured and nothing normalised: the map is
    linear, and `adapters.merge` makes it a part of `W`.

    Args:
        targets: Defaults to `("query", "value")`.
        qubits: a block has `2**qubits` features, which divide the outputs of
            every target. Defaults to 5.
        is_complex: whether blocks are unitary, and not orthogonal alone.
            Defaults to `False`.
    """

    targets: tuple[str, ...] = ("query", "value")
    qubits: int = 5
    is_complex: bool = False

    size = "qubits"

    def __post_init__(self):
        super().__post_init__()
        check_integer("qubits", self.qubits, 1, LARGEST)
        if not isinstance(self.is_complex, bool):
            raise UserError(
                "Expected is_complex to be True or False. Received: "
                f"is_complex={self.is_complex!r}"
            )

    @property
    def block(self) -> int:
        """Features in a block."""
        return 2**self.qubits

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        found = super().find(model, strict)
        check_blocks(found, self.block, side=1)
        return found

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.linear_layers import Rotation

        return Rotation(
            self.block,
            self.is_complex,
            dtype=self.policy_for(target.layer),
            name=name,
        )

    def parameters_of(self, target: "Target") -> int:
        outputs = target.sizes[1]
        if self.is_complex:
            return outputs * self.block // 4
        return outputs * (self.block - 1) // 2

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        found = dataclasses.replace(self, qubits=1).find(model)
        common = math.gcd(*(target.sizes[1] for target in found))
        return [n for n in range(1, LARGEST + 1) if not common % 2**n]
