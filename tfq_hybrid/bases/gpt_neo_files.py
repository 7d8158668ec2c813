"""GPT-Neo from a directory of Hugging Face."""

import pathlib
from collections.abc import Iterator
from typing import Any, TypedDict

import numpy as np

from tfq_hybrid.bases.gpt_neo import (
    GPTNeoBackbone,
    GPTNeoTokenizer,
    check_attention,
)
from tfq_hybrid.bases.shards import weights_of
from tfq_hybrid.bases.tensors import (
    Row,
    dense_rows,
    fill,
    norm_rows,
    read,
)
from tfq_hybrid.errors import check_integer, check_share
from tfq_hybrid.files.budget import Budget, spending
from tfq_hybrid.files.filling import to_be_filled
from tfq_hybrid.files.models import calling_keras
from tfq_hybrid.reading import read_json, read_text
from tfq_hybrid.shapes import check_shape

PREFIX = "transformer."
HEAD = "lm_head.weight"  # the embedding once more, where it is there at all
# Masks that older versions kept with the weights.
MASKS = (".attn.attention.bias", ".attn.attention.masked_bias")
MOST_LAYERS = 10_000  # the largest that was published has 32
LARGEST_MERGES = 2**26  # bytes: those of GPT-2 are 456 thousand


class GPTNeoConfig(TypedDict, total=False):
    """What is used of a config; each but the sizes has a default there."""

    vocab_size: int
    num_layers: int
    num_heads: int
    hidden_size: int
    intermediate_size: int | None
    max_position_embeddings: int
    window_size: int
    attention_types: list[tuple[list[str], int]]
    attention_layers: list[str]
    activation_function: str
    layer_norm_epsilon: float
    resid_dropout: float
    tie_word_embeddings: bool


class TokenizerConfig(TypedDict, total=False):
    """What is used of the config of a tokenizer."""

    add_prefix_space: bool


SIZES = ("vocab_size", "num_layers", "num_heads", "hidden_size")


def convert_gpt_neo(
    folder: pathlib.Path, config: dict[str, Any], preset: pathlib.Path
) -> None:
    """Writes the model and the tokenizer of a directory as a preset.

    Raises:
        ValueError, OSError: it is damaged, or another model.
    """
    arguments = arguments_of(config)
    vocabulary, merges = _read_words(folder, arguments["vocabulary_size"])
    path = folder / "tokenizer_config.json"
    options = read_json(path, shape=TokenizerConfig) if path.is_file() else {}
    weights = weights_of(folder)
    budget = Budget.of_weights(weights.size)
    with spending(budget), to_be_filled(), calling_keras():
        backbone = GPTNeoBackbone(**arguments)
    fill(rows_of(backbone), weights, PREFIX, _is_unused)
    _check_tied(weights, backbone)
    with calling_keras():
        backbone.save_to_preset(str(preset))
        tokenizer = GPTNeoTokenizer(
            vocabulary,
            merges,
            add_prefix_space=options.get("add_prefix_space", False),
        )
        tokenizer.save_to_preset(str(preset))


