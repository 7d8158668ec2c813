"""The tokenizer of MPNet and its preprocessor, against `tokenizers`."""

import json

import keras_hub
import numpy as np
import pytest
import tensorflow as tf
import tokenizers

from tests.bases.mpnet import VOCABULARY, hugging_face_mpnet
from tests.presets import save_bert
from tfq_hybrid import bases
from tfq_hybrid.bases.mpnet import (
    MPNetTextClassifierPreprocessor,
    MPNetTokenizer,
)
from tfq_hybrid.encoders import embed
from tfq_hybrid.files.presets import from_preset

TEXTS = [
    "The plot was good, the music is NOT!",
    "baDly plots",
    "Straße straße STRASSE strasse",  # a fold of case would join all
    "ﬁ ſ",
    "go\u00adod go\u200dod bad\u00a0plot bad\u3000plot\u2028is",
    "the\tplot\r\nis\x00\x07bad",
    "ΘΕΟΣ İs ÎS wás",
    "not电影bad",
    "good!!bad,,,",
    "unheard of",
    "",
    "  ",
]


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mpnet")
    hugging_face_mpnet(folder)
    return bases.as_preset(folder, tmp_path_factory.mktemp("cache"))


def reference(uncased=True, accents=None, chinese=True):
    """The tokenizer of an MPNet's `tokenizer.json`."""
    ids = {word: place for place, word in enumerate(VOCABULARY)}
    content = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": chinese,
            "strip_accents": accents,
            "lowercase": uncased,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "RobertaProcessing",
            "sep": ["</s>", 2],
            "cls": ["<s>", 0],
            "trim_offsets": True,
            "add_prefix_space": False,
        },
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": ids,
        },
    }
    return tokenizers.Tokenizer.from_str(json.dumps(content))


@pytest.mark.parametrize(
    "options,same",
    [
        ({}, {}),
        ({"uncased": False, "strip_accents": False}, {"uncased": False}),
        ({"strip_accents": False}, {"accents": False}),
        ({"split_on_cjk": False}, {"chinese": False}),
    ],
)
def test_ids_are_those_of_tokenizers(options, same):
    tokenizer = MPNetTokenizer(VOCABULARY, **options)
    again = MPNetTokenizer.from_config(tokenizer.get_config())
    again.set_vocabulary(VOCABULARY)
    for text in TEXTS:
        expected = reference(**same).encode(text, add_special_tokens=False).ids
        assert list(tokenizer(text)) == expected, text
        assert list(again(text)) == expected, text


def test_a_special_token_must_be_there():
    with pytest.raises(ValueError, match="<mask>"):
        MPNetTokenizer(VOCABULARY[:-1])
    tokenizer = MPNetTokenizer(VOCABULARY)
    assert (tokenizer.start_token_id, tokenizer.pad_token_id) == (0, 1)
    # What a text says of them is text.
    assert set(np.array(tokenizer("<mask> <s>"))) == {4}


def test_what_a_preset_gives(preset):
    tokenizer = from_preset(keras_hub.models.Tokenizer, preset)
    assert type(tokenizer) is MPNetTokenizer
    assert tokenizer.get_vocabulary() == VOCABULARY
    kind = keras_hub.models.TextClassifierPreprocessor
    found = from_preset(kind, preset, sequence_length=9)
    assert type(found) is MPNetTextClassifierPreprocessor
    inputs = found(["Good plot", "the music is not good, not bad at all"])
    assert inputs.keys() == {"token_ids", "padding_mask"}
    ids = np.array(inputs["token_ids"])
    np.testing.assert_array_equal(inputs["padding_mask"], ids != 1)
    for row, text in zip(ids, ["Good plot", TEXTS[0]], strict=True):
        whole = reference().encode(text).ids
        assert len(row) == 9
        if len(whole) < 9:
            assert row.tolist() == whole + [1] * (9 - len(whole))
    assert ids[1].tolist()[0] == 0 and ids[1].tolist()[-1] == 2


def test_pairs(preset):
    layer = MPNetTextClassifierPreprocessor(MPNetTokenizer(VOCABULARY), 12)
    pair = ("the plot is good", "bad")
    found = layer((tf.constant([pair[0]]), tf.constant([pair[1]])))
    expected = reference().encode(*pair).ids
    assert np.array(found["token_ids"])[0].tolist() == [*expected, 1, 1, 1]
    # Both are there, however long one of them is: 300 and 2 tokens.
    layer = MPNetTextClassifierPreprocessor(MPNetTokenizer(VOCABULARY), 16)
    found = layer((tf.constant(["good " * 300]), tf.constant(["bad plot"])))
    good, bad, plot = (VOCABULARY.index(w) for w in ("good", "bad", "plot"))
    expected = [0, *[good] * 10, 2, 2, bad, plot, 2]
    assert np.array(found["token_ids"])[0].tolist() == expected
    assert found["padding_mask"].numpy().all()


def test_in_a_graph_with_labels_and_after_its_config():
    layer = MPNetTextClassifierPreprocessor(MPNetTokenizer(VOCABULARY), 6)
    rows = tf.data.Dataset.from_tensor_slices((["good", "Bad plot"], [1, 0]))
    inputs, labels = next(iter(rows.batch(2).map(layer)))
    expected, _ = layer(["good", "Bad plot"], np.array([1, 0]))
    np.testing.assert_array_equal(labels, [1, 0])
    np.testing.assert_array_equal(inputs["token_ids"], expected["token_ids"])
    again = MPNetTextClassifierPreprocessor.from_config(layer.get_config())
    again.tokenizer.set_vocabulary(VOCABULARY)
    found = again(["good", "Bad plot"])
    np.testing.assert_array_equal(found["token_ids"], expected["token_ids"])


@pytest.mark.parametrize("family", ["MPNet", "BERT"])
def test_sentence_vectors(family, preset, tmp_path):
    """Alone or beside a long one, of any length or of length one."""
    if family == "BERT":
        save_bert(tmp_path, "the plot good music", max_sequence_length=40)
        preset = tmp_path
    backbone = from_preset(keras_hub.models.Backbone, preset)
    kind = keras_hub.models.TextClassifierPreprocessor
    layer = from_preset(kind, preset, sequence_length=40)
    # The second one fits with its two special tokens, the last does not.
    texts = ["the plot", "good music " * 19, "good music " * 19 + "good"]
    said = []
    alone = embed(backbone, layer, texts[:1], report=said.append)
    both = embed(backbone, layer, texts[:2], report=said.append)
    assert said == []
    np.testing.assert_allclose(both[0], alone[0], atol=1e-5)
    embed(backbone, layer, texts, report=said.append)
    assert said == ["1 of 3 texts were cut off at 40 tokens."]
    with pytest.warns(UserWarning, match="1 of 3 texts were cut off"):
        unit = embed(backbone, layer, texts, normalize=True)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
    lengths = np.linalg.norm(both, axis=1, keepdims=True)
    np.testing.assert_allclose(unit[:2] * lengths, both, atol=1e-5)
