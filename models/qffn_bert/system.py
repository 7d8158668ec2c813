"""QFFN-BERT as a system: its arguments and its baselines."""

import dataclasses
from typing import Any

from tfq_hybrid.adapters.method import AnyMethod
from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.circuits.presets import Circuit
from tfq_hybrid.config.fields import choice
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import UserError, check_choice, check_share
from tfq_hybrid.training.systems import Options, System

TOKENS = ("all", "cls")
POOLINGS = ("cls", "mean", "pooled")


@dataclasses.dataclass(frozen=True, kw_only=True)
class QFFNBertOptions(Options):
    """The arguments of QFFN-BERT.

    Args:
        circuit: The circuit in place of each feed-forward block, as for
            `as_circuit`. Defaults to `"qffn"`.
        tokens: Which tokens go through the circuits. Defaults to `"all"`.
        residual: Keep the residual connection around the blocks. Defaults
            to `True`.
        engine: What runs the circuits. Defaults to `"auto"`.
        preset: A keras-hub BERT preset to start from, a name or a folder.
            Defaults to `None`: BERT-tiny from random weights.
        adapter: Adapt the preset by this method instead of replacing all
            its feed-forward blocks. Defaults to `None`: no
            adapter.
        pooling: The vector of a text: the first token's hidden state, the
            mean of all tokens, or BERT's pooler. Defaults to `None`: mean
            with an adapter; without one, always the pooler, as in the paper.
        dropout: Dropout rate. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range.
    """

    circuit: Circuit = "qffn"
    tokens: str = choice("all", TOKENS)
    residual: bool = True
    engine: str = choice("auto", ENGINES)
    preset: str | None = None
    adapter: AnyMethod = None
    pooling: str | None = choice(None, POOLINGS)
    dropout: float = 0.1

    unused_with_adapter = ("circuit", "tokens", "residual", "engine")
    unused_without_adapter = ("pooling",)

    def __post_init__(self):
        object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("tokens", self.tokens, TOKENS)
        check_choice("engine", self.engine, ENGINES)
        check_share("dropout", self.dropout)
        if self.pooling is not None:
            check_choice("pooling", self.pooling, POOLINGS)
            if self.adapter is None:
                raise UserError(
                    "Expected an adapter with pooling: without one, a text's "
                    "vector is that of the pooler, as in the paper. Received: "
                    f"pooling={self.pooling!r}"
                )
        if self.adapter is not None:
            if isinstance(self.adapter, dict):
                method = method_from_dict(self.adapter)
                object.__setattr__(self, "adapter", method)
            if self.preset is None:
                raise UserError(
                    "Expected a preset with an adapter: what is frozen has to "
                    "be pretrained. Received: preset=None"
                )

    @property
    def training_defaults(self) -> dict[str, Any]:
        method: Any = self.adapter
        if method is None:
            return {}
        return {"learning_rate": method.learning_rate}

    def circuit_runs(self, sequence_length: int) -> int:
        whole = self.tokens == "all" or self.adapter is not None
        return sequence_length if whole else 1


SYSTEM = System(
    name="qffn-bert",
    task="classification",
    options=QFFNBertOptions,
    baselines={
        "ffn": ("circuit", "tokens", "residual", "engine"),
        "bottleneck": ("engine",),
        "none": ("circuit", "tokens", "residual", "engine"),
    },
    model="tfq_hybrid.models.qffn_bert.build",
    tasks={"regression": (), "multi-label": (), "tokens": ("pooling",)},
    recipe="tfq_hybrid.models.qffn_bert.recipe:RECIPE",
    searched=(
        "qubits",
        "depth",
        "reuploads",
        "entanglement",
        "distance",
        "dropout",
        "learning_rate",
    ),
)
