"""The backbone of a Llama from the metadata and the tensors of a GGUF file."""

import math
from typing import Any, NamedTuple

import keras_hub
import numpy as np

from tfq_hybrid.bases.gguf_file import GGUFFile
from tfq_hybrid.errors import is_number
from tfq_hybrid.files.filling import to_be_filled
from tfq_hybrid.files.models import calling_keras

FAMILY = "llama"
DIVISORS = "rope_freqs.weight"
# What llama.cpp writes the divisors of Llama 3.1 and later from
# (conversion of LlamaForCausalLM), beside the factor.
LOW_FACTOR, HIGH_FACTOR, PRETRAINED_LENGTH = 1.0, 4.0, 8192
# What a key may say of a Llama, all of which is obeyed. Another one may change
# what the model computes.
KEYS = frozenset(
    "block_count context_length embedding_length feed_forward_length "
    "attention.head_count attention.head_count_kv "
    "attention.layer_norm_rms_epsilon attention.key_length "
    "attention.value_length rope.dimension_count rope.freq_base "
    "rope.scaling.type rope.scaling.factor "
    "rope.scaling.original_context_length vocab_size expert_count "
    "expert_used_count".split()
)
# A tensor of a block, and the weight of keras-hub's block that it becomes.
BLOCK = {
    "attn_norm": "self_attention_layernorm/scale",
    "attn_q": "self_attention/query/kernel",
    "attn_k": "self_attention/key/kernel",
    "attn_v": "self_attention/value/kernel",
    "attn_output": "self_attention/attention_output/kernel",
    "ffn_norm": "feedforward_layernorm/scale",
    "ffn_gate": "feedforward_gate_dense/kernel",
    "ffn_up": "feedforward_intermediate_dense/kernel",
    "ffn_down": "feedforward_output_dense/kernel",
}


class Place(NamedTuple):
    """Where a tensor of a file goes.

    Attributes:
        path: of the variable of keras-hub's backbone.
        shape: of the tensor.
        heads: of rows in llama.cpp's rotary order; 0 of others.
        transposed: whether keras-hub keeps rows as columns.
    """

    path: str
    shape: tuple[int, ...]
    heads: int = 0
    transposed: bool = True


def read_backbone(file: GGUFFile) -> keras_hub.models.Llama3Backbone:
    """The backbone in a file, in float32, one tensor at a time.

    Raises:
        UserError: the file holds another model, or one that keras-hub's
            Llama cannot be.
    """
    config = backbone_config(file)
    places = check_tensors(file, config)
    with to_be_filled():
        with calling_keras():
            backbone = keras_hub.models.Llama3Backbone(
                **config, dtype="float32"
            )
        left = {variable.path: variable for variable in backbone.variables}
        for name, place in places.items():
            variable = left.pop(place.path)
            values = arrange(file.read(name), place, variable.shape)
            variable.assign(values)
    if left:
        raise file.refused(f"without a tensor for {next(iter(left))}")
    return backbone


def backbone_config(file: GGUFFile) -> dict[str, Any]:
    """The arguments of `Llama3Backbone` that a file's metadata give.

    Raises:
        UserError: a value is missing, or says what keras-hub's Llama cannot.
    """
    family = file.metadata.get("general.architecture")
    if family != FAMILY:
        raise file.refused(f"of the family {str(family)[:60]!r}")
    keys = {k: v for k, v in file.metadata.items() if k.startswith("llama.")}
    said = {key.removeprefix("llama."): value for key, value in keys.items()}
    for key in said:
        if key not in KEYS:
            raise file.refused(f"with the unknown key llama.{key[:60]}")
    if said.get("expert_count", 0) != 0:
        raise file.refused("a mixture of experts")

    def integer(key, default=None):
        found = said.get(key, default)
        if isinstance(found, np.ndarray) and len({*found.tolist()}) == 1:
            found = found[0].item()  # the same in each block
        if type(found) is not int or not 1 <= found < 2**31:
            raise file.refused(f"with llama.{key} {str(found)[:60]}")
        return found

    def number(key, default=None):
        found = said.get(key, default)
        if not is_number(found) or found <= 0:
            raise file.refused(f"with llama.{key} {str(found)[:60]}")
        # Without the digits that float32 adds to 1e-5.
        return float(str(np.float32(found)))

    heads, width = integer("attention.head_count"), integer("embedding_length")
    shared = integer("attention.head_count_kv", heads)
    size = width // heads
    for key in ("attention.key_length", "attention.value_length"):
        if width % heads or integer(key, size) != size:
            raise file.refused(f"of {heads} heads that are not {width} wide")
    if size % 2 or integer("rope.dimension_count", size) != size:
        raise file.refused("which rotates a part of a head")
    if heads % shared:
        raise file.refused(f"with {shared} key heads for {heads} query heads")
    scaling = said.get("rope.scaling.type", "none")
    if scaling != "none":  # keras-hub's Llama takes a factor, and no notice
        raise file.refused(f"with the RoPE scaling {str(scaling)[:60]!r}")
    base = number("rope.freq_base", 10000.0)
    length = integer("rope.scaling.original_context_length", PRETRAINED_LENGTH)
    words = file.tensors.get("token_embd.weight")
    if words is None or len(words.shape) != 2:
        raise file.refused("without a matrix token_embd.weight")
    if integer("vocab_size", words.shape[0]) != words.shape[0]:
        raise file.refused("whose vocab_size is not that of token_embd.weight")
    return {
        "vocabulary_size": words.shape[0],
        "num_layers": integer("block_count"),
        "num_query_heads": heads,
        "num_key_value_heads": shared,
        "hidden_dim": width,
        "intermediate_dim": integer("feed_forward_length"),
        "rope_max_wavelength": base,
        **_llama3_scaling(file, base, size, length),
        "layer_norm_epsilon": number("attention.layer_norm_rms_epsilon"),
        "tie_word_embeddings": "output.weight" not in file.tensors,
    }


