"""`python -m benchmarks.rates`: runs that are kept, and the table."""

import json

import pytest

from benchmarks import rates


@pytest.fixture
def trained(monkeypatch):
    """The configs that would have been trained."""
    seen = []

    def train(config, states):
        seen.append(config)
        return {
            "learning_rate": config.learning_rate,
            "accuracy": 0.5 + 0.1 * config.seed,
            "loss": 0.6,
            "majority": 0.51,
            "seconds": 2.0,
        }

    monkeypatch.setattr(rates, "train", train)
    return seen


def arguments(path, *more):
    return ["--data", "a.tsv", "--preset", "bert", "--output", str(path), *more]


def test_runs_are_made_once(trained, tmp_path, capsys):
    path = tmp_path / "rates.json"
    line = ["--methods", "LoRA,ReplaceDense", "--rates", "default,0.5"]
    rates.main(arguments(path, *line, "--seeds", "2"))
    assert [config.seed for config in trained] == [0, 1] * 4
    assert [config.learning_rate for config in trained[2:4]] == [0.5, 0.5]
    assert trained[0].learning_rate == trained[0].options.adapter.learning_rate
    out = capsys.readouterr().out
    assert "LoRA rate=0.5" in out and "0.500 0.600" in out
    assert len(json.loads(path.read_text())["runs"]) == 8

    rates.main(arguments(path, *line, "--seeds", "3"))
    assert [config.seed for config in trained[8:]] == [2] * 4
    with pytest.raises(SystemExit, match="another --output"):
        rates.main(arguments(path, "--limit", "7"))


def test_readouts_are_of_circuits(trained, tmp_path):
    path = tmp_path / "rates.json"
    line = ["--methods", "LoRA,QuantumAdapter", "--seeds", "1"]
    rates.main(arguments(path, *line, "--readouts", "plain,standardised"))
    adapters = [config.options.adapter for config in trained]
    assert [type(adapter).__name__ for adapter in adapters] == [
        "LoRA",
        "QuantumAdapter",
        "QuantumAdapter",
    ]
    assert [adapter.readout for adapter in adapters[1:]] == [
        "plain",
        "standardised",
    ]


def test_an_unknown_method(capsys):
    with pytest.raises(SystemExit):
        rates.parse(arguments("x.json", "--methods", "LoRAA"))
    assert "no LoRAA among" in capsys.readouterr().err
