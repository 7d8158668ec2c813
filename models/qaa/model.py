"""QAA (arXiv 2509.16244): a frozen GPT with circuit adapters after its blocks.

The paper adapts GPT-Neo-125M, which keras-hub lacks: its GPT-2 of the same
size (12 layers, 768 wide) stands in. GPT-Neo's attention is local in every
second layer, GPT-2's is not; shapes and counts are the same.
"""

import dataclasses

import keras_hub

from tfq_hybrid.adapters import (
    BottleneckAdapter,
    FullFineTuning,
    LoRA,
    PrefixTuning,
    QuantumAdapter,
    SoRA,
    adapt,
)
from tfq_hybrid.errors import check_choice, check_integer, check_share
from tfq_hybrid.training.systems import Options

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
# Sets of matrices of which a low-rank baseline takes the one of the nearest
# size: two matrices, as in the papers, or one, which makes the steps finer.
_MATRICES = (("query", "value"), ("query",))


@dataclasses.dataclass(frozen=True, kw_only=True)
class QAAOptions(Options):
    """The arguments of QAA.

    Args:
        place: `"attention"`, `"ffn"` or `"both"`: after which frozen blocks.
            The paper's 123,000 parameters are one place a layer; which one
            is our choice. Defaults to `"attention"`.
        depth: int. Layers of the circuit. Defaults to 1; the published count
            fits one.
        entanglement: `"adjacent"`, as in the paper; `"all-to-all"`; or
            `"none"`, the ablation. Defaults to `"adjacent"`.
        engine: `"auto"` or `"batched"`. Defaults to `"auto"`.
        base: str. What is adapted, where a whole model is built: a run
            folder of the baseline `"full"`, a `.keras` file, or a keras-hub
            preset of GPT-2. Defaults to `None`: random weights.
        size: `"tiny"`, `"10m"` or `"125m"`: of a base from random weights.
            Defaults to `"10m"`.
        dropout: float, of a base from random weights. Defaults to 0.1.

    Raises:
        UserError: an argument is out of its range.

    Example:

    >>> QAAOptions(place="both").parameters(width=768, layers=12)
    184560
    """

    place: str = "attention"
    depth: int = 1
    entanglement: str = "adjacent"
    engine: str = "auto"
    base: str | None = None
    size: str = "10m"
    dropout: float = 0.1

    def __post_init__(self):
        check_choice("size", self.size, SIZES)
        check_share("dropout", self.dropout)
        check_choice("place", self.place, PLACES)
        check_integer("depth", self.depth, minimum=1)
        check_choice("entanglement", self.entanglement, PATTERNS)
        check_choice("engine", self.engine, ("auto", "batched"))

    @property
    def method(self):
        """The adapters, a `QuantumAdapter`."""
        return QuantumAdapter(
            targets=PLACES[self.place],
            depth=self.depth,
            entanglement=PATTERNS[self.entanglement],
            engine=self.engine,
        )

    def parameters(self, width, layers):
        """How many parameters QAA trains, from the sizes of the base alone.

        `places * layers * (depth * n + n * width)` with `n` qubits,
        `2**n >= width`: the angles and the projection back. For 12 layers of
        768 that is 92,280 at one place a layer, and 184,560 at two.

        Args:
            width: int.
            layers: int.

        Returns:
            int.
        """
        qubits = (width - 1).bit_length()
        module = self.depth * qubits + qubits * width
        return len(PLACES[self.place]) * layers * module


def qaa_base(size="125m", vocabulary_size=50257, **changes):
    """The GPT-2 that QAA adapts, from random weights.

    Args:
        size: `"tiny"`, `"10m"` or `"125m"`. Defaults to `"125m"`.
        vocabulary_size: int. Defaults to 50257, that of GPT-2.
        **changes: arguments of `keras_hub.models.GPT2Backbone`.

    Returns:
        A `keras_hub.models.GPT2Backbone`. Pretrained weights come from
        `GPT2Backbone.from_preset`.

    Raises:
        UserError: the size is not known.
    """
    check_choice("size", size, SIZES)
    arguments = {"vocabulary_size": vocabulary_size, **SIZES[size]}
    arguments["intermediate_dim"] = 4 * arguments["hidden_dim"]
    return keras_hub.models.GPT2Backbone(**{**arguments, **changes})


def apply_qaa(model, options=None, baseline=None, report=print):
    """Adapts a causal language model by QAA, or by a classical baseline.

    Args:
        model: a keras-hub backbone or task, changed in place.
        options: `QAAOptions`. Defaults to `None`: the defaults.
        baseline: str in `QAA_BASELINES`. Defaults to `None`: QAA itself.
        report: function of a str, told what size of baseline was reached.
            Defaults to `print`.

    Returns:
        The model, adapted.

    Raises:
        UserError: an argument is out of its range, or the model cannot be
            adapted.
    """
    options = options or QAAOptions()
    if baseline is None:
        return adapt(model, options.method)
    return adapt(model, qaa_baseline(model, options, baseline, report))


def qaa_baseline(model, options, baseline, report=print):
    """The classical method with the parameter count nearest to QAA's.

    The bottleneck adapters sit where the circuits would. LoRA and SoRA take
    query and value, or query alone where that comes nearer; the prefix is as
    long as it must be. `"full"` trains all there is.

    Args:
        model: the base that both are for.
        options: `QAAOptions`.
        baseline: str in `QAA_BASELINES`.
        report: function of a str, told what was reached. Defaults to
            `print`.

    Returns:
        A `Method`.

    Raises:
        UserError: there is no such baseline.
    """
    check_choice("baseline", baseline, QAA_BASELINES)
    if baseline == "full":
        return FullFineTuning()
    count = options.method.parameters(model)
    candidates = {
        "lora": [LoRA(targets=names) for names in _MATRICES],
        "sora": [SoRA(targets=names) for names in _MATRICES],
        "bottleneck": [BottleneckAdapter(targets=PLACES[options.place])],
        "prefix": [PrefixTuning()],
    }[baseline]
    said = []
    sized = [x.for_parameters(model, count, said.append) for x in candidates]
    misses = [abs(x.parameters(model) - count) for x in sized]
    best = misses.index(min(misses))
    report(said[best])
    return sized[best]
