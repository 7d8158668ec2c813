"""MPNet: positions, buckets, hidden states, prefixes, precision."""

import keras
import keras_hub
import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.adapters.zoo import difference, stir
from tests.bases.mpnet import (
    SIZES,
    VOCABULARY,
    hugging_face_mpnet,
    numpy_mpnet,
    t5_buckets,
)
from tests.contracts import KerasHubContract
from tfq_hybrid import adapters, bases
from tfq_hybrid.bases.mpnet import MPNetBackbone
from tfq_hybrid.bases.mpnet.layers import MPNetBlock, relative_buckets
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.presets import from_preset

SMALL = {
    "vocabulary_size": 12,
    "num_layers": 2,
    "num_heads": 2,
    "hidden_dim": 4,
    "intermediate_dim": 8,
    "max_sequence_length": 10,
}
IDS = np.array([[0, 5, 11, 2, 1, 1], [0, 7, 8, 9, 6, 2]])


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A tiny directory of Hugging Face."""
    folder = tmp_path_factory.mktemp("mpnet")
    hugging_face_mpnet(folder)
    return folder


@pytest.fixture(scope="module")
def mpnet(source, tmp_path_factory):
    """The backbone of it, from its preset."""
    preset = bases.as_preset(source, tmp_path_factory.mktemp("cache"))
    return from_preset(keras_hub.models.Backbone, preset)


def outputs(model, ids, mask=None):
    mask = (ids != 1).astype("int32") if mask is None else mask
    found = model({"token_ids": ids, "padding_mask": mask})
    return {name: np.array(value) for name, value in found.items()}


class ContractTest(KerasHubContract):
    """keras-hub's own contract for backbones."""

    def test_backbone(self):
        ids = np.ones((2, 5), "int32")
        self.run_backbone_test(
            MPNetBackbone,
            init_kwargs=SMALL,
            input_data={"token_ids": ids, "padding_mask": ids},
            expected_output_shape={
                "sequence_output": (2, 5, 4),
                "pooled_output": (2, 4),
            },
            run_quantization_check=False,
        )


@pytest.mark.parametrize(
    "offset,bucket",
    [(0, 0), (-1, 1), (1, 17), (-8, 8), (8, 24), (-128, 15), (128, 31)],
)
def test_the_bucket_of_an_offset(offset, bucket):
    """The values of `MPNetEncoder.relative_position_bucket`, transformers."""
    assert relative_buckets(offset).numpy() == bucket


def test_buckets_are_those_of_the_logarithms_of_t5():
    offsets = np.arange(-600, 601)
    found = np.array(relative_buckets(offsets))
    np.testing.assert_array_equal(found, t5_buckets(offsets))
    assert set(found) == set(range(32)) - {16}  # which needs no distance


def long_texts():
    """One of 150 tokens, one of 4."""
    ids = np.ones((2, 150), int)
    ids[0] = 5 + np.arange(150) * 7 % 15
    ids[1, :4] = [0, 5, 11, 2]
    return ids


def test_hidden_states_are_those_of_numpy(mpnet, source):
    weights = load_file(source / "model.safetensors")
    ids = long_texts()
    mask = (ids != 1).astype(int)
    expected = numpy_mpnet(weights, ids, mask)
    found = outputs(mpnet, ids)
    seen = mask.astype(bool)
    name = "sequence_output"
    assert difference(found[name][seen], expected[name][seen]) < 2e-5
    name = "pooled_output"
    assert difference(found[name], expected[name]) < 2e-5
    # The bias is seen in them.
    name = "encoder.relative_attention_bias.weight"
    without = numpy_mpnet({**weights, name: 0 * weights[name]}, ids, mask)
    name = "sequence_output"
    assert difference(without[name][seen], expected[name][seen]) > 0.05


def test_hidden_states_are_those_of_transformers(mpnet):
    """What `MPNetModel` gives for the same directory and `long_texts`.

    Once, by transformers 5.24.0 and torch 2.13.0 on a CPU.
    """
    found = outputs(mpnet, long_texts())
    for place, expected in {
        (0, 0): [1.8276, -0.39216, -1.61075, 1.58696, 1.09075, -0.90353],
        (0, 149): [1.81384, -0.37911, -1.60286, 1.60589, 1.08987, -0.89807],
        (1, 3): [1.8173, -0.50032, -1.62507, 1.5648, 1.08514, -0.87193],
    }.items():
        got = found["sequence_output"][place][:6]
        np.testing.assert_allclose(got, expected, atol=1e-4)
    np.testing.assert_allclose(
        found["pooled_output"][1][:4],
        [0.99952, -0.99593, 0.99995, 0.977],
        atol=1e-4,
    )


