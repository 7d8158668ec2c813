"""`QuanTA`: gates on axes of the features."""

import dataclasses
import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import check_integer, check_number

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target

MOST = 8  # axes


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class QuanTA(Method):
    """Trains gates on pairs of axes, into which the features are arranged.

    `W x + alpha (T x - x)` beside a square matrix, else `W (x + alpha (T x -
    x))`; `T` is a product of one gate for each pair of axes, as of a circuit
    on qudits, and the identity at first: Chen et al. 2024, "QuanTA: Efficient
    High-Rank Fine-Tuning of LLMs with Quantum-Informed Tensor Adaptation"
    (arXiv 2406.00132), section 4. `T - I` stands for the paper's difference
    to a frozen copy of `T`. A width that is no such product is filled up with
    zeros.

    Args:
        targets: Defaults to `("query", "value")`.
        axes: how many; their sizes are as equal as they can be. More axes are
            fewer parameters. Defaults to 3.
        alpha: scale of what is added. Defaults to 1.
    """

    targets: tuple[str, ...] = ("query", "value")
    axes: int = 3
    alpha: float = 1.0

    size = "axes"

    def __post_init__(self):
        super().__post_init__()
        check_integer("axes", self.axes, 2, MOST)
        check_number("alpha", self.alpha)

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.linear_layers import TensorAdapter

        inputs, outputs = target.sizes
        return TensorAdapter(
            self._axes(inputs),
            self.alpha,
            "beside" if inputs == outputs else "before",
            dtype=self.policy_for(target.layer),
            name=name,
        )

    def _axes(self, width):
        from tfq_hybrid.adapters.linear_layers import near_equal_axes

        return near_equal_axes(width, self.axes)

    def parameters_of(self, target: "Target") -> int:
        pairs = combinations(self._axes(target.sizes[0]), 2)
        return sum(math.prod(pair) ** 2 for pair in pairs)

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        width = min(target.sizes[0] for target in self.find(model))
        # With more axes each would have two entries, and some none in use.
        return range(min(MOST, int(math.log2(width))), 1, -1)