def arguments_of(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `GPTNeoBackbone` that a config stands for.

    Of the three rates of dropout, which are 0 in the published models, the
    one after each sublayer counts.

    Raises:
        ValueError: one is missing or out of its range, or it is another model.
    """
    check_shape(config, GPTNeoConfig)
    for name in SIZES:
        if name not in config:
            raise ValueError(f"{name!r} is missing")
    for name, only in (
        ("activation_function", "gelu_new"),
        ("tie_word_embeddings", True),
    ):
        if config.get(name, only) != only:
            raise ValueError(f"{name} is {config[name]!r}, and not {only!r}")
    inner = config.get("intermediate_size") or 4 * config["hidden_size"]
    arguments = {
        "vocabulary_size": config["vocab_size"],
        "num_layers": config["num_layers"],
        "num_heads": config["num_heads"],
        "hidden_dim": config["hidden_size"],
        "intermediate_dim": inner,
        "window_size": config.get("window_size", 256),
        "max_sequence_length": config.get("max_position_embeddings", 2048),
    }
    for name, value in arguments.items():
        check_integer(name, value, minimum=1)
    check_integer("num_layers", arguments["num_layers"], 1, MOST_LAYERS)
    arguments["attention_types"] = _attention_types(config)
    check_attention(
        arguments["attention_types"],
        arguments["window_size"],
        arguments["num_heads"],
        arguments["hidden_dim"],
    )
    arguments["dropout"] = config.get("resid_dropout", 0.0)
    check_share("resid_dropout", arguments["dropout"])
    arguments["layer_norm_epsilon"] = config.get("layer_norm_epsilon", 1e-5)
    check_share("layer_norm_epsilon", arguments["layer_norm_epsilon"])
    return arguments


def _attention_types(config):
    """The kind of each layer, from either way to write it."""
    layers = config["num_layers"]
    kinds = config.get("attention_layers")
    groups = (
        [(kinds, 1)]
        if kinds is not None
        else config.get("attention_types", [[["global", "local"], 12]])
    )
    count = sum(len(kinds) * max(times, 0) for kinds, times in groups)
    if count != layers:  # before as many are made
        raise ValueError(f"attention for {count} layers, and not {layers}")
    return [kind for kinds, times in groups for kind in kinds * times]


def rows_of(backbone: GPTNeoBackbone) -> Iterator[Row]:
    """Where each tensor of a GPT-Neo belongs, by its name without `PREFIX`."""
    for name, variable in (
        ("wte.weight", backbone.token_embedding.embeddings),
        ("wpe.weight", backbone.position_embedding.position_embeddings),
    ):
        yield Row(name, variable, tuple(variable.shape))
    yield from norm_rows("ln_f", backbone.layer_norm)
    for index, block in enumerate(backbone.transformer_layers):
        name = f"h.{index}"
        yield from norm_rows(f"{name}.ln_1", block._self_attention_layer_norm)
        yield from norm_rows(f"{name}.ln_2", block._feedforward_layer_norm)
        attention = block._self_attention_layer
        begin = f"{name}.attn.attention"
        for letter, dense in (
            ("q", attention._query_dense),
            ("k", attention._key_dense),
            ("v", attention._value_dense),
        ):
            yield from dense_rows(f"{begin}.{letter}_proj", dense)
        yield from dense_rows(f"{begin}.out_proj", attention._output_dense, 2)
        up = block._feedforward_intermediate_dense
        yield from dense_rows(f"{name}.mlp.c_fc", up)
        down = block._feedforward_output_dense
        yield from dense_rows(f"{name}.mlp.c_proj", down)


def _is_unused(name):
    return name == HEAD or name.endswith(MASKS)


def _check_tied(weights, backbone):
    """A file may hold the embedding once more as the head."""
    if HEAD not in weights.files:
        return
    head = read(weights.files[HEAD], HEAD)
    if not np.array_equal(head, backbone.token_embedding.embeddings):
        raise ValueError(f"{HEAD} is another matrix than the embedding")


def _read_words(folder, size):
    """The vocabulary and the merges of the tokenizer."""
    vocabulary = read_json(folder / "vocab.json", shape=dict[str, int])
    if not vocabulary:
        raise ValueError("vocab.json is empty")
    ids = set(vocabulary.values())
    if len(ids) < len(vocabulary) or min(ids) < 0 or max(ids) >= size:
        raise ValueError(
            f"vocab.json has ids that are not from 0 to {size - 1}, or has "
            "one twice"
        )
    merges = []
    for line in read_text(folder / "merges.txt", LARGEST_MERGES).split("\n"):
        pair = line.rstrip("\r").split(" ")
        if line.startswith("#version") or pair == [""]:
            continue
        if len(pair) != 2 or not all(pair):
            raise ValueError(f"merges.txt has the line {line[:60]!r}")
        merges.append(" ".join(pair))
    return vocabulary, merges
