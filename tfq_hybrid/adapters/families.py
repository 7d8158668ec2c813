"""Where the matrices are in each family of backbones: one table.

A row says by which names a keras-hub backbone calls its blocks and the Dense
layers in them, so that nothing else here knows a family. All names are those
of the layers of keras-hub or of `bases`; `tests/adapters/test_targets.py` holds
each row against the real backbone.
"""

import dataclasses
import importlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras_hub

# What a Dense layer does in a transformer block.
ATTENTION_ROLES = ("query", "key", "value", "qkv", "output")
FFN_ROLES = ("gate", "up", "down")
# The name of a layer that a model was built with in place of its own.
BUILT_IN = "replaced"
# The packages of what can be a block.
BLOCK_HOMES = ("keras_hub.", "tfq_hybrid.bases.")


@dataclasses.dataclass(frozen=True)
class Family:
    """One row of the table.

    Args:
        name: the family's name in messages.
        prefix: how its classes in `keras_hub.models` begin.
        attention: the path of the attention layer inside a block.
        roles: the path of the Dense inside a block that has each role.
        blocks: a regular expression for the names of the blocks.
        ffn: how the feed-forward block computes: `"plain"` is
            `down(up(x))` with the activation inside `up`, `"outside"` is
            `down(gelu(up(x)))`, `"gated"` is `down(act(gate(x)) * up(x))`.
        refused: why the family has no such role.
        prefix_refused: why no prefix can be put before its keys, or `""`.
        module: where its classes are. Defaults to keras-hub's models.
        is_causal: whether a token sees only those before it.
        calls: how often a block runs in one forward pass of a backbone. More
            than once where blocks share their weights.
        decoder: the paths of the attention layers inside a block of the
            decoder, where there is one beside the encoder. The Dense layers
            in them have the names of those in `attention`.
        variant: the fields that differ in a backbone, by its configuration.
    """

    name: str
    prefix: str
    attention: str
    roles: dict[str, str]
    blocks: str = r"transformer_layer_\d+"
    ffn: str = "plain"
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    prefix_refused: str = ""
    module: str = "keras_hub.models"
    is_causal: bool = False
    calls: Callable[["keras_hub.models.Backbone"], int] = lambda backbone: 1
    decoder: tuple[str, ...] = ()
    variant: Callable[[object], dict[str, Any]] = lambda backbone: {}

    @property
    def attentions(self) -> tuple[str, ...]:
        """The paths that an attention layer inside a block can have."""
        return tuple(dict.fromkeys((self.attention, *self.decoder)))

    @property
    def projections(self) -> dict[str, str]:
        """The name inside an attention layer of each Dense, by role."""
        begin = f"{self.attention}/"
        return {
            role: path.removeprefix(begin)
            for role, path in self.roles.items()
            if role in ATTENTION_ROLES
        }

    @property
    def ffn_roles(self) -> dict[str, str]:
        """The path inside a block of each Dense of its feed-forward block."""
        return {r: p for r, p in self.roles.items() if r in FFN_ROLES}

    @property
    def backbone(self) -> type:
        """The backbone's class."""
        module = importlib.import_module(self.module)
        return getattr(module, f"{self.prefix}Backbone")

    @property
    def tasks(self) -> tuple[type, ...]:
        """The classes of its tasks."""
        names = ("TextClassifier", "CausalLM", "MaskedLM", "Seq2SeqLM")
        module = importlib.import_module(self.module)
        tasks = (getattr(module, self.prefix + name, None) for name in names)
        return tuple(task for task in tasks if task is not None)


def _roles(
    attention: str, suffix: str = "", output: str = "attention_output"
) -> dict[str, str]:
    """Names of the four attention matrices, as most families have them."""
    names = {role: f"{role}{suffix}" for role in ("query", "key", "value")}
    names["output"] = output
    return {role: f"{attention}/{name}" for role, name in names.items()}


_TWO = {"up": "feedforward_intermediate_dense"}
_TWO["down"] = "feedforward_output_dense"
_THREE = {"gate": "feedforward_gate_dense", **_TWO}
_NO_GATE = {"gate": "its feed-forward block has no gate"}
_FUSED = (
    "it computes query, key and value by one fused Dense: target 'qkv' to "
    "change all three"
)
_COUNTS_KEYS = "its position bias counts every key from the first"


def _encoder(name: str, prefix: str, **options) -> Family:
    attention = "self_attention_layer"
    roles = {**_roles(attention), **_TWO}
    return Family(name, prefix, attention, roles, refused=_NO_GATE, **options)


def _decoder(name: str, prefix: str, **options) -> Family:
    roles = {**_roles("self_attention"), **_TWO}
    options = {"refused": _NO_GATE, "roles": roles, **options}
    options = {"attention": "self_attention", "is_causal": True, **options}
    return Family(name, prefix, **options)


def _gated(
    name: str, prefix: str, attention: str = "self_attention", **options
) -> Family:
    roles = {**_roles(attention), **_THREE}
    options = {"roles": roles, "ffn": "gated", **options}
    options["is_causal"] = True
    return Family(name, prefix, attention, **options)


_GEMMA: dict[str, Any] = {
    "attention": "attention",
    "roles": {
        **_roles("attention"),
        "gate": "ffw_gating",
        "up": "ffw_gating_2",
        "down": "ffw_linear",
    },
    "blocks": r"decoder_block_\d+",
}
# The activation of a gated T5 is inside its `input_projector`.
_T5 = _roles("self_attention", "_projector", "output_projector")
_T5_GATED = {"gate": "input_projector", "up": "gate_projector"}
_T5_PLAIN = {"up": "input_projector"}
_T5_DOWN = {"down": "output_projector"}


