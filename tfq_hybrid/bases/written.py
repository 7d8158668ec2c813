"""Backbones as directories of Hugging Face: config, weights, tokenizer."""

import pathlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import keras_hub
import numpy as np
from safetensors.numpy import save_file

from tfq_hybrid.bases.gpt_neo import GPTNeoBackbone
from tfq_hybrid.bases.gpt_neo_files import PREFIX as GPT_NEO_PREFIX
from tfq_hybrid.bases.gpt_neo_files import rows_of as gpt_neo_rows
from tfq_hybrid.bases.llama_files import SCALING, SIZES
from tfq_hybrid.bases.llama_files import rows_of as llama_rows
from tfq_hybrid.bases.mpnet.backbone import MPNetBackbone
from tfq_hybrid.bases.mpnet.conversion import rows_of as mpnet_rows
from tfq_hybrid.bases.mpnet.layers import OFFSET
from tfq_hybrid.bases.shards import WEIGHTS
from tfq_hybrid.bases.tensors import Row, dense_rows, norm_rows
from tfq_hybrid.bases.written_words import writer_of
from tfq_hybrid.errors import UserError
from tfq_hybrid.files import replacing, write_json

# Of a Llama: the longest text that it is known to take, which a backbone of
# Keras does not say.
POSITIONS = 8192


def write_directory(
    backbone: keras_hub.models.Backbone,
    tokenizer: Any,
    folder: pathlib.Path,
    kernels: Mapping[int, np.ndarray] | None = None,
) -> None:
    """Writes a backbone and its tokenizer as `transformers` reads them.

    `as_preset` reads them back, with the same numbers.

    Args:
        backbone: a Llama, a GPT-Neo, an MPNet or a BERT.
        tokenizer: that of the backbone, or `None`, whose files are left out.
        folder: new; it appears whole or not at all.
        kernels: in place of the values of variables, by their `id`. Defaults
            to none.

    Raises:
        UserError: the backbone or the tokenizer is of another class.
        StorageError: the disk is full.
    """
    config_of, rows = _family(backbone)
    if folder.exists():
        raise UserError(f"Expected a new folder. Received: {folder}")
    write_words = tokenizer and writer_of(tokenizer)
    with replacing(folder) as partial:
        partial.mkdir()
        write_json(partial / "config.json", config_of(backbone))
        if write_words:
            write_words(tokenizer, partial)
        tensors = {
            row.name: _tensor(row, kernels or {}) for row in rows(backbone)
        }
        save_file(tensors, partial / WEIGHTS, metadata={"format": "pt"})


def rows_of(backbone: keras_hub.models.Backbone) -> Iterator[Row]:
    """Where each tensor of `transformers` belongs in a backbone.

    Raises:
        UserError: the backbone is of another class than those written here.
    """
    return _family(backbone)[1](backbone)


def _family(backbone):
    kind = getattr(backbone, "adapted_from", type(backbone))
    if kind not in FAMILIES:
        names = ", ".join(family.__name__ for family in FAMILIES)
        raise UserError(
            f"Expected a model on a backbone of {names}. Received: one on a "
            f"{kind.__name__}"
        )
    return FAMILIES[kind]


def _tensor(row: Row, kernels: Mapping[int, np.ndarray]) -> np.ndarray:
    """The values of a row as they are in a file."""
    values = kernels.get(id(row.variable))
    if values is None:
        values = keras.ops.convert_to_numpy(row.variable)
    if row.is_turned:
        values = values.reshape(row.shape[::-1]).T
    return np.ascontiguousarray(values.reshape(row.shape).astype("float32"))


def _llama(backbone):
    config = backbone.get_config()
    found = {theirs: config[name] for name, theirs in SIZES.items()}
    found |= {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "rms_norm_eps": config["layer_norm_epsilon"],
        "rope_theta": config["rope_max_wavelength"],
        "tie_word_embeddings": backbone.tie_word_embeddings,
        "max_position_embeddings": POSITIONS,
        "torch_dtype": "float32",
    }
    if config.get("rope_frequency_adjustment_factor"):
        scaling = {theirs: config[name] for name, theirs in SCALING.items()}
        found["rope_scaling"] = {"rope_type": "llama3", **scaling}
    return found


