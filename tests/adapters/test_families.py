"""What is special in a family: two stacks, windows, gates, names, images."""

import keras
import keras_hub
import numpy as np
import pytest
from keras_hub.src.models.t5.t5_transformer_layer import T5TransformerLayer

from tests.adapters.test_invariants import ONLY_LONG
from tests.adapters.zoo import (
    SPEC,
    difference,
    make_backbone,
    make_task,
    run,
    stir,
    tokens,
)
from tfq_hybrid import adapters
from tfq_hybrid.adapters import blocks
from tfq_hybrid.adapters.classical_layers import open_attention
from tfq_hybrid.adapters.families import family_of
from tfq_hybrid.adapters.patterns import resolve
from tfq_hybrid.encoders.pooled import PooledTextClassifier
from tfq_hybrid.encoders.pretrained import check_family
from tfq_hybrid.encoders.tokens import TokenClassifier
from tfq_hybrid.errors import UserError


def each(*families, slow=("T5",)):
    """Each of some families: a T5 takes seconds to build."""
    return pytest.mark.parametrize(
        "family",
        [
            pytest.param(name, marks=pytest.mark.long if name in slow else ())
            for name in families
        ],
    )


@each(*ONLY_LONG, slow=("T5", "BART", "XLM-R", "Llama 2"))
def test_a_backbone_is_adapted_and_restored(family, tmp_path):
    model = make_backbone(family)
    before = run(model)
    outputs = {"base": before}
    lora = adapters.LoRA(targets=["attention", "ffn"], rank=2)
    circuits = adapters.QuantumAdapter(targets="ffn", circuit=SPEC)
    for name, method in (("lora", lora), ("circuits", circuits)):
        adapters.adapt(model, method, name)
        assert difference(run(model), before) == 0.0
        stir(model)
        outputs[name] = run(model)
        assert difference(outputs[name], before) > 1e-3
    with adapters.disable(model):
        assert difference(run(model), before) == 0.0
    model.save(tmp_path / "model.keras")
    found = keras.models.load_model(tmp_path / "model.keras")
    assert type(found) is type(model)
    for name in ("circuits", "lora"):
        adapters.activate(found, name)
        assert difference(run(found), outputs[name]) == 0.0
    adapters.unload(found)
    assert difference(run(found), before) == 0.0


def test_families_are_told_by_the_class_itself():
    """A subclass may have other blocks: XLM-R is one, and Llama 3 too."""
    for name in ("RoBERTa", "XLM-R", "Llama 2", "Llama 3"):
        assert family_of(make_backbone(name)).name == name

    class Own(keras_hub.models.XLMRobertaBackbone):
        pass

    assert family_of(Own(9, 1, 2, 4, 8)).name == "BERT"


@each("BART", "T5")
def test_two_stacks(family):
    backbone = make_backbone(family)
    stacks = ("transformer_encoder_layer_0/", "transformer_decoder_layer_0/")
    queries = resolve(backbone, ["query"])
    assert [query.block for query in queries] == [0, 1, 1]
    for query in queries:
        assert query.path.startswith(stacks[query.block])
    assert "cross_attention" in queries[2].path
    ffn = resolve(backbone, ["ffn"], groups={"ffn": ("ffn",)}, layers=[-1])
    assert [target.path for target in ffn] == [f"{stacks[1]}ffn"]
    # No states of one sequence run through all blocks.
    assert blocks.blocks_of(backbone) == []
    adapters.adapt(backbone, adapters.LoRA(targets="query", layers="1"))
    assert blocks.frozen_blocks(backbone) == 0
    for kind in (PooledTextClassifier, TokenClassifier):
        with pytest.raises(UserError, match="decoder_sequence_output"):
            kind.from_base(backbone, 2)
    with pytest.raises(UserError, match=r"encoder-decoder.*a preset"):
        check_family(backbone, "a preset")


def decoded(task, inputs, length):
    """Greedy decoding without a cache: ids of shape (batch, length)."""
    ids = np.array(inputs["decoder_token_ids"])
    for position in range(2, length):
        seen = (np.arange(length) < position) * np.ones_like(ids)
        given = {"decoder_token_ids": ids, "decoder_padding_mask": seen}
        logits = run(task, {**inputs, **given})
        ids[:, position] = logits[:, position - 1].argmax(-1)
    return ids


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(adapters.LoRA(rank=2), marks=pytest.mark.long),
        adapters.PrefixTuning(length=2),
    ],
)
def test_a_sequence_to_sequence_model_generates(method):
    task = adapters.adapt(make_task("BART"), method)
    stir(task)
    inputs = tokens(task)
    inputs["encoder_padding_mask"][1, 5:] = 0
    mask = np.zeros_like(inputs["decoder_padding_mask"])
    mask[:, :2] = 1
    ids = np.where(mask, inputs["decoder_token_ids"], 0)
    inputs |= {"decoder_padding_mask": mask, "decoder_token_ids": ids}
    expected = decoded(task, inputs, ids.shape[1])
    found = task.generate(inputs, stop_token_ids=None)
    np.testing.assert_array_equal(found["decoder_token_ids"], expected)
    assert len(set(expected[:, 2:].ravel())) > 1


