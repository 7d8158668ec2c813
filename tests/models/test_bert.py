"""What the systems on a BERT share."""

import json

import keras
import numpy as np
import pytest

from tests.bases.test_pretrained import hugging_face_bert
from tfq_hybrid import serving
from tfq_hybrid.encoders.bert import bert_preprocessor, bert_vocabulary
from tfq_hybrid.training.systems import SYSTEMS, Setting

BERT_SYSTEMS = ["qffn-bert", "hybrid-bert", "quantum-head"]


@pytest.mark.parametrize("system", BERT_SYSTEMS)
def test_an_export_answers_texts(system, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # of kept presets
    hugging_face_bert(tmp_path)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abAé"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    system, preset = SYSTEMS[system], str(tmp_path)
    setting = Setting(words, sequence_length=4, batch_size=2, classes=2)
    model = system.build(system.options(preset=preset), None, setting)
    path = tmp_path / "export"
    serving.export(model, path, label_names=["bad", "good"])
    [answer] = serving.Predictor(path)(["a b"])
    logits = np.array(model(model.preprocessor(["a b"])))[0]
    expected = keras.ops.softmax(logits)
    assert answer["label"] == ["bad", "good"][np.argmax(logits)]
    found = answer["probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("system", BERT_SYSTEMS)
@pytest.mark.parametrize("lowercase", [True, False])
def test_case_is_what_the_preset_makes_of_it(
    system, lowercase, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # of kept presets
    hugging_face_bert(tmp_path)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abAé"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    settings = {"do_lower_case": lowercase}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    preset = str(tmp_path)
    system = SYSTEMS[system]
    options = system.options(preset=preset)
    assert bert_vocabulary(preset, (), None) == words
    vocabulary = system.vocabulary(options, (), None)
    setting = Setting(vocabulary, sequence_length=4, batch_size=2, classes=2)
    model = system.build(options, None, setting)
    tokens = model.preprocessor(["A é"])["token_ids"]
    expected = [2, 5, 1, 3] if lowercase else [2, 7, 8, 3]
    assert tokens[0].numpy().tolist() == expected


def test_a_learned_vocabulary_is_lower_case():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abA"]
    tokens = bert_preprocessor(words, 4)(["A b"])["token_ids"]
    assert tokens[0].numpy().tolist() == [2, 5, 6, 3]
