"""`tfq-hybrid train --adapter`, and what follows on it."""

import json
import re

import pytest

from tests.cli.test_main import run
from tests.presets import save_bert

QUICK = ["--limit", 64, "--sequence-length", 12, "--batch-size", 16]


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """A tiny BERT with random weights, as a local preset."""
    folder = tmp_path_factory.mktemp("bert")
    save_bert(folder, "the plot music is was not good bad", num_layers=2)
    return folder


def test_trained_evaluated_exported_asked(preset, tmp_path, capsys, data_dir):
    train = ["train", "--data", "embedded", "--data-dir", data_dir, *QUICK]
    train += ["--preset", preset, "--adapter", "QuantumAdapter"]
    train += ["--targets", "ffn", "--layers", "1", "--depth", 2]
    code, out, _ = run(capsys, *train, "--output", tmp_path / "a run")
    assert code == 0
    # 3 qubits for 8 features, 2 layers of 3 angles, and the head.
    trained = 6 + 3 * 8 + (8 * 2 + 2)
    assert f"QuantumAdapter: {trained} of" in out
    assert "1 circuits of 6 angles" in out
    assert f"Next: tfq-hybrid export '{tmp_path / 'a run'}' " in out
    metrics = json.loads((tmp_path / "a run" / "metrics.json").read_text())
    assert metrics["parameters"]["trained"] == trained
    assert metrics["parameters"]["circuits"] == 6
    # Keras counts backbones, so that the name may end in a number.
    name = r"gradient_norm/quantum/bert_backbone\w*/transformer_layer_1/"
    assert any(re.match(name, key) for key in metrics["history"][0])

    common = ["--data", "embedded", "--data-dir", data_dir, "--json"]
    code, out, _ = run(capsys, "evaluate", tmp_path / "a run", *common)
    assert code == 0
    assert 0.0 <= json.loads(out)["accuracy"] <= 1.0
    code, *_ = run(
        capsys, "export", tmp_path / "a run", "--output", tmp_path / "saved"
    )
    assert code == 0
    code, out, _ = run(capsys, "predict", tmp_path / "saved", "the good plot")
    assert code == 0
    assert "positive" in out or "negative" in out

    # An unfinished run goes on, with the same options or none.
    (tmp_path / "a run" / "metrics.json").unlink()
    resume = ["train", "--resume", "--output", tmp_path / "a run", "--json"]
    code, _, err = run(capsys, *resume, "--adapter", "LoRA")
    assert code == 2
    assert "--adapter is 'QuantumAdapter'" in err
    again = ["--adapter", "QuantumAdapter", "--depth", 3]
    code, _, err = run(capsys, *resume, *again)
    assert code == 2
    assert "--adapter.depth is 2. Received: --adapter.depth=3" in err
    code, out, _ = run(capsys, *resume, *train[5:])
    assert code == 0


TRAIN = ["train", "--output", "OUT", "--data", "embedded"]


@pytest.mark.parametrize(
    "arguments,message",
    [
        (["--adapter", "LoRAA", "--preset", "P"], "Did you mean 'LoRA'"),
        (["--adapter", "LoRA"], "a preset and an adapter"),
        (["--targets", "query"], "--targets needs --adapter"),
        (
            ["--adapter", "LoRA", "--preset", "P", "--tokens", "cls"],
            "--tokens needs --model qffn-bert",
        ),
        (
            ["--adapter", "LoRA", "--preset", "P", "--no-residual"],
            "--no-residual needs --model qffn-bert",
        ),
        (
            ["--adapter", "LoRA", "--preset", "P", "--qubits", "3"],
            "--qubits needs --adapter ",
        ),
        (
            ["--adapter", "LoRA", "--preset", "P", "--rank", "0"],
            "rank",
        ),
        (["--adapter", "LoRA", "--preset", "P", "--targets", "gate"], "gate"),
    ],
)
def test_errors_are_one_line(arguments, message, preset, tmp_path, capsys):
    words = {"OUT": str(tmp_path / "out"), "P": str(preset)}
    line = [words.get(w, w) for w in (*TRAIN, *arguments)]
    line += ["--sequence-length", "12"]
    code, _, err = run(capsys, *line)
    assert code == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
