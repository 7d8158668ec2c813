"""`LoRA_XS`: a small matrix between singular vectors."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import check_integer, check_number

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class LoRA_XS(Method):  # noqa: N801, as in its paper
    """Trains a square matrix between singular vectors of a frozen one.

    `W x + (alpha / rank) B R A x`, where `B` are the left singular vectors of
    `W` and `A` the right ones times the largest singular values: Balazy et al.
    2024, "LoRA-XS: Low-Rank Adaptation with Extremely Small Number of
    Parameters" (arXiv 2405.17604), section 3. Our choice: `R` is zero at
    first, where the paper draws it nearly zero. Files hold `A` and `B`.

    Args:
        targets: Defaults to `("query", "value")`.
        rank: rows of the square matrix, no more than the targets have singular
            values. Defaults to 8.
        alpha: scale of the output, over the rank. Defaults to `None`: the rank.
    """

    targets: tuple[str, ...] = ("query", "value")
    rank: int = 8
    alpha: float | None = None

    size = "rank"

    def __post_init__(self):
        super().__post_init__()
        check_integer("rank", self.rank, minimum=1)
        if self.alpha is not None:
            check_number("alpha", self.alpha)

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        found = super().find(model, strict)
        for target in found:
            check_integer("rank", self.rank, 1, min(target.sizes))
        return found

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.linear_layers import SmallCore

        return SmallCore(
            target.sizes[1],
            self.rank,
            1.0 if self.alpha is None else self.alpha / self.rank,
            dtype=self.policy_for(target.layer),
            name=name,
        )

    def attach(self, targets: "list[Target]", name: str) -> None:
        super().attach(targets, name)
        for target in targets:
            target.layer.adapters[name].adopt(target.layer)

    def parameters_of(self, target: "Target") -> int:
        return self.rank**2

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        found = dataclasses.replace(self, rank=1).find(model)
        return range(1, min(min(target.sizes) for target in found) + 1)
