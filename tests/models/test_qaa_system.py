import json

import keras_hub
import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.bases.test_gpt_neo import write as gpt_neo
from tests.cli.test_main import run
from tfq_hybrid import adapters
from tfq_hybrid.data import Corpus, encode_corpus, encode_prompt
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import QAAOptions
from tfq_hybrid.training import load_trained
from tfq_hybrid.training.systems import SYSTEMS, Setting

TEXTS = ["a small cat sat on a mat", "the cat saw a small dog"] * 4


def make(options, baseline=None, vocabulary=None, length=8):
    system = SYSTEMS["qaa"]
    if vocabulary is None:
        vocabulary = system.vocabulary(options, TEXTS, 300)
    setting = Setting(vocabulary, sequence_length=length, batch_size=2)
    return system.build(options, baseline, setting)


@pytest.fixture
def base(tmp_path):
    model = make(QAAOptions(size="tiny"), "full")
    model.compile("adam")
    folder = tmp_path / "run"
    folder.mkdir()
    model.save(folder / "model.keras")
    return model, folder


@pytest.mark.long
def test_a_whole_model_becomes_the_base_of_adapters(base):
    whole, folder = base
    count = adapters.trainable_parameters(whole)
    assert count == whole.count_params()
    options = QAAOptions(base=str(folder), place="both")
    assert SYSTEMS["qaa"].vocabulary(options, TEXTS, 300) == list(
        whole.preprocessor.tokenizer.merges
    )
    for source in (folder, folder / "model.keras"):
        options = QAAOptions(base=str(source), place="both")
        model = make(options, length=6)
        assert model.preprocessor.sequence_length == 6
        inputs = model.preprocessor.generate_preprocess(TEXTS)
        np.testing.assert_array_equal(model(inputs), whole(inputs))
        trained = adapters.trainable_parameters(model)
        assert trained == options.parameters(128, 2)


def llama(folder):
    """A preset of another family, with its own byte pairs."""
    keras_hub.models.Llama3Backbone(9, 2, 2, 4, 6, 1).save_to_preset(folder)
    words = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
    words += ["<|start_header_id|>", "<|end_header_id|>", *"abc", "ab"]
    tokenizer = keras_hub.models.Llama3Tokenizer(
        {word: i for i, word in enumerate(words)}, ["a b"]
    )
    tokenizer.save_to_preset(folder)


@pytest.mark.long
@pytest.mark.parametrize(
    "write,kind",
    [(gpt_neo, "GPTNeo"), (llama, "Llama3")],
    ids=["a directory of Hugging Face", "a preset"],
)
def test_any_causal_language_model_is_a_base(
    write, kind, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # of kept presets
    write(tmp_path / "base")
    options = QAAOptions(base=str(tmp_path / "base"))
    (line,) = SYSTEMS["qaa"].vocabulary(options, TEXTS, 300)
    assert line.startswith(f"{kind}Tokenizer ") and len(line) < 90
    model = make(options)
    assert type(model).__name__ == f"Adapted{kind}CausalLM"
    layers = model.backbone.num_layers
    trained = adapters.trainable_parameters(model)
    assert trained == options.parameters(4, layers)
    tokenizer = model.preprocessor.tokenizer
    data = encode_corpus(Corpus(["abc ab\n"] * 9, "plain"), tokenizer, 8, "it")
    assert data.targets.max() < model.backbone.vocabulary_size
    talk = Corpus([(("user", "ab"), ("assistant", "c"))], "dialogue")
    with pytest.raises(UserError, match=f"Received: {kind}Tokenizer; plain"):
        encode_corpus(talk, tokenizer, 8, "it")
    with pytest.raises(UserError, match=f"Received: {kind}Tokenizer; plain"):
        encode_prompt([("user", "ab")], tokenizer)


@pytest.mark.long
def test_gpt_neo_trains_as_a_base(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    gpt_neo(tmp_path / "base")
    text, folder = tmp_path / "text.txt", tmp_path / "run"
    text.write_text("abc hab deaf\n" * 20, "utf-8")
    arguments = ["train", "--model", "qaa", "--data", text, "--json"]
    arguments += ["--base", tmp_path / "base", "--output", folder]
    arguments += ["--sequence-length", 8, "--epochs", 1]
    code, out, error = run(capsys, *arguments)
    assert code == 0, error
    (line,) = (folder / "vocabulary.txt").read_text("utf-8").splitlines()
    assert line.startswith("GPTNeoTokenizer ")
    model, _ = load_trained(folder)
    trained = json.loads(out)["parameters"]["trained"]
    assert adapters.trainable_parameters(model) == trained == 3 * (2 + 2 * 4)
    source = load_file(tmp_path / "base" / "model.safetensors")["wte.weight"]
    np.testing.assert_array_equal(
        model.backbone.token_embedding.embeddings, source
    )


@pytest.mark.long
def test_what_cannot_be_a_base(base, tmp_path):
    _, folder = base
    adapted = make(QAAOptions(base=str(folder)))
    adapted.save(tmp_path / "adapted.keras")
    for source, length, message in (
        (folder, 9, "at most 8"),
        (tmp_path / "adapted.keras", 8, "without adapters"),
        (tmp_path / "none", 8, "Expected base as a run folder"),
    ):
        with pytest.raises(UserError, match=message):
            make(QAAOptions(base=str(source)), length=length)


@pytest.mark.long
def test_the_command_logs_the_ratios(tmp_path, capsys):
    text, folder = tmp_path / "text.txt", tmp_path / "run"
    text.write_text("\n".join(TEXTS * 2), "utf-8")
    arguments = ["train", "--model", "qaa", "--data", text, "--json"]
    arguments += ["--size", "tiny", "--depth", 2, "--output", folder]
    arguments += ["--sequence-length", 8, "--vocabulary-size", 300]
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["config"]["depth"] == 2
    metrics = json.loads(out)
    names = [n for n in metrics["history"][0] if "residual_ratio/" in n]
    assert len(names) == 2
    assert metrics["parameters"]["trained"] == 2 * (2 * 7 + 7 * 128)


@pytest.mark.parametrize(
    "setting,message",
    [
        ("--place all", "Expected place to be one of"),
        ("--plase both", "--place"),
        ("--place", "requires an argument"),
        (
            "--base runs/gpt --vocabulary-size 300",
            "no --vocabulary-size with --base runs/gpt",
        ),
        (
            "--base runs/gpt --size tiny",
            "no --size with --base runs/gpt",
        ),
    ],
)
def test_settings_that_are_wrong(setting, message, tmp_path, capsys):
    arguments = ["train", "--model", "qaa", "--data", "embedded"]
    arguments += ["--output", tmp_path / "run", *setting.split()]
    code, _, error = run(capsys, *arguments)
    assert code == 2
    assert message in error
