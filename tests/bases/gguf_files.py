"""Tiny GGUF files of Llamas, as llama.cpp writes them, and what they compute.

The forward pass is in NumPy, on the weights before llama.cpp's row order.
"""

import functools
import pathlib
import tempfile

import gguf
import numpy as np
from tokenizers import pre_tokenizers

TYPES = gguf.GGMLQuantizationType
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = ["h e", "l l", "he ll", "hell o", "Ġ w", "1 2", "Ġ Ġ", "Ċ Ċ"]
CHATML = (
    "{% for message in messages %}"
    "{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nBe kind<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SIZES = {
    "blocks": 2,
    "heads": 4,
    "shared": 2,
    "size": 6,  # of a head: 4 would not tell one order of rows from the other
    "inner": 20,
    "base": 500.0,
    "epsilon": 1e-2,
}


def words(control=CONTROL, merges=MERGES):
    """A vocabulary of all bytes."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    return [*control, *letters, *(merge.replace(" ", "") for merge in merges)]


def weights_of(sizes, tied=True, seed=0):
    """Random weights by the names of a file, in the row order of a Llama."""
    width = sizes["heads"] * sizes["size"]
    keys, inner = sizes["shared"] * sizes["size"], sizes["inner"]
    shapes = {"token_embd": (len(words()), width), "output_norm": (width,)}
    if not tied:
        shapes["output"] = (len(words()), width)
    for block in range(sizes["blocks"]):
        shapes |= {
            f"blk.{block}.{name}": shape
            for name, shape in {
                "attn_norm": (width,),
                "attn_q": (width, width),
                "attn_k": (keys, width),
                "attn_v": (keys, width),
                "attn_output": (width, width),
                "ffn_norm": (width,),
                "ffn_gate": (inner, width),
                "ffn_up": (inner, width),
                "ffn_down": (width, inner),
            }.items()
        }
    draw = np.random.default_rng(seed).normal
    return {
        f"{name}.weight": draw(size=shape, scale=0.4).astype("f")
        for name, shape in shapes.items()
    }


def permuted(rows, heads):
    """The order of rows in a file, as llama.cpp's converter makes it."""
    halves = rows.reshape(heads, 2, len(rows) // heads // 2, -1)
    return halves.swapaxes(1, 2).reshape(rows.shape)


def write(
    path, weights, sizes, types=None, metadata=None, tokenizer=None, extra=()
):
    """Writes a file.

    Args:
        types: of tensors by name; those that are not named are float32.
        metadata: changes of the keys after `llama.`; `None` leaves one out.
        tokenizer: changes of the keys after `tokenizer.`, likewise.
        extra: more tensors, pairs of a name and an array.
    """
    writer = gguf.GGUFWriter(path, "llama")
    said = {
        "block_count": sizes["blocks"],
        "context_length": 64,
        "embedding_length": sizes["heads"] * sizes["size"],
        "feed_forward_length": sizes["inner"],
        "attention.head_count": sizes["heads"],
        "attention.head_count_kv": sizes["shared"],
        "attention.layer_norm_rms_epsilon": sizes["epsilon"],
        "rope.freq_base": sizes["base"],
        "rope.dimension_count": sizes["size"],
    } | (metadata or {})
    vocabulary = {
        "ggml.model": "gpt2",
        "ggml.pre": "smollm",
        "ggml.tokens": words(),
        "ggml.token_type": [3] * len(CONTROL) + [1] * (len(words()) - 3),
        "ggml.merges": MERGES,
        "ggml.bos_token_id": 1,
        "ggml.eos_token_id": 2,
        "ggml.padding_token_id": 2,
        "ggml.add_bos_token": False,
        "chat_template": CHATML,
    } | (tokenizer or {})
    for begin, values in (("llama.", said), ("tokenizer.", vocabulary)):
        for key, value in values.items():
            _add(writer, begin + key, value)
    for name, values in [*weights.items(), *extra]:
        for part, count in (("attn_q", "heads"), ("attn_k", "shared")):
            if part in name:
                values = permuted(values, sizes[count])
        kind = (types or {}).get(name, TYPES.F32)
        blocks = gguf.quantize(values, kind)
        writer.add_tensor(name, blocks, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add(writer, key, value):
    kinds = {
        str: writer.add_string,
        bool: writer.add_bool,
        int: writer.add_uint32,
        float: writer.add_float32,
        list: writer.add_array,
    }
    if value is not None:
        kinds[type(value)](key, value)


@functools.cache
def tiny():
    """The bytes of a tiny file, with an output matrix of its own."""
    sizes = {**SIZES, "blocks": 1, "heads": 2, "shared": 1, "inner": 4}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tiny.gguf"
        write(path, weights_of(sizes, tied=False), sizes)
        return path.read_bytes()


def numpy_llama(weights, sizes, ids, frequencies=None):
    """Logits of shape (tokens, words) of a Llama, in float64.

    Touvron et al., arXiv 2302.13971; the two halves of a head rotate.
    """
    heads, shared, size = sizes["heads"], sizes["shared"], sizes["size"]
    count = len(ids)
    if frequencies is None:
        frequencies = sizes["base"] ** (-np.arange(0, size, 2) / size)
    angles = np.arange(count)[:, None] * frequencies
    cos, sin = (np.tile(f(angles), 2)[:, None] for f in (np.cos, np.sin))

    def linear(x, name):
        return x @ weights[f"{name}.weight"].astype("d").T

    def norm(x, name):
        mean = (x**2).mean(-1, keepdims=True)
        x = x / np.sqrt(mean + sizes["epsilon"])
        return x * weights[f"{name}.weight"]

    def rotate(x):
        first, second = np.split(x, 2, -1)
        return x * cos + np.concatenate([-second, first], -1) * sin

    x = weights["token_embd.weight"][ids].astype("d")
    past = np.tril(np.ones((count, count), bool))
    for block in range(sizes["blocks"]):
        b = f"blk.{block}"
        y = norm(x, f"{b}.attn_norm")
        q = rotate(linear(y, f"{b}.attn_q").reshape(count, heads, size))
        k = rotate(linear(y, f"{b}.attn_k").reshape(count, shared, size))
        v = linear(y, f"{b}.attn_v").reshape(count, shared, size)
        k, v = (np.repeat(a, heads // shared, 1) for a in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(size)
        scores = np.where(past, scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", scores, v).reshape(count, -1)
        x = x + linear(mixed, f"{b}.attn_output")
        y = norm(x, f"{b}.ffn_norm")
        gate = linear(y, f"{b}.ffn_gate")
        inner = gate / (1 + np.exp(-gate)) * linear(y, f"{b}.ffn_up")
        x = x + linear(inner, f"{b}.ffn_down")
    head = "output" if "output.weight" in weights else "token_embd"
    return linear(norm(x, "output_norm"), head)
