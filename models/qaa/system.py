"""QAA as a system: its arguments and its baselines."""

import dataclasses

from tfq_hybrid.adapters.methods import QuantumAdapter
from tfq_hybrid.config.fields import choice
from tfq_hybrid.errors import check_choice, check_integer, check_share
from tfq_hybrid.training.systems import Options, System

# What the words of the options stand for.
PLACES = {
    "attention": ("attention",),
    "ffn": ("ffn",),
    "both": ("attention", "ffn"),
}
PATTERNS = {"adjacent": "linear", "all-to-all": "full", "none": "none"}
# The sizes of the base. "125m" is that of GPT-Neo-125M and GPT-2; "tiny" and
# "10m" (10.6 million parameters besides the embeddings) are our choice.
SIZES = {
    "tiny": {"num_layers": 2, "num_heads": 2, "hidden_dim": 128},
    "10m": {"num_layers": 6, "num_heads": 6, "hidden_dim": 384},
    "125m": {"num_layers": 12, "num_heads": 12, "hidden_dim": 768},
}
QAA_BASELINES = ("lora", "sora", "bottleneck", "prefix", "full")


@dataclasses.dataclass(frozen=True, kw_only=True)
class QAAOptions(Options):
    """The arguments of QAA.

    Args:
        place: The frozen blocks after which circuits go. The paper's 123,000
            parameters are one place a layer; which one is our choice.
            Defaults to `"attention"`.
        depth: Layers of the circuit. Defaults to 1: the published count fits
            one.
        entanglement: Pairs that the circuit couples; none is the ablation.
            Defaults to `"adjacent"`, as in the paper.
        engine: What runs the circuits. Defaults to `"auto"`.
        base: The model to adapt: a run folder of the baseline full, a .keras
            file, or a preset or Hugging Face directory of a causal language
            model. Defaults to `None`: random weights.
        size: Parameters of a base from random weights. Defaults to `"10m"`.
        dropout: Dropout rate of a base from random weights. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> QAAOptions(place="both").parameters(width=768, layers=12)
    184560
    """

    place: str = choice("attention", PLACES)
    depth: int = 1
    entanglement: str = choice("adjacent", PATTERNS)
    engine: str = choice("auto", ("auto", "batched"))
    base: str | None = None
    size: str = choice("10m", SIZES)
    dropout: float = 0.1

    def __post_init__(self):
        check_choice("size", self.size, SIZES)
        check_share("dropout", self.dropout)
        check_choice("place", self.place, PLACES)
        check_integer("depth", self.depth, minimum=1)
        check_choice("entanglement", self.entanglement, PATTERNS)
        check_choice("engine", self.engine, ("auto", "batched"))

    @property
    def method(self) -> QuantumAdapter:
        """The adapters."""
        return QuantumAdapter(
            targets=PLACES[self.place],
            depth=self.depth,
            entanglement=PATTERNS[self.entanglement],
            engine=self.engine,
        )

    def parameters(self, width: int, layers: int) -> int:
        """How many parameters QAA trains, from the sizes of the base alone.

        `places * layers * (depth * n + n * width)` with `n` qubits,
        `2**n >= width`: the angles and the projection back. For 12 layers of
        768 that is 92,280 at one place a layer, and 184,560 at two.

        Args:
            width: of the hidden states.
            layers: blocks of the model.
        """
        qubits = (width - 1).bit_length()
        module = self.depth * qubits + qubits * width
        return len(PLACES[self.place]) * layers * module

    @property
    def training_defaults(self) -> dict:
        """Lengths and sizes are our choice: the paper's are not known."""
        return {
            "vocabulary_size": 1024 if self.size == "tiny" else 8192,
            "sequence_length": 128,
            "batch_size": 8,
        }


SYSTEM = System(
    name="qaa",
    task="generation",
    options=QAAOptions,
    baselines={
        baseline: ("place", "depth", "entanglement", "engine")
        if baseline == "full"
        else ("engine",)
        for baseline in QAA_BASELINES
    },
    model="tfq_hybrid.models.qaa.build",
    recipe="tfq_hybrid.models.qaa.recipe:RECIPE",
)
