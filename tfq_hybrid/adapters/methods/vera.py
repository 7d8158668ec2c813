"""`VeRA`: shared random matrices, scaled by vectors."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import check_integer

if TYPE_CHECKING:
    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class VeRA(Method):
    """Trains two vectors between random matrices that stay as they are.

    `W x + b * B (d * A x)`; `b` is zero and `d` 0.1 at first, and all matrices
    of a shape share `A` and `B`: Kopiczko et al. 2024, "VeRA: Vector-based
    Random Matrix Adaptation" (arXiv 2310.11454), section 3.1. Files hold `A`
    and `B`, so that no generator has to give them again.

    Args:
        targets: Defaults to `("query", "value")`, as in the paper.
        rank: features between the two matrices. Defaults to 256.
        seed: of the random matrices. Defaults to 0.
    """

    targets: tuple[str, ...] = ("query", "value")
    rank: int = 256
    seed: int = 0

    size = "rank"

    def __post_init__(self):
        super().__post_init__()
        check_integer("rank", self.rank, minimum=1)
        check_integer("seed", self.seed, minimum=0, maximum=2**32 - 1)

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.linear_layers import VectorScaled

        return VectorScaled(
            target.sizes[1],
            self.rank,
            self.seed,
            dtype=self.policy_for(target.layer),
            name=name,
        )

    def parameters_of(self, target: "Target") -> int:
        return self.rank + target.sizes[1]
