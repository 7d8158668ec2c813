"""Searches and screenings in which nothing was learned, or trials are equal."""

import json

import pytest

from tests.tuning.test_screening import CONFIG, Formula, screening
from tfq_hybrid.reports import write_report
from tfq_hybrid.tuning import (
    Choice,
    Objective,
    Space,
    Study,
    screen,
    search,
)
from tfq_hybrid.tuning.trial import describe_end

SPACE = Space([Choice("circuit.depth", (1, 2, 3))])


class Told(Formula):
    """Trials whose accuracies are told, one a depth."""

    def __init__(self, accuracies, majority=0.6):
        super().__init__()
        self.accuracies = accuracies
        self.majority = majority

    def run(self, values, folder, parent=None):
        accuracy = self.accuracies[values["circuit.depth"]]
        (folder).mkdir(parents=True)  # the run that `best/` is a copy of
        result = {
            "history": [{"val_accuracy": accuracy, "val_loss": 1 - accuracy}],
            "best_epoch": 1,
        }
        if self.majority is not None:
            result["validation_majority_accuracy"] = self.majority
        return result


def found(trials, folder, **options):
    study = Study(trials, SPACE, tuner="grid", **options)
    lines = []
    result = search(study, folder, 9, report=lines.append)
    assert all("val_majority_accuracy" in line for line in lines[1::2])
    return result


def test_a_search_in_which_nothing_was_learned(tmp_path):
    folder = tmp_path / "s"
    result = found(Told({1: 0.6, 2: 0.6, 3: 0.5}), folder)
    assert result["nothing_learned"] == ["0", "1", "2"]
    first, second = result["remarks"]
    assert first == (
        "Nothing was learned in 3 of 3 trials: no better than always "
        "answering the majority class."
    )
    assert second.startswith("Best: not determined, as no trial has learned")
    assert result["importance"] == {}
    assert (folder / "best").is_dir() and result["best"] == "0"
    text = (folder / "report.md").read_text()
    assert first in text and "Best by" not in text
    page = write_report(folder).page.read_text()
    assert first in page and second in page
    assert "accuracy of the majority class" in page
    assert "The best of" not in page


def test_equal_trials_are_not_the_best(tmp_path):
    result = found(Told({1: 0.5, 2: 0.8, 3: 0.8}), tmp_path / "s")
    assert result["tied"] == ["1", "2"]
    assert result["remarks"] == [
        "Nothing was learned in 1 of 3 trials: no better than always answering "
        "the majority class.",
        "Best: not determined: val_accuracy is the same in the trials 1, 2.",
    ]


def test_a_trial_that_is_best(tmp_path):
    folder = tmp_path / "s"
    result = found(Told({1: 0.7, 2: 0.9, 3: 0.8}), folder)
    assert result["remarks"] == [] and result["best"] == "1"
    assert result["nothing_learned"] == [] and result["tied"] == ["1"]
    assert (
        "Best by val_accuracy: trial 1." in (folder / "report.md").read_text()
    )
    assert "The best of 3" in write_report(folder).page.read_text()


def test_costs_may_be_equal(tmp_path):
    chosen = [Objective("parameters"), Objective("val_accuracy")]
    trials = Told({1: 0.7, 2: 0.9, 3: 0.8})
    result = found(trials, tmp_path / "s", objectives=chosen)
    assert result["tied"] == ["0", "1", "2"] and result["remarks"] == []


def screened(trials, folder, **options):
    made = screening(trials, design="full", replicates=1, **options)
    return screen(made, folder, report=lambda line: None)


def test_a_screening_in_which_nothing_was_learned(tmp_path):
    folder = tmp_path / "s"
    result = screened(Told({1: 0.5, 3: 0.6}), folder)
    first, second = result["remarks"]
    assert first.startswith("Nothing was learned in 8 of 8 runs")
    assert second.startswith("Effects: not determined, as no run has learned")
    for row in result["effects"]:
        assert (row["effect"], row["low"], row["high"]) == (None, None, None)
    assert {run["val_majority_accuracy"] for run in result["runs"]} == {0.6}
    assert json.loads((folder / "screening.json").read_text()) == result
    text = (folder / "report.md").read_text()
    assert first in text and "not determined" in text and "+0" not in text
    page = write_report(folder).page.read_text()
    assert first in page and "accuracy of the majority class" in page


@pytest.mark.long
def test_a_response_that_is_always_the_same(tmp_path):
    result = screened(Told({1: 0.7, 3: 0.7}, majority=None), tmp_path / "s")
    assert result["remarks"] == [
        "Effects: not determined, as val_accuracy is the same in all runs."
    ]
    assert {row["effect"] for row in result["effects"]} == {None}
    # What a run costs has an effect of nothing, which is measured.
    cost = Told({1: 0.7, 3: 0.7})
    result = screened(cost, tmp_path / "t", response="parameters")
    assert result["remarks"] == []
    for row in result["effects"]:
        assert row["effect"] == pytest.approx(0.0, abs=1e-12)


def test_a_screening_in_which_some_have_learned(tmp_path):
    result = screened(Told({1: 0.5, 3: 0.7}), tmp_path / "s")
    [remark] = result["remarks"]
    assert remark.startswith("Nothing was learned in 4 of 8 runs")
    effects = {row["factor"]: row["effect"] for row in result["effects"]}
    assert effects["circuit.depth"] == pytest.approx(0.2)


def test_the_majority_stands_beside_the_accuracy(tmp_path):
    result = found(Told({1: 0.7, 2: 0.9, 3: 0.8}), tmp_path / "s")
    line = describe_end(result["trials"][0])
    assert "val_accuracy=0.7" in line and "val_majority_accuracy=0.6" in line
    assert CONFIG.epochs == 1
