"""Weights of GGUF files against an independent forward pass; other files."""

import gguf
import keras_hub
import numpy as np
import pytest

from tests.adapters.zoo import difference
from tests.bases.gguf_files import (
    SIZES,
    TYPES,
    numpy_llama,
    weights_of,
    words,
    write,
)
from tfq_hybrid import adapters, bases
from tfq_hybrid.bases.gguf_file import open_gguf
from tfq_hybrid.bases.llama import llama3_divisors, read_backbone
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.models import load_model
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.verify import verify

IDS = np.array([3, 70, 200, 9, 9, 141, 30, 222], "int32")
LONG = np.arange(3, 63, dtype="int32")


def logits(backbone, ids=IDS):
    inputs = {"token_ids": ids[None], "padding_mask": np.ones_like(ids)[None]}
    return np.array(backbone.token_embedding(backbone(inputs), reverse=True)[0])


def converted(path, *args, **options):
    write(path, *args, **options)
    with open_gguf(path) as file:
        return read_backbone(file)


@pytest.mark.parametrize("shared", [1, 2, 4])
def test_logits_are_those_of_numpy(shared, tmp_path):
    """Heads of 6, fewer key heads, another base and epsilon."""
    sizes = {**SIZES, "shared": shared}
    weights = weights_of(sizes)
    backbone = converted(tmp_path / "a.gguf", weights, sizes)
    expected = numpy_llama(weights, sizes, IDS)
    assert np.abs(expected).max() > 1
    assert difference(logits(backbone), expected) < 1e-4
    norms = [
        layer
        for layer in backbone._flatten_layers()
        if "norm" in layer.name and hasattr(layer, "epsilon")
    ]
    assert len(norms) == 2 * sizes["blocks"] + 1
    assert {layer.epsilon for layer in norms} == {sizes["epsilon"]}


def test_the_direction_of_the_row_order(tmp_path):
    sizes = {**SIZES, "blocks": 1}
    weights = weights_of(sizes)
    ordered = np.tile(np.arange(6.0)[:, None], (2, 24)).astype("f")
    weights["blk.0.attn_k.weight"] = ordered
    path = tmp_path / "a.gguf"
    backbone = converted(path, weights, sizes)
    with open_gguf(path) as file:
        rows = file.read("blk.0.attn_k.weight")[:, 0]
    assert rows.tolist() == [0, 3, 1, 4, 2, 5] * 2
    (kernel,) = (
        variable
        for variable in backbone.variables
        if variable.path == "transformer_layer_0/self_attention/key/kernel"
    )
    assert np.array(kernel)[5].tolist() == [[*range(6)]] * 2


def test_a_matrix_as_high_as_wide_is_transposed(tmp_path):
    sizes = {**SIZES, "inner": SIZES["heads"] * SIZES["size"]}
    weights = weights_of(sizes)
    backbone = converted(tmp_path / "a.gguf", weights, sizes)
    expected = numpy_llama(weights, sizes, IDS)
    assert difference(logits(backbone), expected) < 1e-4


def test_the_output_matrix(tmp_path):
    """None: tied, counted once. Its own, even where both are equal."""
    tied, own = weights_of(SIZES), weights_of(SIZES, tied=False)
    equal = {**tied, "output.weight": tied["token_embd.weight"]}
    matrix = tied["token_embd.weight"].size
    count = sum(values.size for values in tied.values())
    for weights, parameters in (
        (tied, count),
        (own, count + matrix),
        (equal, count + matrix),
    ):
        backbone = converted(tmp_path / "a.gguf", weights, SIZES)
        assert backbone.count_params() == parameters
        expected = numpy_llama(weights, SIZES, IDS)
        assert difference(logits(backbone), expected) < 1e-4


def test_types_are_mixed_within_a_file(tmp_path):
    sizes = {**SIZES, "heads": 2, "size": 32, "shared": 1, "inner": 256}
    weights = weights_of(sizes, tied=False)
    kinds = ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "F16", "BF16"]
    matrices = [name for name, w in weights.items() if w.ndim == 2]
    types = {
        name: TYPES[kind]
        for name, kind in zip(matrices, kinds * 3, strict=False)
    }
    backbone = converted(tmp_path / "a.gguf", weights, sizes, types)

    rounded = {
        name: gguf.dequantize(gguf.quantize(w, types[name]), types[name])
        if name in types
        else w
        for name, w in weights.items()
    }
    expected = numpy_llama(rounded, sizes, IDS)
    assert difference(logits(backbone), expected) < 1e-3
    assert difference(expected, numpy_llama(weights, sizes, IDS)) > 0.01


