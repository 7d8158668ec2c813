"""`BottleneckAdapter`: the classical adapter, down and up again."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import check_choice, check_integer

if TYPE_CHECKING:
    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class BottleneckAdapter(Method):
    """Trains a small block after the attention and feed-forward blocks.

    `y + U f(D y)` on the output `y` of a block, before the residual: Houlsby
    et al. 2019, "Parameter-Efficient Transfer Learning for NLP"
    (arXiv 1902.00751), section 2. `U` is zero at first; the paper's is nearly
    zero.

    Args:
        targets: `"attention"` and `"ffn"` stand for the last Dense layer of
            each. Defaults to both.
        width: features in between the two matrices. Defaults to 8.
        activation: the name of a Keras activation. Defaults to `"gelu"`.
    """

    targets: tuple[str, ...] = ("attention", "ffn")
    width: int = 8
    activation: str = "gelu"

    groups = {"attention": ("output",), "ffn": ("down",)}
    size = "width"

    def __post_init__(self):
        super().__post_init__()
        check_integer("width", self.width, minimum=1)
        if self.activation != BottleneckAdapter.activation:
            from tfq_hybrid.files.classes import activation_names

            # Keras would take any registered function, or an object, for one.
            check_choice("activation", self.activation, activation_names())

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.classical_layers import Bottleneck

        dtype = self.policy_for(target.layer)
        return Bottleneck(self.width, self.activation, dtype=dtype, name=name)

    def parameters_of(self, target: "Target") -> int:
        features = target.sizes[1]
        return 2 * features * self.width + self.width + features
