"""`FullFineTuning`: everything trains."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import check_integer

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class FullFineTuning(Method):
    """Trains all weights, or those of the chosen blocks and the head.

    Args:
        layers: blocks to train; then embeddings, and what else is outside of
            the blocks and the head, stay frozen. Defaults to `None`:
            everything trains.
        keep_base: keeps a second copy of the trained weights, in memory and in
            files, to undo with. Defaults to `False`.
    """

    keep_base: bool = False

    unused = ("targets", "exclude", "train_head", "dtype")
    freezes = False
    is_additive = False
    size = "layers"

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        self.trained_base(model)
        return []

    def head(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        return []  # trained where it is

    def trained_base(self, model: "keras.Model") -> tuple[str, ...]:
        from tfq_hybrid.adapters.target import blocks_of

        if self.layers is None:
            return ("",)
        blocks = blocks_of(model)
        for index in self.layers:
            check_integer("layers", index, -len(blocks), len(blocks) - 1)
        return (*(f"{blocks[index]}/" for index in self.layers), "head/")

    def parameters(self, model: "keras.Model") -> int:
        from tfq_hybrid.adapters.variables import base_variables, size_of

        begins = self.trained_base(model)
        found = base_variables(model, trained=True).items()
        return sum(size_of(v) for key, v in found if key.startswith(begins))

    def at_size(self, size: int) -> Method:
        return dataclasses.replace(self, layers=tuple(range(-size, 0)))

    def sizes(self, model: "keras.Model") -> Sequence[int]:
        from tfq_hybrid.adapters.target import blocks_of

        return range(1, max(len(blocks_of(model)), 1) + 1)

    @property
    def size_text(self) -> str:
        return f"the last {len(self.layers or ())} blocks"
