"""`OFT`: inputs turned in blocks."""

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.adapters.patterns import check_blocks
from tfq_hybrid.errors import check_integer

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class OFT(Method):
    """Turns the inputs of a frozen matrix, in blocks of features.

    `W Q x` with an orthogonal `Q` of diagonal blocks, the Cayley map
    `(I - K)^-1 (I + K)` of a trained skew-symmetric `K` that is zero at first:
    Qiu et al. 2023, "Controlling Text-to-Image Diffusion by Orthogonal
    Finetuning" (arXiv 2306.07280), section 3.3. Exact, where PEFT's default
    is a series that is not orthogonal.

    Args:
        targets: Defaults to `("query", "value")`.
        block: features in a block, which divide the inputs of every target.
            Defaults to 32.
    """

    targets: tuple[str, ...] = ("query", "value")
    block: int = 32

    size = "block"

    def __post_init__(self):
        super().__post_init__()
        check_integer("block", self.block, minimum=2)

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        found = super().find(model, strict)
        check_blocks(found, self.block, side=0)
        return found

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.linear_layers import Rotation

        return Rotation(
            self.block,
            place="before",
            dtype=self.policy_for(target.layer),
            name=name,
        )

    def parameters_of(self, target: "Target") -> int:
        return target.sizes[0] * (self.block - 1) // 2

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        found = Method.find(self, model)
        common = math.gcd(*(target.sizes[0] for target in found))
        return [n for n in range(2, common + 1) if not common % n]