@pytest.mark.long
def test_a_t5_may_have_no_gate():
    gated, plain = (
        make_backbone("T5", use_gated_activation=choice)
        for choice in (True, False)
    )
    gates = resolve(gated, ["gate"])
    assert [t.path.rpartition("/")[2] for t in gates] == ["input_projector"] * 2
    with pytest.raises(UserError, match=r"T5 has\. .* has no gate"):
        resolve(plain, ["gate"])
    x = np.random.default_rng(0).normal(size=(2, 3, 16)).astype("float32")
    for backbone in (gated, plain):
        target = resolve(backbone, ["ffn"], groups={"ffn": ("ffn",)})[0]
        method = adapters.ReplaceDense(targets="ffn", circuit=SPEC)
        adapters.adapt(backbone, method)
        parts = target.layers
        hidden = parts["up"](x)
        if "gate" in parts:
            hidden = parts["gate"](x) * hidden
        circuit = parts["down"].adapter.dense
        np.testing.assert_array_equal(parts["down"](hidden), circuit(x))


def test_layers_without_a_name_are_called_as_their_attributes():
    """Keras counts them over the process: files know those of one model."""
    first, second = (
        T5TransformerLayer(True, 8, 16, 4, 0.0, "relu", 1e-6, 2)
        for _ in range(2)
    )
    names = [path for path, _ in adapters.named_layers(first)]
    assert len({*names}) == len(names)
    assert {"self_attention_layer_norm", "layer_norm"} < {*names}
    assert names == [path for path, _ in adapters.named_layers(second)]


def test_an_electra_reads_texts(tmp_path):
    """keras-hub has no preprocessor for it."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "film"]
    make_backbone("ELECTRA").save_to_preset(str(tmp_path / "base"))
    tokenizer = keras_hub.models.ElectraTokenizer(words)
    tokenizer.save_to_preset(str(tmp_path / "base"))
    model = PooledTextClassifier.from_base(str(tmp_path / "base"), 2)
    inputs = model.preprocessor((["the film"], ["film"]))
    ids = np.array(inputs["token_ids"])
    assert ids.tolist() == [[2, 5, 6, 3, 6, 3, 0, 0]]
    assert np.array(inputs["segment_ids"]).tolist() == [
        [0] * 4 + [1] * 2 + [0] * 2
    ]
    adapters.adapt(model, adapters.LoRA(targets="query", rank=2))
    stir(model)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.preprocessor.get_config() == model.preprocessor.get_config()
    assert difference(*(np.array(m(inputs)) for m in (model, again))) == 0.0


def gemma3_with_images():
    encoder = keras_hub.models.Gemma3VisionEncoder(
        image_size=16,
        patch_size=4,
        pool_size=2,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        output_dim=16,
    )
    return make_backbone("Gemma 3", vision_encoder=encoder)


@pytest.mark.long
def test_images_are_no_text(tmp_path):
    """The encoder of images has Dense layers, and no block of the text."""
    model = gemma3_with_images()
    inputs = {
        "token_ids": np.arange(16).reshape(2, 8),
        "padding_mask": np.ones((2, 8), "int32"),
        "images": np.random.default_rng(0).normal(size=(2, 1, 16, 16, 3)),
        "vision_indices": np.array([[1, 2, 3, 4]] * 2),
        "vision_mask": np.array([[0, 1, 1, 1, 1, 0, 0, 0]] * 2),
    }
    before = run(model, inputs)
    found = adapters.targets(model)
    images = [t for t in found if t.path.startswith("gemma3_vision_encoder")]
    assert images and {(t.role, t.block) for t in images} == {("dense", None)}
    adapters.adapt(model, adapters.LoRA(targets="attention", rank=2))
    adapters.adapt(model, adapters.PrefixTuning(length=2), "prefix")
    stir(model)
    after = run(model, inputs)
    assert difference(after, before) > 1e-3
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert difference(run(again, inputs), after) == 0.0
    adapters.unload(model)
    assert difference(run(model, inputs), before) == 0.0


def test_a_gemma_3_may_read_both_ways():
    options = {"use_bidirectional_attention": True}
    for given, pooling in (({}, "last"), (options, "mean")):
        backbone = make_backbone("Gemma 3", **given)
        model = PooledTextClassifier.from_base(backbone, 2)
        assert model.pooling == pooling


@each("Gemma", "Gemma 3", "Qwen", "Qwen 3")
def test_a_prefix_stands_in_every_window(family):
    """As in a mask of the window that the attention is given."""
    window = {"sliding_window_size": 2}
    if family != "Qwen 3":
        window["use_sliding_window_attention"] = True
    backbone = make_backbone(family, **window)
    adapters.adapt(backbone, adapters.PrefixTuning(length=3))
    stir(backbone)
    groups = {"attention": ("attention",)}
    layer = resolve(backbone, ["attention"], groups=groups)[0].layer
    assert open_attention(layer) is layer
    x = np.random.default_rng(0).normal(size=(2, 6, 16)).astype("float32")
    causal = np.tril(np.ones((2, 6, 6), bool))
    seen = causal & ~np.tril(np.ones((6, 6), bool), -2)
    found = layer(x, attention_mask=keras.ops.array(causal))
    everywhere = layer(x, attention_mask=keras.ops.array(seen))
    if family == "Qwen 3":
        layer.sliding_window_size = None
    else:
        layer.use_sliding_window_attention = False
    expected = layer(x, attention_mask=keras.ops.array(seen))
    unwindowed = layer(x, attention_mask=keras.ops.array(causal))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(everywhere, expected, atol=1e-6)
    assert difference(np.array(unwindowed), np.array(expected)) > 1e-4
