"""A tiny MPNet as Hugging Face writes it, and what one computes, in NumPy."""

import json
import math

import numpy as np
from safetensors.numpy import save_file

from tests.bases.test_pretrained import exact_gelu

WORDS = "the plot music is was not good bad ##ly ##s , ! straße ſ ﬁ".split()
VOCABULARY = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *WORDS, "<mask>"]
SIZES = {
    "vocab_size": len(VOCABULARY),
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "hidden_size": 8,
    "intermediate_size": 12,
    "max_position_embeddings": 202,
}
# As all-mpnet-base-v2 has them.
CONFIG = {
    "model_type": "mpnet",
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "relative_attention_num_buckets": 32,
    **SIZES,
}
TOKENIZER = {
    "do_lower_case": True,
    "strip_accents": None,
    "tokenize_chinese_chars": True,
}


def shapes_of(config):
    """The tensors of a file by name, without `mpnet.`, and their shapes."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    places = config["max_position_embeddings"]
    shapes = {
        "embeddings.word_embeddings.weight": (config["vocab_size"], width),
        "embeddings.position_embeddings.weight": (places, width),
        "encoder.relative_attention_bias.weight": (
            config["relative_attention_num_buckets"],
            config["num_attention_heads"],
        ),
    }
    norms, dense = ["embeddings.LayerNorm"], {"pooler.dense": (width, width)}
    for layer in range(config["num_hidden_layers"]):
        begin = f"encoder.layer.{layer}"
        for letter in "qkvo":
            dense[f"{begin}.attention.attn.{letter}"] = (width, width)
        dense[f"{begin}.intermediate.dense"] = (inner, width)
        dense[f"{begin}.output.dense"] = (width, inner)
        norms += [f"{begin}.attention.LayerNorm", f"{begin}.output.LayerNorm"]
    for name, shape in dense.items():
        shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
    for name in norms:
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    return shapes


def hugging_face_mpnet(folder, prefix="", changed=None, **changes):
    """Writes the directory, with random weights.

    Args:
        folder: path.
        prefix: str, before each name of a tensor.
        changed: function from the tensors, a dict of arrays, to those that
            are written. Defaults to `None`: as they are.
        **changes: of the config.

    Returns:
        The tensors by name, without the prefix.
    """
    config = {**CONFIG, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps(TOKENIZER))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), "utf-8")
    generator = np.random.default_rng(0)
    arrays = {
        name: generator.normal(size=shape).astype("float32")
        for name, shape in shapes_of({**CONFIG, **SIZES}).items()
    }
    places = np.arange(config["max_position_embeddings"])
    written = {
        **{prefix + name: array for name, array in arrays.items()},
        f"{prefix}embeddings.position_ids": places[None],
    }
    written = changed(written) if changed else written
    save_file(written, folder / "model.safetensors")
    return arrays


def numpy_mpnet(weights, ids, mask, layers=2, heads=2):
    """The outputs of an MPNet in NumPy, from the tensors of a file."""

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def split(x):
        return x.reshape(*x.shape[:2], heads, -1).transpose(0, 2, 1, 3)

    positions = np.cumsum(mask, axis=1) * mask + 1
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][positions]
    x = norm(x, "embeddings.LayerNorm")
    places = np.arange(ids.shape[1])
    table = weights["encoder.relative_attention_bias.weight"]
    bias = table[t5_buckets(places[None] - places[:, None])]
    for layer in range(layers):
        begin = f"encoder.layer.{layer}"
        q, k, v = (
            split(linear(x, f"{begin}.attention.attn.{name}")) for name in "qkv"
        )
        scores = q @ k.transpose(0, 1, 3, 2) / math.sqrt(q.shape[-1])
        scores = scores + bias.transpose(2, 0, 1)
        scores = np.where(mask[:, None, None, :] > 0, scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        mixed = mixed.transpose(0, 2, 1, 3).reshape(x.shape)
        mixed = linear(mixed, f"{begin}.attention.attn.o")
        x = norm(x + mixed, f"{begin}.attention.LayerNorm")
        inner = exact_gelu(linear(x, f"{begin}.intermediate.dense"))
        inner = linear(inner, f"{begin}.output.dense")
        x = norm(x + inner, f"{begin}.output.LayerNorm")
    return {
        "sequence_output": x,
        "pooled_output": np.tanh(linear(x[:, 0], "pooler.dense")),
    }


def t5_buckets(offsets):
    """32 buckets by the logarithms of T5, for key minus query."""
    distances = np.abs(offsets)
    shares = np.log(np.maximum(distances, 1) / 8) / np.log(128 / 8)
    far = np.minimum(8 + (8 * shares).astype(int), 15)
    return np.where(distances < 8, distances, far) + 16 * (offsets > 0)
