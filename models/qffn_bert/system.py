"""QFFN-BERT as a system: its arguments and its baselines."""

import dataclasses

from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import UserError, check_choice, check_share
from tfq_hybrid.training.systems import Options, System

TOKENS = ("all", "cls")


@dataclasses.dataclass(frozen=True, kw_only=True)
class QFFNBertOptions(Options):
    """The arguments of QFFN-BERT.

    Args:
        circuit: what `as_circuit` accepts. Defaults to `"qffn"`.
        tokens: `"all"` or `"cls"`. Defaults to `"all"`.
        residual: bool. Whether the residual around the blocks stays.
            Defaults to `True`.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        preset: str. A keras-hub BERT preset, a name or a folder, to start
            from. Defaults to `None`: BERT-tiny from random weights.
        adapter: dict of `Method.to_dict()`. Adapt the preset by this method
            instead; its circuit is the method's. Defaults to `None`.
        dropout: float. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range.
    """

    circuit: object = "qffn"
    tokens: str = "all"
    residual: bool = True
    engine: str = "auto"
    preset: str | None = None
    adapter: dict | None = None
    dropout: float = 0.1

    def __post_init__(self):
        object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("tokens", self.tokens, TOKENS)
        check_choice("engine", self.engine, ENGINES)
        check_share("dropout", self.dropout)
        if self.adapter is not None:
            method = method_from_dict(self.adapter)
            object.__setattr__(self, "adapter", method.to_dict())
            if self.preset is None:
                raise UserError(
                    "Expected a preset with an adapter. Received: preset=None"
                )

    def circuit_runs(self, sequence_length):
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
