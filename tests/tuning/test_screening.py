"""Screenings whose response is a known function of the factors."""

import json

import pytest

from tfq_hybrid.errors import (
    SearchStoppedError,
    TrainingDivergedError,
    UserError,
)
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.tuning import Screening, SystemTrials, read_factors, screen
from tfq_hybrid.tuning.trial import Prediction

CONFIG = TrainConfig("embedded", limit=64, sequence_length=8)
NAMES = ("circuit.qubits", "circuit.depth", "learning_rate")


class Formula(SystemTrials):
    """Trials that compute what a training would measure."""

    def __init__(self, fail=()):
        super().__init__(CONFIG)
        self.fail = fail
        self.calls = []

    def predict(self, values, max_bytes=None):
        return Prediction(1, 1.0, 1, 1.0)

    def run(self, values, folder, parent=None):
        self.calls.append(values)
        if len(self.calls) in self.fail:
            raise TrainingDivergedError("The loss became nan.")
        if "interrupt" in self.fail and len(self.calls) == 3:
            raise KeyboardInterrupt
        qubits, depth = values["circuit.qubits"], values["circuit.depth"]
        response = 0.5 + 0.05 * qubits - 0.01 * depth
        logs = {"val_accuracy": response + 0.1 * values["seed"]}
        return {"history": [logs], "best_epoch": 1}


def screening(trials, **options):
    factors = read_factors(CONFIG, NAMES, ["qubits=2,6", "depth=1,3"])
    return Screening(trials, factors, **options)


@pytest.mark.parametrize("design", ["full", "fractional", "plackett-burman"])
def test_effects_of_a_known_model(design, tmp_path):
    trials = Formula()
    result = screen(
        screening(trials, design=design), tmp_path / "s", report=lambda x: None
    )
    effects = {row["factor"]: row for row in result["effects"]}
    for name, expected in zip(NAMES, (0.2, -0.02, 0.0), strict=True):
        row = effects[name]
        assert row["effect"] == pytest.approx(expected, abs=1e-12)
        assert row["low"] == pytest.approx(row["high"], abs=1e-9)
    assert json.loads((tmp_path / "s" / "screening.json").read_text()) == result
    assert {run["seed"] for run in result["runs"]} == {0, 1}
    assert len(result["runs"]) == len(trials.calls)
    for run in result["runs"]:
        high = run["levels"]["circuit.qubits"] == 1
        assert run["values"]["circuit.qubits"] == (6 if high else 2)
    assert "qubits" in (tmp_path / "s" / "report.md").read_text()


@pytest.mark.long
def test_goes_on_after_an_interrupt(tmp_path):
    output = tmp_path / "s"
    cut = Formula(["interrupt"])
    with pytest.raises(KeyboardInterrupt):
        screen(screening(cut), output, report=lambda x: None)
    rest = Formula()
    result = screen(screening(rest), output, report=lambda x: None)
    assert len(rest.calls) == len(result["runs"]) - 2
    fresh = screen(screening(Formula()), tmp_path / "t", report=lambda x: None)
    assert result == fresh
    again = Formula()
    assert screen(screening(again), output, report=lambda x: None) == result
    assert again.calls == []
    before = (output / "study.json").read_bytes()
    with pytest.raises(UserError, match="replicates is 2"):
        screen(screening(Formula(), replicates=3), output)
    assert (output / "study.json").read_bytes() == before


@pytest.mark.long
def test_lost_runs(tmp_path):
    result = screen(
        screening(Formula([2]), design="full"),
        tmp_path / "s",
        report=lambda x: None,
    )
    (lost,) = [run for run in result["runs"] if run["response"] is None]
    assert lost["status"] == "failed"
    effects = {row["factor"]: row["effect"] for row in result["effects"]}
    assert effects["circuit.qubits"] == pytest.approx(0.2)
    with pytest.raises(SearchStoppedError, match="0 of 8"):
        screen(
            screening(Formula(range(1, 99))),
            tmp_path / "t",
            report=lambda x: None,
        )


def test_a_response_that_no_metric_has():
    with pytest.raises(UserError, match="Did you mean 'val_accuracy'"):
        screening(Formula(), response="val_acuracy")


@pytest.mark.long
def test_runs_side_by_side_are_those_of_one_process(tmp_path, data_dir):
    config = CONFIG.replace({"data_dir": str(data_dir), "limit": 16})
    factors = read_factors(config, NAMES[:2], ["qubits=2,3", "depth=1,2"])
    found = []
    for workers in (1, 2):
        made = Screening(
            SystemTrials(config), factors, design="full", replicates=1
        )
        lines = []
        found.append(
            screen(
                made,
                tmp_path / str(workers),
                report=lines.append,
                workers=workers,
            )
        )
        assert sum("val_accuracy" in line for line in lines) == 4, lines
    assert found[0] == found[1]


def test_trials_of_a_class_of_ones_own_run_in_this_process(tmp_path):
    with pytest.raises(UserError, match="Received: Formula"):
        screen(screening(Formula()), tmp_path / "s", workers=2)
    assert not (tmp_path / "s").exists()
