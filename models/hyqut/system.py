"""HyQuT as a system: its arguments, its sizes, and the model they make."""

import dataclasses

from tfq_hybrid.adapters.patterns import as_layers
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.data import learn_merges
from tfq_hybrid.engines import ENGINES, check_memory
from tfq_hybrid.engines.gradients import as_gradient_method
from tfq_hybrid.errors import check_choice, check_share
from tfq_hybrid.models.hyqut.matrix import as_targets, slot_of
from tfq_hybrid.models.hyqut.model import HyQuTBackbone, HyQuTCausalLM
from tfq_hybrid.models.hyqut.tokenizer import (
    HyQuTCausalLMPreprocessor,
    HyQuTTokenizer,
)
from tfq_hybrid.training.systems import Options, System

# Our choice, all but the width of 1,024 at 150M, which is the paper's: it
# gives no other size. Chosen are few wide layers that come to about 8 and 150
# million parameters with Llama's own matrices and tied embeddings.
SIZES = {
    "tiny": {
        "vocabulary_size": 512,
        "num_layers": 2,
        "num_query_heads": 2,
        "num_key_value_heads": 2,
        "hidden_dim": 16,
        "intermediate_dim": 32,
    },
    "8m": {
        "vocabulary_size": 4096,
        "num_layers": 4,
        "num_query_heads": 6,
        "num_key_value_heads": 6,
        "hidden_dim": 384,
        "intermediate_dim": 896,
    },
    "150m": {
        "vocabulary_size": 16_384,
        "num_layers": 12,
        "num_query_heads": 16,
        "num_key_value_heads": 16,
        "hidden_dim": 1024,
        "intermediate_dim": 2304,
    },
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class HyQuTOptions(Options):
    """The arguments of HyQuT.

    Args:
        size: str, a name in `SIZES`. The paper has 8M and 150M parameters;
            the sizes of the layers are our choice. Defaults to `"8m"`.
        targets: word or words: the matrices that become circuits, as for
            `HyQuTBackbone`. Defaults to `"query"`.
        layers: the layers in which they do, as for `HyQuTBackbone`.
            Defaults to `None`: all.
        circuit: what `as_circuit` accepts. Defaults to `"hyqut_ring"`;
            `"hyqut_pairwise"` is the other layout of 80 gates.
        engine: `"auto"`, `"batched"` or `"tfq"`. Defaults to `"auto"`.
        differentiator: a `GradientMethod`, its name or its dict, such as
            the paper's `"central_difference"`. Defaults to `None`: exact.
        dropout: float, in attention. Defaults to 0.
        residual_scale: float, at least 0. What the initial weights of the
            matrices that write into the residual stream, W_o and W_down, or
            of the last projection in their place, are multiplied by. At 0
            each block is the identity at first, which trains faster from
            random weights (the last layer of a residual branch at zero:
            Fixup, arXiv 1901.09321). Defaults to 1: Llama's.

    Raises:
        UserError: an argument is out of its range.
    """

    size: str = "8m"
    targets: tuple[str, ...] = ("query",)
    layers: tuple[int, ...] | None = None
    circuit: object = "hyqut_ring"
    engine: str = "auto"
    differentiator: object = None
    dropout: float = 0.0
    residual_scale: float = 1.0

    def __post_init__(self):
        check_choice("size", self.size, SIZES)
        object.__setattr__(self, "targets", as_targets(self.targets))
        object.__setattr__(self, "layers", as_layers(self.layers))
        object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("engine", self.engine, ENGINES)
        if self.differentiator is not None:
            method = as_gradient_method(self.differentiator)
            object.__setattr__(self, "differentiator", method)
        check_share("dropout", self.dropout)
        check_share("residual_scale", self.residual_scale, 1e3)


def defaults(options):
    """Adam without weight decay, as in the paper; lengths are our choice."""
    return {
        "vocabulary_size": SIZES[options.size]["vocabulary_size"],
        "sequence_length": 256,
        "batch_size": 8,
        "optimizer": "adam",
        "weight_decay": 0.0,
    }


def vocabulary(options, texts, size):
    """Merges of byte pairs, learned from the texts."""
    return learn_merges(texts, size)


def build(options, baseline, setting):
    """The language model, from random weights.

    Args:
        options: `HyQuTOptions`.
        baseline: `"dense"`, `"bottleneck"` or `None`.
        setting: `Setting`.

    Returns:
        A `HyQuTCausalLM`.

    Raises:
        UserError: the circuits do not fit in memory.
    """
    tokenizer = HyQuTTokenizer.from_merges(setting.vocabulary)
    size = {**SIZES[options.size]}
    size["vocabulary_size"] = tokenizer.vocabulary_size()
    circuit = options.circuit
    if baseline is None:
        layers = options.layers or range(size["num_layers"])
        check_memory(
            circuit.qubits,
            circuit.observable_count,
            circuit.layers,
            setting.batch_size * setting.sequence_length,
            layers=len(set(layers)) * len(options.targets),
        )
    backbone = HyQuTBackbone(
        **size,
        kind=baseline or "quantum",
        targets=options.targets,
        layers=options.layers,
        circuit=circuit,
        engine=options.engine,
        differentiator=options.differentiator,
        dropout=options.dropout,
        # A fixed name keeps the names of logs the same in every process.
        name="hyqut",
    )
    _scale_residuals(backbone, options.residual_scale)
    preprocessor = HyQuTCausalLMPreprocessor(
        tokenizer, sequence_length=setting.sequence_length
    )
    return HyQuTCausalLM(backbone, preprocessor, compile=False, name="hyqut_lm")


def _scale_residuals(backbone, scale):
    """Multiplies the initial weights of what writes into the residual."""
    for decoder in backbone.transformer_layers:
        for role in ("output", "down"):
            parent, attribute = slot_of(decoder, role)
            layer = getattr(parent, attribute)
            last = getattr(layer, "last_projection", layer)
            last.kernel.assign(scale * last.kernel)


def parts(model):
    """What stands in place of matrices, or the matrices of the baseline."""
    return {"matrices": model.backbone.replaced}


SYSTEM = System(
    name="hyqut",
    task="generation",
    options=HyQuTOptions,
    baselines={
        "dense": (
            "targets",
            "layers",
            "circuit",
            "engine",
            "differentiator",
        ),
        "bottleneck": ("engine", "differentiator"),
    },
    vocabulary=vocabulary,
    build=build,
    parts=parts,
    defaults=defaults,
    recipe="tfq_hybrid.models.hyqut.recipe:RECIPE",
)
