"""Directories of Hugging Face that are written, and read back."""

import dataclasses
import json

import keras
import keras_hub
import numpy as np
import pytest

from tests.adapters import zoo
from tests.bases.mpnet import hugging_face_mpnet
from tests.presets import save_bert
from tfq_hybrid import adapters, bases
from tfq_hybrid.bases.chat_tokenizer import (
    ChatCausalLMPreprocessor,
    ChatTokenizer,
)
from tfq_hybrid.bases.chats import chat_of, template_of
from tfq_hybrid.bases.gpt_neo import (
    GPTNeoCausalLM,
    GPTNeoCausalLMPreprocessor,
    GPTNeoTokenizer,
)
from tfq_hybrid.bases.llama_files import arguments_of
from tfq_hybrid.bases.rules import rule_of, written_rule
from tfq_hybrid.bases.splitting import RULES
from tfq_hybrid.cli.main import main
from tfq_hybrid.data import ChatFormat, byte_pair_vocabulary
from tfq_hybrid.encoders.pooled import PooledTextClassifier
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.training import TrainConfig, train

MERGES = ["t h", "th e", "Ġ the"]
SPECIAL = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"]
ROLES = ("user", "assistant")
CHAT = ChatFormat(
    "<|im_start|>system\nBe kind<|im_end|>\n",
    {role: f"<|im_start|>{role}\n" for role in ROLES},
    dict.fromkeys(ROLES, "<|im_end|>\n"),
)
TEXT = "the 2024 the\n\n<|im_end|>"


def llama(**changes):
    """A tiny Llama with a chat tokenizer that splits digits."""
    words = byte_pair_vocabulary(MERGES)
    for token in SPECIAL:
        words.setdefault(token, len(words))
    start, end, other = SPECIAL
    tokenizer = ChatTokenizer(
        words,
        MERGES,
        rule="smollm",
        start_token=start,
        end_token=end,
        control_tokens=[other],
        pad_token_id=words[other],
        adds_start=False,
        chat=CHAT,
    )
    arguments = {
        "num_layers": 2,
        "num_query_heads": 2,
        "num_key_value_heads": 1,
        "hidden_dim": 12,
        "intermediate_dim": 8,
        "rope_max_wavelength": 5e5,
        "layer_norm_epsilon": 1e-3,
        "tie_word_embeddings": False,
    }
    keras.utils.set_random_seed(1)
    backbone = keras_hub.models.Llama3Backbone(
        vocabulary_size=len(words), **{**arguments, **changes}
    )
    return keras_hub.models.Llama3CausalLM(
        backbone, ChatCausalLMPreprocessor(tokenizer, 16)
    )


def logits(model):
    ids = np.arange(5, 17).reshape(2, 6)
    return np.array(model({"token_ids": ids, "padding_mask": ids > 0}))


@pytest.mark.parametrize(
    "method",
    [
        None,
        adapters.LoRA(targets=["attention", "ffn"], rank=2, alpha=4),
        adapters.SoRA(targets=["query", "down"], rank=3),
        adapters.FullFineTuning(),
    ],
    ids=lambda method: type(method).__name__,
)
@pytest.mark.parametrize("tied", [False, True])
def test_what_is_written_answers_as_it_was_trained(method, tied, tmp_path):
    model = llama(tie_word_embeddings=tied)
    before = logits(model)
    if method is not None:
        adapters.adapt(model, method)
        zoo.stir(model)
    expected = logits(model)
    assert (np.abs(expected - before).max() > 1e-4) == (method is not None)
    adapters.save_directory(model, tmp_path / "hf")
    found = from_preset(
        keras_hub.models.CausalLM,
        bases.as_preset(tmp_path / "hf", tmp_path / "cache"),
    )
    assert (
        found.backbone.count_params()
        == llama(tie_word_embeddings=tied).backbone.count_params()
    )
    np.testing.assert_allclose(logits(found), expected, atol=2e-6)
    tokenizer, old = (m.preprocessor.tokenizer for m in (found, model))
    assert tokenizer(TEXT) == old(TEXT)
    assert tokenizer.chat == CHAT and not tokenizer.adds_start
    assert tokenizer.end_token == "<|im_end|>"


def classifier(source):
    return PooledTextClassifier.from_base(str(source), 2)


def bert(folder):
    save_bert(folder, "the good film", max_sequence_length=512)
    return classifier(folder)


def mpnet(folder):
    source = folder / "source"
    source.mkdir(parents=True)
    hugging_face_mpnet(source)
    return classifier(bases.as_preset(source, folder / "cache"))


def gpt_neo(folder):
    words = byte_pair_vocabulary(MERGES)
    backbone = zoo.make_backbone("GPT-Neo", vocabulary_size=len(words))
    tokenizer = GPTNeoTokenizer(words, MERGES)
    return GPTNeoCausalLM(backbone, GPTNeoCausalLMPreprocessor(tokenizer, 8))


