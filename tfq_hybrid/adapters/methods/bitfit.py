"""`BitFit`: biases alone."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.layers import Adapter
    from tfq_hybrid.adapters.target import Target

# What stands for a whole block, with a bias here and none there.
GROUPS = ("attention", "ffn")


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class BitFit(Method):
    """Trains the biases of Dense layers, each as a change of a frozen one.

    Zaken et al. 2022, "BitFit: Simple Parameter-efficient Fine-tuning for
    Transformer-based Masked Language-models" (arXiv 2106.10199). The biases
    of layer normalisations, which the paper trains too, stay as they are.

    Args:
        targets: Defaults to `("attention", "ffn")`, the matrices of a block
            that have a bias.

    Raises:
        UserError: a target by another name has no bias, or none has one, as in
            the family of Llama.
    """

    targets: tuple[str, ...] = ("attention", "ffn")

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        found = super().find(model, strict)
        wholes = tuple(word for word in self.targets if word in GROUPS)
        by_group = []
        if wholes:
            kind = dataclasses.replace(self, targets=wholes)
            by_group = Method.find(kind, model, strict)
        biased = [row for row in found if row.layer.bias is not None]
        for row in found:
            named = row not in by_group
            if row.layer.bias is None and (named or not biased):
                raise UserError(
                    "Expected Dense layers with a bias for BitFit. Received: "
                    f"{row.path}, which has none"
                )
        return biased

    def adapter(self, target: "Target", name: str) -> "Adapter":
        from tfq_hybrid.adapters.linear_layers import Shift

        return Shift(dtype=self.policy_for(target.layer), name=name)

    def parameters_of(self, target: "Target") -> int:
        return target.sizes[1]
