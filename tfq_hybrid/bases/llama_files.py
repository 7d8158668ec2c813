"""Llamas in directories of Hugging Face.

keras-hub's own converter leaves out the epsilon of the norms, and splits all
texts as Llama 3 does.
"""

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, NotRequired, TypedDict

import keras_hub

from tfq_hybrid.bases.chat_tokenizer import (
    ChatCausalLMPreprocessor,
    ChatTokenizer,
)
from tfq_hybrid.bases.chats import chat_of
from tfq_hybrid.bases.rules import rule_of
from tfq_hybrid.bases.shards import weights_of
from tfq_hybrid.bases.tensors import Row, dense_rows, fill
from tfq_hybrid.errors import check_integer, check_share
from tfq_hybrid.files.budget import Budget, spending
from tfq_hybrid.files.filling import to_be_filled
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.reading import read_json
from tfq_hybrid.shapes import check_shape

PREFIX = "model."


class Rope(TypedDict, total=False):
    """Rotary positions, and their scaling in Llama 3.1 and later."""

    rope_type: str
    rope_theta: float
    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_max_position_embeddings: int


class LlamaConfig(TypedDict):
    """What is used of the config of a Llama."""

    vocab_size: int
    num_hidden_layers: int
    num_attention_heads: int
    hidden_size: int
    intermediate_size: int
    num_key_value_heads: NotRequired[int]
    rms_norm_eps: NotRequired[float]
    tie_word_embeddings: NotRequired[bool]
    rope_theta: NotRequired[float]
    rope_scaling: NotRequired[Rope | None]
    rope_parameters: NotRequired[Rope | None]


class AddedToken(TypedDict):
    """A token that is never split."""

    id: int
    content: str
    special: bool


class Words(TypedDict):
    """The model of a tokenizer."""

    type: str
    vocab: dict[str, int]
    merges: list


class TokenizerFile(TypedDict):
    """What is used of `tokenizer.json`."""

    model: Words
    added_tokens: list[AddedToken]
    pre_tokenizer: dict | None


class TokenizerConfig(TypedDict, total=False):
    """What is used of `tokenizer_config.json`."""

    bos_token: str | None
    eos_token: str
    add_bos_token: bool
    chat_template: str


def convert_llama(
    folder: pathlib.Path, config: dict[str, Any], preset: pathlib.Path
) -> None:
    """Writes the language model and the tokenizer of a directory as a preset.

    Raises:
        ValueError, OSError: it is damaged, or another model.
    """
    tokenizer = read_tokenizer(folder)
    weights = weights_of(folder)
    budget = Budget.of_weights(weights.size)
    with spending(budget), to_be_filled(), calling_keras():
        backbone = keras_hub.models.Llama3Backbone(**arguments_of(config))
    fill(
        rows_of(backbone),
        weights,
        is_unused=lambda name: (
            backbone.tie_word_embeddings and name == "lm_head.weight"
        ),
    )
    with calling_keras():
        task = keras_hub.models.Llama3CausalLM(
            backbone, ChatCausalLMPreprocessor(tokenizer)
        )
        task.save_to_preset(str(preset))


