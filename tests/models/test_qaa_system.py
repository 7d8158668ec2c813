import json

import numpy as np
import pytest

from tests.cli.test_main import run
from tfq_hybrid import adapters
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import QAAOptions
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