def _t5_variant(backbone):
    """T5 1.1 and Flan-T5 have a gate, the first T5 has none."""
    if getattr(backbone, "use_gated_activation", True):
        return {}
    roles = {**_T5, **_T5_PLAIN, **_T5_DOWN}
    return {"roles": roles, "ffn": "plain", "refused": _NO_GATE}


def _gemma3_variant(backbone):
    """A token of EmbeddingGemma sees those after it too."""
    both = getattr(backbone, "use_bidirectional_attention", False)
    return {"is_causal": False} if both else {}


FAMILIES = (
    _encoder("BERT", "Bert"),
    _encoder("RoBERTa", "Roberta"),
    _encoder("XLM-R", "XLMRoberta"),
    _encoder("DistilBERT", "DistilBert"),
    _encoder(
        "ALBERT",
        "Albert",
        blocks=r"group_\d+_inner_layer_\d+",
        calls=lambda model: len(
            model.get_layer("group_0_inner_layer_0")._inbound_nodes
        ),
    ),
    _encoder("ELECTRA", "Electra"),
    _encoder(
        "DeBERTa v3",
        "DebertaV3",
        blocks=r"disentangled_attention_encoder_layer_\d+",
        prefix_refused="its attention has a relative position for every key",
    ),
    _encoder("MPNet", "MPNet", module="tfq_hybrid.bases.mpnet"),
    _encoder(
        "BART",
        "Bart",
        blocks=r"transformer_(encoder|decoder)_layer_\d+",
        decoder=("self_attention", "cross_attention"),
    ),
    Family(
        "T5",
        "T5",
        "self_attention",
        {**_T5, **_T5_GATED, **_T5_DOWN},
        blocks=r"transformer_(encoder|decoder)_layer_\d+",
        ffn="gated",
        prefix_refused=_COUNTS_KEYS,
        decoder=("self_attention", "cross_attention"),
        variant=_t5_variant,
    ),
    _decoder("GPT-2", "GPT2"),
    _decoder("GPT-Neo", "GPTNeo", module="tfq_hybrid.bases.gpt_neo"),
    _decoder("OPT", "OPT"),
    _decoder(
        "BLOOM",
        "Bloom",
        roles={
            **_roles("self_attention", "_dense", "output_dense"),
            "up": "mlp_intermediate_dense",
            "down": "mlp_output_dense",
        },
        ffn="outside",
        prefix_refused=_COUNTS_KEYS,
    ),
    _decoder(
        "GPT-NeoX",
        "GPTNeoX",
        roles={
            "qkv": "self_attention/query_key_value",
            "output": "self_attention/attention_output",
            **_TWO,
        },
        refused={
            **_NO_GATE,
            "query": _FUSED,
            "key": _FUSED,
            "value": _FUSED,
        },
    ),
    _decoder(
        "Falcon",
        "Falcon",
        attention="attention",
        roles={
            **_roles("attention", "_dense", "output_dense"),
            "up": "dense_h_to_4h",
            "down": "dense_4h_to_h",
        },
        prefix_refused=_COUNTS_KEYS,
    ),
    _gated("Llama 3", "Llama3"),
    _gated("Llama 2", "Llama"),
    _gated("Mistral", "Mistral"),
    _gated("Gemma", "Gemma", **_GEMMA),
    _gated("Gemma 3", "Gemma3", **_GEMMA, variant=_gemma3_variant),
    _gated("Qwen", "Qwen"),
    _gated("Qwen 3", "Qwen3"),
    _gated("Phi-3", "Phi3", "attention"),
)


def family_of(backbone: object) -> Family | None:
    """The row of a backbone, or of a model that holds the blocks of one.

    A class may say by a `family` that its blocks are those of the family of
    that name. Other classes of one's own are known by their blocks, if those
    are layers of keras-hub that have all matrices of a row.

    >>> family_of(None) is None
    True
    """
    kind = getattr(backbone, "adapted_from", type(backbone))
    named = vars(kind).get("family")
    if named is not None:
        return _in(backbone, family_named(named))
    rows = (family for family in FAMILIES if family.backbone is kind)
    return _in(backbone, next(rows, None) or _family_like(backbone))


def _family_like(model):
    """The row that fits most of the blocks and matrices of a model."""
    layers = getattr(model, "_layers", ())
    ours = [x for x in layers if type(x).__module__.startswith(BLOCK_HOMES)]
    fitting = []
    for family in FAMILIES if ours else ():
        blocks = [x for x in ours if re.fullmatch(family.blocks, x.name)]
        if blocks and all(_fits(family, block) for block in blocks):
            fitting.append((len(blocks), len(family.roles), family))
    best = max(fitting, key=lambda row: row[:2], default=None)
    return best and best[2]


def _fits(family, block):
    """Whether a block holds the matrices of a row."""
    projections = family.projections.values()
    return all(_holds(block, p) for p in family.ffn_roles.values()) and any(
        all(_holds(block, f"{attention}/{name}") for name in projections)
        for attention in family.attentions
    )


def _holds(layer, path):
    """Whether a layer holds one at a path, and that one is its own."""
    for name in path.split("/"):
        layer = next((x for x in layer._layers if x.name == name), None)
        if layer is None:
            return False
    return BUILT_IN not in getattr(layer, "adapters", ())


def _in(backbone, family):
    """A row as it is in a backbone."""
    changes = {} if family is None else family.variant(backbone)
    return dataclasses.replace(family, **changes) if changes else family


def family_named(name: str) -> Family:
    """The row of a name, for a model that is built like that family.

    >>> family_named("Llama 3").ffn
    'gated'
    """
    (family,) = (family for family in FAMILIES if family.name == name)
    return family