def llama3_rule(base, size, factor, length):
    """The frequencies of Llama 3.1, one by one, from Meta's `apply_scaling`."""
    found = []
    for pair in range(size // 2):
        frequency = base ** (-2 * pair / size)
        wave = 2 * np.pi / frequency
        if wave > length:
            frequency /= factor
        elif wave >= length / 4:
            smooth = (length / wave - 1) / 3
            frequency *= (1 - smooth) / factor + smooth
        found.append(frequency)
    return np.array(found)


def test_divisors_of_llama_3():
    divisors = llama3_divisors(5e5, 64, 32.0, 8192)
    assert divisors[:15].tolist() == [1.0] * 15
    assert divisors[18:].tolist() == [32.0] * 14
    plain = 5e5 ** (-np.arange(0, 64, 2) / 64)
    expected = llama3_rule(5e5, 64, 32.0, 8192)
    np.testing.assert_allclose(plain / divisors, expected, rtol=1e-12)


def test_scaled_rotations_are_those_of_numpy(tmp_path):
    sizes = {**SIZES, "base": 5e4, "size": 12, "heads": 2, "shared": 1}
    weights = weights_of(sizes)
    factor, length = 8.0, 48
    scaled = llama3_rule(sizes["base"], 12, factor, length)
    plain = sizes["base"] ** (-np.arange(0, 12, 2) / 12)
    extra = [("rope_freqs.weight", (plain / scaled).astype("f"))]
    path = tmp_path / "a.gguf"
    said = {"rope.scaling.original_context_length": length}
    backbone = converted(path, weights, sizes, None, said, extra=extra)
    expected = numpy_llama(weights, sizes, LONG, scaled)
    assert difference(logits(backbone, LONG), expected) < 1e-3
    assert difference(expected, numpy_llama(weights, sizes, LONG)) > 0.1
    with pytest.raises(UserError, match="not those of Llama 3"):
        converted(path, weights, sizes, extra=[(extra[0][0], extra[0][1] + 1)])
    with pytest.raises(UserError, match="of another size than a head"):
        converted(path, weights, sizes, extra=[(extra[0][0], np.ones(5, "f"))])


METADATA = {
    "block_count": (3, "without the tensor blk.2"),
    "embedding_length": (30, "of 4 heads that are not 30 wide"),
    "feed_forward_length": (21, r"ffn_gate.weight of \(20, 24\), not \(21, 24"),
    "attention.head_count": (0, "llama.attention.head_count 0"),
    "attention.head_count_kv": (3, "3 key heads for 4 query heads"),
    "attention.layer_norm_rms_epsilon": (None, "rms_epsilon None"),
    "attention.key_length": (8, "of 4 heads that are not 24 wide"),
    "rope.dimension_count": (4, "rotates a part of a head"),
    "rope.freq_base": (-1.0, "rope.freq_base -1.0"),
    "rope.scaling.type": ("linear", "the RoPE scaling 'linear'"),
    "vocab_size": (5, "vocab_size is not that"),
    "expert_count": (8, "a mixture of experts"),
    "logit_scale": (2.0, "the unknown key llama.logit_scale"),
}


@pytest.mark.parametrize("key", METADATA)
def test_other_models_are_refused(key, tmp_path):
    value, message = METADATA[key]
    path = tmp_path / "a.gguf"
    write(path, weights_of(SIZES), SIZES, metadata={key: value})
    with pytest.raises(UserError, match=message):
        bases.as_preset(path, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_another_family_is_refused(tmp_path):
    path = tmp_path / "a.gguf"
    write(path, weights_of(SIZES), SIZES)
    path.write_bytes(path.read_bytes().replace(b"llama", b"qwen2", 1))
    with pytest.raises(UserError, match="of the family 'qwen2'"):
        bases.as_preset(path, tmp_path / "cache")
    with pytest.raises(UserError, match="No such file"):
        bases.as_preset(tmp_path / "none.gguf", tmp_path / "cache")


def test_every_tensor_is_used_once(tmp_path):
    path, weights = tmp_path / "a.gguf", weights_of(SIZES)
    bias = [("blk.0.attn_q.bias", np.ones(24, "f"))]
    with pytest.raises(UserError, match=r"unknown tensor blk.0.attn_q.bias"):
        converted(path, weights, SIZES, extra=bias)
    del weights["blk.1.ffn_up.weight"]
    with pytest.raises(UserError, match=r"without the tensor blk.1.ffn_up"):
        converted(path, weights, SIZES)


def test_a_tied_preset_is_loaded_as_it_was(tmp_path):
    """Plain, saved again, and adapted: keras-hub's config forgets the tie."""
    path = tmp_path / "a.gguf"
    weights = weights_of(SIZES)
    write(path, weights, SIZES)
    preset = bases.as_preset(path, tmp_path / "cache")
    assert verify(preset).is_whole
    assert bases.as_preset(path, tmp_path / "cache") == preset
    expected = numpy_llama(weights, SIZES, IDS)
    model = from_preset(keras_hub.models.CausalLM, preset)
    assert type(model) is keras_hub.models.Llama3CausalLM
    assert model.backbone.vocabulary_size == len(words())
    preprocessor = model.preprocessor
    assert preprocessor.sequence_length == 64
    assert not preprocessor.add_start_token
    loaded = keras_hub.tokenizers.Tokenizer.from_preset(preset)
    assert loaded.get_config() == preprocessor.tokenizer.get_config()
    assert loaded("2012") == preprocessor.tokenizer("2012")
    assert difference(logits(model.backbone), expected) < 1e-4

    adapters.adapt(model, adapters.LoRA(rank=2))
    (tmp_path / "saved").mkdir()
    model.save_to_preset(str(tmp_path / "saved"))
    model.save(tmp_path / "m.keras")
    for loaded in (
        from_preset(keras_hub.models.CausalLM, tmp_path / "saved"),
        load_model(tmp_path / "m.keras"),
    ):
        assert loaded.backbone.tie_word_embeddings
        assert difference(logits(loaded.backbone), expected) < 1e-4
    untied = keras_hub.models.LlamaBackbone(9, 1, 2, 4, 4, 2)
    assert "tie_word_embeddings" not in untied.get_config()
