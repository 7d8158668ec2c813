"""`ReplaceDense`: circuits in place of Dense layers."""

import dataclasses
from typing import TYPE_CHECKING

from tfq_hybrid.adapters.families import FFN_ROLES
from tfq_hybrid.adapters.method import register
from tfq_hybrid.adapters.with_circuit import WithCircuit, circuit_parameters
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.errors import UserError

if TYPE_CHECKING:
    import keras

    from tfq_hybrid.adapters.target import Target


@register
@dataclasses.dataclass(frozen=True, kw_only=True)
class ReplaceDense(WithCircuit):
    """Puts circuits in place of Dense layers.

    A single matrix (`"query"`, `"gate"`, …) becomes projection, circuit,
    projection, and the activation after it stays. `"ffn"` is the whole
    feed-forward block as one: projection, circuit, projection, without its
    inner activation.

    Args:
        targets: what to replace, such as `"query"`. `"attention"` stands for
            its matrices, each singly. Defaults to `"all-ffn"`, the whole
            feed-forward blocks, as in QFFN-BERT.
        circuit: The circuit, as for `as_circuit`. Defaults to `"qffn"`.
        engine: What runs the circuits. Defaults to `"auto"`.
        freeze: whether the rest of the model stays as it is. Defaults to
            `False`: all trains, as in the published systems.
        keep_base: keeps what is replaced, and what trains, in memory and in
            files, to undo with. Defaults to `False`.
    """

    targets: tuple[str, ...] = ("all-ffn",)
    freeze: bool = False
    keep_base: bool = False

    groups = {"ffn": ("ffn",)}
    blocks = ("ffn",)
    is_additive = False

    def __post_init__(self):
        super().__post_init__()
        if not self.targets:
            raise UserError(
                "Expected targets, such as 'all-ffn' or 'query'. Received: "
                f"targets={self.targets!r}"
            )

    @property
    def freezes(self) -> bool:
        return self.freeze

    def head(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        return super().head(model, strict) if self.freeze else []

    def find(self, model: "keras.Model", strict: bool = True) -> "list[Target]":
        rows = super().find(model, strict)
        whole = {row.block: row.path for row in rows if row.role == "ffn"}
        for row in rows:
            if row.role in FFN_ROLES and row.block in whole:
                raise UserError(
                    "Expected each matrix to be replaced once. Received: "
                    f"{row.path}, which is in {whole[row.block]}"
                )
            if row.role == "head":
                raise UserError(
                    "Expected targets of ReplaceDense to be Dense layers of "
                    f"the backbone or 'ffn'. Received: {row.path}"
                )
        return rows

    def attach(self, targets: "list[Target]", name: str) -> None:
        from tfq_hybrid.adapters.slots import replace

        replace(
            ((target, self._layer(target)) for target in targets),
            name,
            self.keep_base,
        )

    def _layer(self, target):
        *_, last = target.layers.values()
        return self.dense(self.circuit, target.sizes[1], self.policy_for(last))

    def parameters(self, model: "keras.Model") -> int:
        from tfq_hybrid.adapters.variables import base_variables, size_of

        count = super().parameters(model)
        if self.freeze:
            return count
        replaced = tuple(
            f"{path}/" for target in self.find(model) for path in target.paths
        )
        found = base_variables(model, trained=True).items()
        return count + sum(
            size_of(v) for key, v in found if not key.startswith(replaced)
        )

    def parameters_of(self, target: "Target") -> int:
        return circuit_parameters(as_circuit(self.circuit), *target.sizes)
