"""`tfq-hybrid train --model` of the systems on a pretrained BERT."""

import json

import pytest

from tests.cli.test_adapter import QUICK, preset  # noqa: F401
from tests.cli.test_main import run


@pytest.mark.long
@pytest.mark.parametrize(
    "model,settings,head",
    [
        ("hybrid-bert", ["--qubits", 2], 9 * 2 + 4 * 2 + 3 * 2),
        ("hybrid-bert", ["--baseline", "mlp"], None),
        ("quantum-head", ["--qubits", 3, "--encoders", 2], 4 * 21 + 4),
    ],
)
def test_trains_and_evaluates(
    model,
    settings,
    head,
    preset,  # noqa: F811
    tmp_path,
    capsys,
    data_dir,
):
    data = ["--data", "embedded", "--data-dir", data_dir]
    train = ["train", "--model", model, "--preset", preset, *data, *QUICK]
    code, out, _ = run(
        capsys, *train, *settings, "--json", "--output", tmp_path / "run"
    )
    assert code == 0
    metrics = json.loads(out)
    if head is not None:
        assert metrics["parameters"]["head"] == head
    evaluate = ["evaluate", tmp_path / "run", *data, "--json"]
    code, out, _ = run(capsys, *evaluate)
    assert code == 0
    assert 0 <= json.loads(out)["accuracy"] <= 1


@pytest.mark.long
def test_the_quantum_head_needs_an_encoder(tmp_path, capsys, data_dir):
    code, _, error = run(
        capsys,
        *("train", "--model", "quantum-head", "--data", "embedded"),
        *("--data-dir", data_dir, "--output", tmp_path / "run"),
    )
    assert code == 2
    assert "Expected a preset" in error
