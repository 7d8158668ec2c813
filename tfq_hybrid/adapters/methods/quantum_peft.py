"""`QuantumPEFT`: a change of weights from the columns of two circuits."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import check_integer, check_number

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target

DEEPEST = 64


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class QuantumPEFT(Method):
    """Trains the angles of two circuits, whose columns change a matrix.

    `W x + alpha U diag(s) V^T x`, where `U` and `V` are the first `rank`
    columns of the unitaries of RY on all `ceil(log2(width))` qubits and
    `depth` layers of CZ and RY on even pairs, then on odd ones, cut to the
    width; `s` is zero and the angles random at first: Koike-Akino et al. 2025,
    "Quantum-PEFT: Ultra parameter-efficient fine-tuning" (arXiv 2503.05431),
    section 3. The circuits run on `rank` basis states in a step, whatever the
    tokens, and are simulated; nothing is measured, and `adapters.merge` makes
    the change a part of `W`.

    Args:
        targets: Defaults to `("query", "value")`.
        rank: columns of each unitary. Defaults to 8.
        depth: layers of each circuit. Defaults to 1.
        alpha: scale of what is added. Defaults to 1.
    """

    targets: tuple[str, ...] = ("query", "value")
    rank: int = 8
    depth: int = 1
    alpha: float = 1.0

    size = "depth"

    def __post_init__(self):
        super().__post_init__()
        check_integer("rank", self.rank, minimum=1)
        check_integer("depth", self.depth, 1, DEEPEST)
        check_number("alpha", self.alpha)

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        found = super().find(model, strict)
        for target in found:
            check_integer("rank", self.rank, 1, min(target.sizes))
        return found

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.circuit_layers import CircuitProduct

        return CircuitProduct(
            target.sizes[1],
            self.rank,
            self.depth,
            self.alpha,
            dtype=self.policy_for(target.layer),
            name=name,
        )

    def parameters_of(self, target: "Target") -> int:
        from tfq_hybrid.adapters.circuit_layers import angle_count, qubits_for

        qubits = map(qubits_for, target.sizes)
        angles = sum(angle_count(n, self.depth) for n in qubits)
        return angles + self.rank

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        return range(1, DEEPEST + 1)
