"""`LoRA`: a low-rank matrix beside a frozen one."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import check_integer, check_number, check_share

if TYPE_CHECKING:
    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class LoRA(Method):
    """Trains a matrix of low rank beside each targeted one.

    `W x + (alpha / rank) B A x` with `B` zero at first: Hu et al. 2022, "LoRA:
    Low-Rank Adaptation of Large Language Models" (arXiv 2106.09685), section
    4.1. `A` is He uniform, as in Keras.

    Args:
        targets: Defaults to `("query", "value")`, as in the paper.
        rank: features between the two matrices. Defaults to 8.
        alpha: scale of the output, over the rank. Defaults to `None`: the rank,
            so that the factor is 1.
        dropout: dropout rate of the input. Defaults to 0.

    Example:

    >>> LoRA(rank=4).to_dict()["targets"]
    ['query', 'value']
    """

    targets: tuple[str, ...] = ("query", "value")
    rank: int = 8
    alpha: float | None = None
    dropout: float = 0.0

    size = "rank"

    def __post_init__(self):
        super().__post_init__()
        check_integer("rank", self.rank, minimum=1)
        check_share("dropout", self.dropout)
        if self.alpha is not None:
            check_number("alpha", self.alpha)

    @property
    def scale(self) -> float:
        """The factor `alpha / rank`."""
        return 1.0 if self.alpha is None else self.alpha / self.rank

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.classical_layers import LowRank

        return LowRank(
            target.sizes[1],
            self.rank,
            self.scale,
            self.dropout,
            dtype=self.policy_for(target.layer),
            name=name,
        )

    def parameters_of(self, target: "Target") -> int:
        return self.rank * sum(target.sizes)