def _llama3_scaling(file, base, size, length):
    """The scaling that the divisors of the frequencies come from, if any.

    The file has the divisors alone: 1 for short waves, the factor for long
    ones. Meta's `apply_scaling` for Llama 3.1 is the rule.
    """
    if DIVISORS not in file.tensors:
        return {}
    if file.tensors[DIVISORS].shape != (size // 2,):
        raise file.refused(f"with {DIVISORS} of another size than a head")
    divisors = file.read(DIVISORS)
    factor = float(divisors.max())
    if factor == divisors.min() == 1:
        return {}
    expected = llama3_divisors(base, size, factor, length)
    if not np.allclose(divisors, expected, rtol=1e-3):
        raise file.refused(f"with {DIVISORS} that are not those of Llama 3")
    return {
        "rope_frequency_adjustment_factor": factor,
        "rope_low_freq_factor": LOW_FACTOR,
        "rope_high_freq_factor": HIGH_FACTOR,
        "rope_pretraining_sequence_length": length,
    }


def llama3_divisors(
    base: float, size: int, factor: float, length: int
) -> np.ndarray:
    """What Llama 3.1 divides the frequency of each pair of a head by.

    Args:
        base: of the frequencies.
        size: of a head.
        factor: of the longest waves.
        length: of the texts of the pretraining, in tokens.

    Example:

    >>> llama3_divisors(5e5, 64, 32.0, 8192)[[14, 18]].tolist()
    [1.0, 32.0]
    """
    waves = 2 * math.pi * base ** (np.arange(0, size, 2) / size)
    share = (length / waves - LOW_FACTOR) / (HIGH_FACTOR - LOW_FACTOR)
    share = np.clip(share, 0, 1)
    return 1 / ((1 - share) / factor + share)


def check_tensors(file: GGUFFile, config: dict[str, Any]) -> dict[str, Place]:
    """Where each tensor goes.

    Raises:
        UserError: one is missing, too many, or of another shape.
    """
    if config["num_layers"] > len(file.tensors):
        raise file.refused(f"without tensors for {config['num_layers']} blocks")
    places = places_of(config)
    for name, place in places.items():
        if name not in file.tensors:
            raise file.refused(f"without the tensor {name}")
        shape = file.tensors[name].shape
        if shape != place.shape:
            raise file.refused(f"with {name} of {shape}, not {place.shape}")
    for name in file.tensors:
        if name not in places and name != DIVISORS:
            raise file.refused(f"with the unknown tensor {name[:60]}")
    return places


def places_of(config: dict[str, Any]) -> dict[str, Place]:
    """The tensors of a Llama of such a config, each with its place."""
    width, inner = config["hidden_dim"], config["intermediate_dim"]
    heads, shared = config["num_query_heads"], config["num_key_value_heads"]
    of_keys = width // heads * shared
    matrix = (config["vocabulary_size"], width)
    shapes = {
        "attn_norm": (width,),
        "attn_q": (width, width),
        "attn_k": (of_keys, width),
        "attn_v": (of_keys, width),
        "attn_output": (width, width),
        "ffn_norm": (width,),
        "ffn_gate": (inner, width),
        "ffn_up": (inner, width),
        "ffn_down": (width, inner),
    }
    rotated = {"attn_q": heads, "attn_k": shared}
    places = {
        "token_embd": Place("token_embedding/embeddings", matrix, 0, False),
        "output_norm": Place("sequence_output_layernorm/scale", (width,)),
    }
    for block in range(config["num_layers"]):
        for part, inside in BLOCK.items():
            path = f"transformer_layer_{block}/{inside}"
            place = Place(path, shapes[part], rotated.get(part, 0))
            places[f"blk.{block}.{part}"] = place
    if not config["tie_word_embeddings"]:
        path = "token_embedding/reverse_embeddings"
        places["output"] = Place(path, matrix)
    return {f"{name}.weight": place for name, place in places.items()}


def arrange(
    values: np.ndarray, place: Place, shape: tuple[int, ...]
) -> np.ndarray:
    """A tensor of a file as keras-hub keeps it, of that shape.

    In each head llama.cpp puts the two halves that are rotated together
    beside each other, pair by pair.

    Example:

    >>> rows = np.array([[0], [3], [1], [4], [2], [5]])
    >>> arrange(rows, Place("", (6, 1), heads=1), (1, 1, 6)).tolist()
    [[[0, 1, 2, 3, 4, 5]]]
    """
    if place.heads:
        rows, columns = values.shape
        pairs = rows // place.heads // 2
        values = values.reshape(place.heads, pairs, 2, columns)
        values = values.swapaxes(1, 2).reshape(rows, columns)
    return (values.T if place.transposed else values).reshape(shape)
