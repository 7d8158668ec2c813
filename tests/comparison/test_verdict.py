"""Simultaneous intervals, and the sentences that they carry."""

import numpy as np
import pytest

from tfq_hybrid.comparison.statistics import paired_difference
from tfq_hybrid.comparison.verdict import all_differences, sentences
from tfq_hybrid.training import TASKS
from tfq_hybrid.training.classification import majority_vote

ACCURACY = TASKS["classification"].metrics[0]
LOSS = TASKS["generation"].metrics[0]


def scores_of(*rates, seeds=5, examples=400, seed=0):
    """Answers of rows that are right so often, by name a, b, …."""
    generator = np.random.default_rng(seed)
    hard = generator.random(examples)
    return {
        name: np.array(
            [
                hard + 0.05 * generator.normal(size=examples) < rate
                for _ in range(seeds)
            ]
        ).astype(float)
        for name, rate in zip("abcdef", rates, strict=False)
    }


def test_more_pairs_have_wider_intervals():
    scores = scores_of(0.8, 0.75, 0.7, 0.5)
    alone = paired_difference(scores["a"], scores["b"])
    found = all_differences(scores)
    assert len(found) == 12
    one = found["a", "b"]
    assert one.value == alone.value
    assert one.low < alone.low < alone.high < one.high
    back = found["b", "a"]
    assert (back.value, back.low, back.high) == (
        -one.value,
        -one.high,
        -one.low,
    )


def test_identical_answers_do_not_differ():
    scores = scores_of(0.7)
    found = all_differences({**scores, "again": scores["a"]})["a", "again"]
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_bonferroni_holds_for_all_pairs_at_once():
    """Of rows that are equal, some pair seems to differ in 5 % at most."""
    wrong = 0
    for seed in range(40):
        scores = scores_of(0.7, 0.7, 0.7, seed=seed, examples=150)
        found = all_differences(scores)
        wrong += any(not d.low <= 0 <= d.high for d in found.values())
    assert wrong <= 5


def said(scores, circuits=()):
    percent = {name: 100 * array for name, array in scores.items()}
    means = {name: array.mean() for name, array in percent.items()}
    floor = list(scores)[-1]
    found = all_differences(percent)
    return sentences(ACCURACY, means, found, floor, circuits)


def test_who_leads_and_who_is_beaten():
    lines = said(scores_of(0.9, 0.899, 0.7, 0.5))
    assert "has the highest accuracy" in lines[0]
    assert "not significantly different" in lines[0]
    assert "beats c by +" in lines[1] and " and d by +" in lines[1]
    assert not any("nothing was learned" in line for line in lines)


def test_who_learned_nothing():
    lines = said(scores_of(0.8, 0.5, 0.5))
    assert (
        "b is not significantly better than c: nothing was learned" in lines[-1]
    )


def test_less_loss_is_better():
    generator = np.random.default_rng(0)
    losses = {
        name: mean + 0.01 * generator.normal(size=(3, 50))
        for name, mean in (("a", 3.0), ("b", 2.5), ("unigram", 4.0))
    }
    means = {name: array.mean() for name, array in losses.items()}
    lines = sentences(LOSS, means, all_differences(losses), "unigram", ["a"])
    assert lines[0] == (
        f"b has the lowest loss, {means['b']:.3f} nats per token."
    )
    assert lines[1].startswith("b beats a by -0.50")
    assert lines[1].endswith("nats per token.")
    assert "No row with a circuit is significantly better than b" in lines[2]
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("circuits", "is_said"), [(["a"], False), (["b"], True), ([], False)]
)
def test_a_circuit_that_does_not_lead(circuits, is_said):
    lines = said(scores_of(0.9, 0.7, 0.5), circuits)
    found = [line for line in lines if "No row with a circuit" in line]
    assert bool(found) == is_said
    if is_said:
        assert "better than a, the best without: b differs by -" in found[0]


def test_votes_of_seeds():
    assert majority_vote([[2, 0], [2, 1], [0, 1]]).tolist() == [2, 1]
