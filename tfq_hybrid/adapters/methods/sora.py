"""`SoRA`: LoRA with a sparse gate."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import register
from tfq_hybrid.adapters.methods.lora import LoRA
from tfq_hybrid.errors import UserError, is_number

if TYPE_CHECKING:
    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class SoRA(LoRA):
    """LoRA whose rank thins out while it trains.

    `W x + (alpha / rank) B (g * A x)`; after each step every entry of the gate
    `g` moves towards zero by `threshold`: Ding et al. 2023, "Sparse Low-rank
    Adaptation of Pre-trained Language Models" (arXiv 2311.11696), section 3.
    Our choice: the gate starts at ones, and the threshold is not scaled by
    the learning rate.

    Args:
        threshold: what a step takes off the gate; at 0 nothing thins out.
            Defaults to 1e-3.
    """

    threshold: float = 1e-3

    def __post_init__(self):
        super().__post_init__()
        if not is_number(self.threshold) or self.threshold < 0:
            raise UserError(
                "Expected threshold to be a number, at least 0. Received: "
                f"threshold={self.threshold!r}"
            )

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.classical_layers import GatedLowRank

        return GatedLowRank(
            target.sizes[1],
            self.rank,
            threshold=self.threshold,
            scale=self.scale,
            dropout=self.dropout,
            dtype=self.policy_for(target.layer),
            name=name,
        )

    def parameters_of(self, target: "Target") -> int:
        return super().parameters_of(target) + self.rank