def test_padding_on_either_side_leaves_a_text_as_it_is(mpnet):
    text = np.array([[0, 7, 8, 2]])
    alone = outputs(mpnet, text)["sequence_output"][0]
    right = outputs(mpnet, np.pad(text, ((0, 0), (0, 5)), constant_values=1))
    left = outputs(mpnet, np.pad(text, ((0, 0), (5, 0)), constant_values=1))
    assert difference(right["sequence_output"][0, :4], alone) < 1e-5
    assert difference(left["sequence_output"][0, 5:], alone) < 1e-5
    # Padding counts nowhere, and the mask alone says what is padding.
    gap = np.array([[0, 7, 3, 8, 2]])
    mask = np.array([[1, 1, 0, 1, 1]])
    other = np.array([[0, 7, 9, 8, 2]])
    one = outputs(mpnet, gap, mask)["sequence_output"][0][[0, 1, 3, 4]]
    two = outputs(mpnet, other, mask)["sequence_output"][0][[0, 1, 3, 4]]
    assert difference(one, two) < 1e-5


def test_a_text_may_have_all_positions_and_no_more(mpnet):
    longest = SIZES["max_position_embeddings"] - 2
    assert mpnet.max_sequence_length == longest
    ids = np.full((1, longest), 5)
    assert np.isfinite(outputs(mpnet, ids)["sequence_output"]).all()


def test_a_prefix_is_at_no_distance():
    """A prefix whose keys and values are those of a token, by hand."""
    backbone = MPNetBackbone(**{**SMALL, "num_layers": 1}, dropout=0.0)
    adapters.adapt(backbone, adapters.PrefixTuning(length=3))
    stir(backbone)
    block = backbone.transformer_layers[0]
    attention = block._self_attention_layer
    prefix = attention.adapter
    hidden = np.random.default_rng(0).normal(size=(1, 5, 4)).astype("float32")
    bias = np.random.default_rng(1).normal(size=(1, 2, 5, 5)).astype("float32")
    mask = np.array([[[1, 1, 1, 1, 0]]])
    query, key, value = (
        np.array(layer(hidden))[0]
        for layer in (
            attention._query_dense,
            attention._key_dense,
            attention._value_dense,
        )
    )
    key = np.concatenate([np.array(prefix.keys), key])
    value = np.concatenate([np.array(prefix.values), value])
    scores = np.einsum("tnh,snh->nts", query, key) / np.sqrt(2)
    scores[:, :, 3:] += bias[0]
    scores[:, :, 7] = -np.inf
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    scores /= scores.sum(-1, keepdims=True)
    mixed = np.einsum("nts,snh->tnh", scores, value)[None]
    expected = attention._output_dense(mixed)
    found = attention(hidden, bias, mask)
    assert difference(np.array(found), np.array(expected)) < 1e-6


def test_half_precision_is_near_the_whole():
    keras.utils.set_random_seed(3)
    whole = MPNetBackbone(**SMALL)
    half = MPNetBackbone(**SMALL, dtype="mixed_bfloat16")
    half.set_weights(whole.get_weights())
    expected = outputs(whole, IDS)["sequence_output"]
    found = outputs(half, IDS)["sequence_output"].astype("float32")
    assert difference(found, expected) < 0.05
    double = MPNetBackbone(**SMALL, dtype="float64")
    double.set_weights(whole.get_weights())
    found = outputs(double, IDS)["sequence_output"]
    assert found.dtype == "float64" and difference(found, expected) < 1e-5


def test_a_graph_of_its_layers_is_saved(tmp_path):
    """As a plain model on the backbone's own graph."""
    backbone = MPNetBackbone(**SMALL)
    graph = keras.Model(backbone.input, backbone.output["pooled_output"])
    graph.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    inputs = {"token_ids": IDS, "padding_mask": IDS != 1}
    assert difference(np.array(loaded(inputs)), np.array(graph(inputs))) == 0.0


@pytest.mark.parametrize(
    "changes,message",
    [
        ({"num_heads": 3}, "hidden_dim that num_heads divides"),
        ({"relative_attention_num_buckets": 2}, "num_buckets"),
        ({"relative_attention_num_buckets": 512}, "num_buckets"),
    ],
)
def test_sizes_that_do_not_fit(changes, message):
    with pytest.raises(UserError, match=message):
        MPNetBackbone(**{**SMALL, **changes})


def test_a_block_alone_takes_no_mask():
    block = MPNetBlock(8, 2)
    hidden = np.ones((2, 3, 4), "float32")
    bias = np.zeros((1, 2, 3, 3), "float32")
    expected = block(hidden, bias, padding_mask=np.ones((2, 3)))
    assert difference(np.array(block(hidden, bias)), np.array(expected)) < 1e-6
    again = MPNetBlock.from_config(block.get_config())
    assert again.get_config() == block.get_config()


def test_every_token_of_the_vocabulary_has_a_vector(mpnet):
    assert mpnet.vocabulary_size == len(VOCABULARY)