@pytest.mark.parametrize("make", [bert, mpnet, gpt_neo])
def test_other_families(make, tmp_path):
    """The base with what was trained in it; a new head is left out."""
    model = make(tmp_path / "base")
    adapters.adapt(model, adapters.LoRA(targets=["attention"], rank=2))
    zoo.stir(model)
    adapters.save_directory(model, tmp_path / "hf")
    preset = bases.as_preset(tmp_path / "hf", tmp_path / "cache")
    found = from_preset(keras_hub.models.Backbone, preset)
    ids = np.array([[2, 4, 5, 3], [2, 6, 3, 0]])
    values = {"token_ids": ids, "padding_mask": ids > 0, "segment_ids": 0 * ids}
    inputs = {name: values[name] for name in found.input}
    for one, other in zip(
        keras.tree.flatten(found(inputs)),
        keras.tree.flatten(model.backbone(inputs)),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)
    old = model.preprocessor.tokenizer
    new = from_preset(keras_hub.models.Tokenizer, preset)
    assert new.get_vocabulary() == old.get_vocabulary()
    words = ["the Good film", "the the"]
    assert [list(map(int, x)) for x in new(words)] == [
        list(map(int, x)) for x in old(words)
    ]


def test_what_no_matrix_can_stand_for(tmp_path):
    folder = tmp_path / "hf"
    for method in (
        adapters.BottleneckAdapter(width=2),
        adapters.QuantumAdapter(),
        adapters.PrefixTuning(length=2),
    ):
        model = adapters.adapt(llama(), method)
        with pytest.raises(UserError, match="linear in their input"):
            adapters.save_directory(model, folder)
    gpt2 = zoo.make_task("GPT-2")
    gpt2.preprocessor = llama().preprocessor
    with pytest.raises(UserError, match="on a GPT2Backbone"):
        adapters.save_directory(gpt2, folder)
    assert not folder.exists()
    folder.mkdir()
    with pytest.raises(UserError, match="a new folder"):
        adapters.save_directory(llama(), folder)


def test_rules_are_known_by_their_text():
    for rule in RULES:
        assert rule_of(written_rule(rule)) == rule
    with pytest.raises(ValueError, match="rule that is not known"):
        rule_of({"type": "Whitespace"})
    without = dataclasses.replace(CHAT, start="")
    for chat in (CHAT, without):
        assert chat_of(template_of(chat), SPECIAL) == chat


SIZES = {
    "vocab_size": 10,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "hidden_size": 8,
    "intermediate_size": 4,
}


def test_configs_of_several_versions():
    """Positions stand in two places; what is missing is as usual."""
    plain = arguments_of(SIZES)
    assert plain["num_key_value_heads"] == 2
    assert plain["rope_max_wavelength"] == 10000.0
    assert plain["layer_norm_epsilon"] == 1e-6
    assert plain["tie_word_embeddings"] is False
    scaling = {
        "rope_type": "llama3",
        "factor": 32.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }
    old = {**SIZES, "rope_theta": 5e5, "rope_scaling": scaling}
    new = {**SIZES, "rope_parameters": {**scaling, "rope_theta": 5e5}}
    assert arguments_of(old) == arguments_of(new)
    assert arguments_of(new)["rope_frequency_adjustment_factor"] == 32.0
    for change, message in (
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"rope_scaling": {"rope_type": "yarn"}}, "rope_type is 'yarn'"),
        ({"hidden_size": 0}, "hidden_dim"),
    ):
        with pytest.raises((ValueError, UserError), match=message):
            arguments_of({**SIZES, **change})


@pytest.mark.long
def test_a_run_on_the_command_line(tmp_path, capsys):
    model = llama()
    model.save_to_preset(str(tmp_path / "preset"))
    rows = [{"instruction": "the", "output": "the the"}] * 12
    data = tmp_path / "rows.jsonl"
    data.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    config = TrainConfig(
        str(data),
        sequence_length=40,
        options={
            "preset": str(tmp_path / "preset"),
            "adapter": {"method": "LoRA", "rank": 2},
        },
    )
    train(config, tmp_path / "run", verbose=0, report=lambda line: None)
    words = ["export", str(tmp_path / "run"), "--format", "safetensors"]
    main([*words, "--output", str(tmp_path / "hf")])
    assert "Exported to" in capsys.readouterr().out
    preset = bases.as_preset(tmp_path / "hf", tmp_path / "cache")
    again = from_preset(keras_hub.models.CausalLM, preset)
    assert np.abs(logits(again) - logits(model)).max() > 1e-6
    with pytest.raises(SystemExit):
        main([*words, "--output", str(tmp_path / "hf")])
    assert "a new folder" in capsys.readouterr().err
