"""HyQuT as a system: its arguments, its sizes and its baselines."""

import dataclasses

from tfq_hybrid.adapters.families import (
    ATTENTION_ROLES,
    FFN_ROLES,
    family_named,
)
from tfq_hybrid.adapters.patterns import as_layers, as_words
from tfq_hybrid.circuits import as_circuit
from tfq_hybrid.circuits.presets import Circuit
from tfq_hybrid.config.fields import choice
from tfq_hybrid.engines import ENGINES
from tfq_hybrid.errors import (
    UserError,
    check_choice,
    check_share,
    choice_error,
)
from tfq_hybrid.training.systems import Options, System

FAMILY = family_named("Llama 3")  # its blocks are those of every Llama
MATRICES = tuple(FAMILY.roles)
GROUPS = {
    "all-attention": tuple(r for r in MATRICES if r in ATTENTION_ROLES),
    "all-ffn": FFN_ROLES,
}
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


def as_targets(words: object) -> tuple[str, ...]:
    """Names in `MATRICES`, each once, from one word or several.

    Raises:
        UserError: a word is not known, or there is none.

    >>> as_targets(["query", "all-ffn"])
    ('query', 'gate', 'up', 'down')
    """
    found: list[str] = []
    for word in as_words("targets", words):
        if word not in MATRICES and word not in GROUPS:
            raise choice_error("targets", word, [*MATRICES, *GROUPS])
        found += GROUPS.get(word, (word,))
    if not found:
        raise UserError(
            f"Expected targets, such as 'query'. Received: targets={words!r}"
        )
    return tuple(dict.fromkeys(found))


@dataclasses.dataclass(frozen=True, kw_only=True)
class HyQuTOptions(Options):
    """The arguments of HyQuT.

    Args:
        size: Parameters of the model. The paper has 8M and 150M; the sizes of
            the layers are our choice. Defaults to `"8m"`.
        targets: The matrices that become circuits, such as gate or all-ffn,
            as for `HyQuTBackbone`. Defaults to `"query"`.
        layers: The layers in which they do, such as 0,8-11. Defaults to
            `None`: all.
        circuit: The circuit in place of each matrix, as for `as_circuit`;
            hyqut_pairwise is the other layout of 80 gates. Defaults to
            `"hyqut_ring"`.
        engine: What runs the circuits. Defaults to `"auto"`.
        differentiator: The gradient method, such as the paper's
            central_difference: a `GradientMethod`, its name or its dict.
            Defaults to `None`: exact.
        dropout: Dropout rate in attention. Defaults to 0.
        residual_scale: Factor, at least 0, of the initial weights that write
            into the residual stream: W_o and W_down, or the last projection
            in their place. At 0 each block is the identity at first, which
            trains faster from random weights (Fixup, arXiv 1901.09321).
            Defaults to 1: Llama's.

    Raises:
        UserError: an argument is out of its range.
    """

    size: str = choice("8m", SIZES)
    targets: tuple[str, ...] = ("query",)
    layers: tuple[int, ...] | None = None
    circuit: Circuit = "hyqut_ring"
    engine: str = choice("auto", ENGINES)
    differentiator: str | object = None
    dropout: float = 0.0
    residual_scale: float = 1.0

    def __post_init__(self):
        check_choice("size", self.size, SIZES)
        object.__setattr__(self, "targets", as_targets(self.targets))
        object.__setattr__(self, "layers", as_layers(self.layers))
        object.__setattr__(self, "circuit", as_circuit(self.circuit))
        check_choice("engine", self.engine, ENGINES)
        if self.differentiator is not None:
            from tfq_hybrid.engines.gradients import as_gradient_method

            method = as_gradient_method(self.differentiator)
            object.__setattr__(self, "differentiator", method)
        check_share("dropout", self.dropout)
        check_share("residual_scale", self.residual_scale, 1e3)

    @property
    def training_defaults(self) -> dict:
        """Adam without weight decay, as in the paper; lengths are ours."""
        return {
            "vocabulary_size": SIZES[self.size]["vocabulary_size"],
            "sequence_length": 256,
            "batch_size": 8,
            "optimizer": "adam",
            "weight_decay": 0.0,
        }


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
    model="tfq_hybrid.models.hyqut.build",
    recipe="tfq_hybrid.models.hyqut.recipe:RECIPE",
)
