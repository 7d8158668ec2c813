"""`PrefixTuning`: trained keys and values before those of the text."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.method import Method, register
from tfq_hybrid.errors import UserError, check_integer

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.families import Family
    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class PrefixTuning(Method):
    """Trains keys and values that every position attends to.

    Li and Liang 2021, "Prefix-Tuning: Optimizing Continuous Prompts for
    Generation" (arXiv 2101.00190), section 4. Our choice: the prefix is
    trained directly, without the network that the paper makes it from while
    training; it starts from a normal distribution (standard deviation 0.02);
    it has no position of its own. So it is not the identity at step 0.

    Args:
        targets: Defaults to `("attention",)`: every attention layer.
        length: positions of the prefix. Defaults to 8.
    """

    targets: tuple[str, ...] = ("attention",)
    length: int = 8

    groups = {"attention": ("attention",), "ffn": ()}
    blocks = ("attention",)
    size = "length"

    def __post_init__(self):
        super().__post_init__()
        check_integer("length", self.length, minimum=1)

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        from tfq_hybrid.adapters.families import family_of
        from tfq_hybrid.adapters.target import body_of

        body = body_of(model)
        family = family_of(body)
        reason = _refusal(family)
        if reason:
            name = type(body).__name__ if family is None else family.name
            raise UserError(
                f"Expected a model that takes a prefix. Received: {name}, but "
                f"{reason}"
            )
        rows = super().find(model, strict)
        for row in rows:
            if row.role != "attention":
                raise UserError(
                    "Expected targets of PrefixTuning to be attention "
                    f"layers. Received: {row.path}"
                )
        return rows

    def attach(self, targets: "list[Target]", name: str) -> None:
        from tfq_hybrid.adapters.classical_layers import Prefix, open_attention
        from tfq_hybrid.adapters.slots import hold

        for target in targets:
            layer = open_attention(target.layer)
            prefix = Prefix(
                self.length,
                *_head_shape(target),
                dtype=self.policy_for(layer),
                name=name,
            )
            prefix.build()
            hold(layer, name, prefix)

    def parameters_of(self, target: "Target") -> int:
        heads, size = _head_shape(target)
        return 2 * self.length * heads * size


def _head_shape(target: "Target") -> tuple[int, ...]:
    """Heads of the keys, and the size of one."""
    from tfq_hybrid.adapters.kernels import dense_shapes

    if "key" in target.layers:
        return dense_shapes(target.layers["key"])[1]
    heads, size = dense_shapes(target.layers["qkv"])[1]
    return heads, size // 3


def _refusal(family: "Family | None") -> str:
    if family is None:
        return "it is of no known family"
    return family.prefix_refused
