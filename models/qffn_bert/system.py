"""QFFN-BERT as a system: its arguments and its baselines."""

import dataclasses

from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.circuits.presets import Circuit
from tfq_hybrid.config.fields import choice
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import check_choice, check_share
from tfq_hybrid.training.systems import Options, System

TOKENS = ("all", "cls")


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
        dropout: Dropout rate. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range.
    """

    circuit: Circuit = "qffn"
    tokens: str = choice("all", TOKENS)
    residual: bool = True
    engine: str = choice("auto", ENGINES)
    preset: str | None = None
    dropout: float = 0.1

    def __post_init__(self):
        object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("tokens", self.tokens, TOKENS)
        check_choice("engine", self.engine, ENGINES)
        check_share("dropout", self.dropout)

    def circuit_runs(self, sequence_length: int) -> int:
        return sequence_length if self.tokens == "all" else 1


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
    tasks={"regression": (), "multi-label": (), "tokens": ()},
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