def arguments_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `Llama3Backbone` that a config stands for.

    Raises:
        ValueError: one is missing or out of its range, or it is another model.
    """
    check_shape(config, LlamaConfig)
    for name, only in (
        ("hidden_act", "silu"),
        ("attention_bias", False),
        ("mlp_bias", False),
    ):
        if config.get(name, only) != only:
            raise ValueError(f"{name} is {config[name]!r}, and not {only!r}")
    # What `transformers` takes where a config does not say it.
    config = {**DEFAULTS, **config}
    config.setdefault("num_key_value_heads", config["num_attention_heads"])
    found: dict[str, Any] = {
        name: config[theirs] for name, theirs in SIZES.items()
    }
    for name, value in found.items():
        check_integer(name, value, minimum=1)
    check_share("rms_norm_eps", config["rms_norm_eps"])
    # Its fifth version has all of the positions in one place.
    rope = config.get("rope_parameters") or {}
    scaling = config.get("rope_scaling") or rope
    found |= {
        "layer_norm_epsilon": config["rms_norm_eps"],
        "rope_max_wavelength": rope.get("rope_theta", config["rope_theta"]),
        "tie_word_embeddings": config["tie_word_embeddings"],
    }
    kind = scaling.get("rope_type", "default")
    if kind == "llama3":
        found |= {name: scaling[key] for name, key in SCALING.items()}
    elif kind != "default":
        raise ValueError(f"rope_type is {kind!r}, and not llama3")
    return found


DEFAULTS = {
    "rms_norm_eps": 1e-6,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
}
# keras-hub's names of arguments, and those of a config.
SIZES = {
    "vocabulary_size": "vocab_size",
    "num_layers": "num_hidden_layers",
    "num_query_heads": "num_attention_heads",
    "num_key_value_heads": "num_key_value_heads",
    "hidden_dim": "hidden_size",
    "intermediate_dim": "intermediate_size",
}
SCALING = {
    "rope_frequency_adjustment_factor": "factor",
    "rope_low_freq_factor": "low_freq_factor",
    "rope_high_freq_factor": "high_freq_factor",
    "rope_pretraining_sequence_length": "original_max_position_embeddings",
}


def rows_of(backbone: keras_hub.models.Llama3Backbone) -> Iterator[Row]:
    """Where each tensor of a Llama belongs."""
    words = backbone.token_embedding
    matrix = tuple(words.embeddings.shape)
    yield Row(f"{PREFIX}embed_tokens.weight", words.embeddings, matrix)
    if not backbone.tie_word_embeddings:
        yield Row("lm_head.weight", words.reverse_embeddings, matrix, True)
    final = backbone.get_layer("sequence_output_layernorm")
    yield _norm_row(f"{PREFIX}norm", final)
    for index, block in enumerate(backbone.transformer_layers):
        name = f"{PREFIX}layers.{index}"
        yield _norm_row(
            f"{name}.input_layernorm", block._self_attention_layernorm
        )
        yield _norm_row(
            f"{name}.post_attention_layernorm", block._feedforward_layernorm
        )
        attention = block._self_attention_layer
        for letter, dense in (
            ("q", attention._query_dense),
            ("k", attention._key_dense),
            ("v", attention._value_dense),
        ):
            yield from dense_rows(f"{name}.self_attn.{letter}_proj", dense)
        yield from dense_rows(
            f"{name}.self_attn.o_proj", attention._output_dense, 2
        )
        for part, dense in (
            ("gate", block._feedforward_gate_dense),
            ("up", block._feedforward_intermediate_dense),
            ("down", block._feedforward_output_dense),
        ):
            yield from dense_rows(f"{name}.mlp.{part}_proj", dense)


def _norm_row(name, layer):
    return Row(f"{name}.weight", layer.scale, tuple(layer.scale.shape))


def read_tokenizer(folder: pathlib.Path) -> ChatTokenizer:
    """The tokenizer of a directory, with the rule by which it splits.

    Raises:
        ValueError, OSError: it is damaged, or splits by an unknown rule.
    """
    file = read_json(folder / "tokenizer.json", shape=TokenizerFile)
    said = read_json(folder / "tokenizer_config.json", shape=TokenizerConfig)
    words = file["model"]
    if words["type"] != "BPE":
        raise ValueError(f"its tokenizer is of the kind {words['type']!r}")
    vocabulary, added = dict(words["vocab"]), file["added_tokens"]
    vocabulary |= {token["content"]: token["id"] for token in added}
    merges = [m if isinstance(m, str) else " ".join(m) for m in words["merges"]]
    control = [token["content"] for token in added if token["special"]]
    start, end = said.get("bos_token"), said["eos_token"]
    for token in (start, end):
        if token is not None and token not in vocabulary:
            raise ValueError(f"the token {token[:60]!r} is not in its words")
    named = {start or end, end}
    padding = next(t for t in (*control, *vocabulary) if t not in named)
    template = said.get("chat_template")
    with calling_keras():
        return ChatTokenizer(
            vocabulary,
            merges,
            rule=rule_of(file["pre_tokenizer"]),
            start_token=start or end,
            end_token=end,
            pad_token_id=vocabulary[padding],
            control_tokens=[t for t in control if t not in named],
            user_tokens=[t["content"] for t in added if not t["special"]],
            adds_start=said.get("add_bos_token", start is not None),
            chat=chat_of(template, control) if template else None,
        )
