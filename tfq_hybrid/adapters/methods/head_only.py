"""`HeadOnly`: the head, on a frozen backbone."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.adapters.patterns import resolve
from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class HeadOnly(Method):
    """Trains the Dense layers that a task has around its backbone.

    They train in a copy, so that several heads can share one backbone, and
    the head is there again when this is undone.

    Args:
        targets: which of the head's layers. Defaults to `("head",)`, all.

    Raises:
        UserError: the model has no Dense layer around its backbone, as a
            causal language model, whose logits come from its embedding.
    """

    targets: tuple[str, ...] = ("head",)

    unused = ("layers", "train_head", "dtype")

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        rows = resolve(model, ["head"], strict=False)
        if not rows and strict:
            raise UserError(
                "Expected a model with Dense layers around its backbone. "
                f"Received: {type(model).__name__} without any"
            )
        return []

    def head(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        return resolve(model, self.targets, exclude=self.exclude, strict=False)