def _gpt_neo(backbone):
    kinds = list(backbone.attention_types)
    return {
        "architectures": ["GPTNeoForCausalLM"],
        "model_type": "gpt_neo",
        "vocab_size": backbone.vocabulary_size,
        "num_layers": backbone.num_layers,
        "num_heads": backbone.num_heads,
        "hidden_size": backbone.hidden_dim,
        "intermediate_size": backbone.intermediate_dim,
        "max_position_embeddings": backbone.max_sequence_length,
        "window_size": backbone.window_size,
        "attention_types": [[kinds, 1]],
        "attention_layers": kinds,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": backbone.layer_norm_epsilon,
        "resid_dropout": backbone.dropout,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
    }


def _gpt_neo_rows(backbone) -> Iterator[Row]:
    for row in gpt_neo_rows(backbone):
        name = f"{GPT_NEO_PREFIX}{row.name}"
        yield Row(name, row.variable, row.shape, row.is_turned)


def _encoder(backbone, model_type, architecture):
    return {
        "architectures": [architecture],
        "model_type": model_type,
        "vocab_size": backbone.vocabulary_size,
        "num_hidden_layers": backbone.num_layers,
        "num_attention_heads": backbone.num_heads,
        "hidden_size": backbone.hidden_dim,
        "intermediate_size": backbone.intermediate_dim,
        "hidden_act": "gelu",
        "hidden_dropout_prob": backbone.dropout,
        "torch_dtype": "float32",
    }


def _mpnet(backbone):
    return _encoder(backbone, "mpnet", "MPNetModel") | {
        "max_position_embeddings": backbone.max_sequence_length + OFFSET,
        "relative_attention_num_buckets": 32,
        "layer_norm_eps": backbone.layer_norm_epsilon,
        "pad_token_id": OFFSET - 1,
    }


def _bert(backbone):
    return _encoder(backbone, "bert", "BertModel") | {
        # What keras-hub computes: the approximation by tanh.
        "hidden_act": "gelu_new",
        "max_position_embeddings": backbone.max_sequence_length,
        "type_vocab_size": backbone.num_segments,
        "layer_norm_eps": 1e-12,
    }


def _bert_rows(backbone) -> Iterator[Row]:
    for name, variable in (
        ("word", backbone.token_embedding.embeddings),
        ("position", backbone.position_embedding.position_embeddings),
        (
            "token_type",
            backbone.get_layer("segment_embedding").embeddings,
        ),
    ):
        name = f"embeddings.{name}_embeddings.weight"
        yield Row(name, variable, tuple(variable.shape))
    norm = backbone.get_layer("embeddings_layer_norm")
    yield from norm_rows("embeddings.LayerNorm", norm)
    for index, block in enumerate(backbone.transformer_layers):
        begin = f"encoder.layer.{index}"
        attention = block._self_attention_layer
        for role, dense in (
            ("query", attention._query_dense),
            ("key", attention._key_dense),
            ("value", attention._value_dense),
        ):
            yield from dense_rows(f"{begin}.attention.self.{role}", dense)
        yield from dense_rows(
            f"{begin}.attention.output.dense", attention._output_dense, 2
        )
        norm = block._self_attention_layer_norm
        yield from norm_rows(f"{begin}.attention.output.LayerNorm", norm)
        up = block._feedforward_intermediate_dense
        yield from dense_rows(f"{begin}.intermediate.dense", up)
        down = block._feedforward_output_dense
        yield from dense_rows(f"{begin}.output.dense", down)
        norm = block._feedforward_layer_norm
        yield from norm_rows(f"{begin}.output.LayerNorm", norm)
    yield from dense_rows("pooler.dense", backbone.pooled_dense)


# Of each backbone: its config, and where its tensors belong.
FAMILIES: dict[type, tuple[Callable, Callable]] = {
    keras_hub.models.Llama3Backbone: (_llama, llama_rows),
    GPTNeoBackbone: (_gpt_neo, _gpt_neo_rows),
    MPNetBackbone: (_mpnet, mpnet_rows),
    keras_hub.models.BertBackbone: (_bert, _bert_rows),
}
