"""Directories of Hugging Face with an MPNet, made presets."""

import pathlib
from collections.abc import Iterator
from typing import Any, TypedDict

from tfq_hybrid.bases.mpnet.backbone import MPNetBackbone
from tfq_hybrid.bases.mpnet.layers import OFFSET
from tfq_hybrid.bases.mpnet.text import MPNetTokenizer
from tfq_hybrid.bases.shards import weights_of
from tfq_hybrid.bases.tensors import (
    Row,
    dense_rows,
    fill,
    norm_rows,
)
from tfq_hybrid.files.budget import Budget, spending
from tfq_hybrid.files.filling import to_be_filled
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.reading import read_json, read_text
from tfq_hybrid.shapes import check_shape

# Buffers, and the head of masked language models, which no backbone has.
UNUSED = ("embeddings.position_ids", "lm_head.")


class MPNetConfig(TypedDict):
    """What is used of the config of an MPNet of Hugging Face."""

    vocab_size: int
    num_hidden_layers: int
    num_attention_heads: int
    hidden_size: int
    intermediate_size: int
    max_position_embeddings: int
    layer_norm_eps: float


class TokenizerConfig(TypedDict, total=False):
    """What is used of the config of its tokenizer."""

    do_lower_case: bool
    strip_accents: bool | None
    tokenize_chinese_chars: bool


def convert_mpnet(
    folder: pathlib.Path, config: dict[str, Any], preset: pathlib.Path
) -> None:
    """Writes the encoder and the tokenizer of a directory as a preset.

    Raises:
        ValueError, OSError: it cannot be converted.
    """
    tokenizer = _tokenizer(folder)
    weights = weights_of(folder)
    backbone = _backbone(config, weights.size)
    words = tokenizer.vocabulary_size()
    if words > backbone.vocabulary_size:
        raise ValueError(
            f"its vocabulary has {words} tokens, and its embeddings are of "
            f"{backbone.vocabulary_size}"
        )
    fill(
        rows_of(backbone),
        weights,
        "mpnet.",
        lambda name: name.startswith(UNUSED),
    )
    with calling_keras():
        backbone.save_to_preset(str(preset))
        tokenizer.save_to_preset(str(preset))


def _tokenizer(folder):
    path = folder / "tokenizer_config.json"
    options = read_json(path, shape=TokenizerConfig) if path.is_file() else {}
    uncased = options.get("do_lower_case", True)
    accents = options.get("strip_accents")  # null: as for the case
    words = read_text(folder / "vocab.txt").removesuffix("\n").split("\n")
    with calling_keras():
        return MPNetTokenizer(
            words,
            uncased=uncased,
            strip_accents=uncased if accents is None else accents,
            split_on_cjk=options.get("tokenize_chinese_chars", True),
        )


def _backbone(config, size):
    """A model of zeros, no larger than files of that size fill."""
    check_shape(config, MPNetConfig)
    for name, only in (
        ("hidden_act", "gelu"),
        ("relative_attention_num_buckets", 32),  # what its code computes with
        ("pad_token_id", OFFSET - 1),
    ):
        if config.get(name, only) != only:
            raise ValueError(f"{name} is {config[name]!r}, and not {only!r}")
    budget = Budget.of_weights(size)
    with spending(budget), to_be_filled(), calling_keras():
        return MPNetBackbone(
            vocabulary_size=config["vocab_size"],
            num_layers=config["num_hidden_layers"],
            num_heads=config["num_attention_heads"],
            hidden_dim=config["hidden_size"],
            intermediate_dim=config["intermediate_size"],
            dropout=check_shape(config.get("hidden_dropout_prob", 0.1), float),
            max_sequence_length=config["max_position_embeddings"] - OFFSET,
            layer_norm_epsilon=config["layer_norm_eps"],
        )


def rows_of(backbone: MPNetBackbone) -> Iterator[Row]:
    """Where each tensor of a file belongs."""
    for name, variable in (
        ("embeddings.word", backbone.token_embedding.embeddings),
        ("embeddings.position", backbone.position_embedding.embeddings),
    ):
        name = f"{name}_embeddings.weight"
        yield Row(name, variable, tuple(variable.shape))
    bias = backbone.position_bias.table
    name = "encoder.relative_attention_bias.weight"
    yield Row(name, bias, tuple(bias.shape))
    yield from norm_rows("embeddings.LayerNorm", backbone.embeddings_layer_norm)
    for index, block in enumerate(backbone.transformer_layers):
        begin = f"encoder.layer.{index}"
        attention = block._self_attention_layer
        for letter, dense in (
            ("q", attention._query_dense),
            ("k", attention._key_dense),
            ("v", attention._value_dense),
        ):
            yield from dense_rows(f"{begin}.attention.attn.{letter}", dense)
        output = attention._output_dense  # from heads and their features
        yield from dense_rows(f"{begin}.attention.attn.o", output, 2)
        up = block._feedforward_intermediate_dense
        yield from dense_rows(f"{begin}.intermediate.dense", up)
        down = block._feedforward_output_dense
        yield from dense_rows(f"{begin}.output.dense", down)
        norm = block._self_attention_layer_norm
        yield from norm_rows(f"{begin}.attention.LayerNorm", norm)
        norm = block._feedforward_layer_norm
        yield from norm_rows(f"{begin}.output.LayerNorm", norm)
    yield from dense_rows("pooler.dense", backbone.pooled_dense)
