"""`IA3`: a factor for each key, value and inner feature."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register

if TYPE_CHECKING:
    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class IA3(Method):
    """Trains a factor for each feature that a frozen matrix gives, or takes.

    `l * (W x + b)`, with `l` of ones at first; of the last matrix of a
    feed-forward block, `W (l * x) + b`: Liu et al. 2022, "Few-Shot
    Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context
    Learning" (arXiv 2205.05638), section 3.3.

    Args:
        targets: Defaults to `("key", "value", "down")`, as in the paper.

    Example:

    >>> IA3().to_dict()["targets"]
    ['key', 'value', 'down']
    """

    targets: tuple[str, ...] = ("key", "value", "down")

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.linear_layers import Scaling

        place = "before" if target.role == "down" else "within"
        return Scaling(place, dtype=self.policy_for(target.layer), name=name)

    def parameters_of(self, target: "Target") -> int:
        return target.sizes[0 if target.role == "down" else 1]
