"""F1 and its bootstrap, against scikit-learn and against accuracy."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from tfq_hybrid.comparison.statistics import f1_interval, mean_interval


def answers(seeds, examples, right, seed=0):
    """Labels of three classes, and predictions of which a share is right."""
    generator = np.random.default_rng(seed)
    labels = generator.choice(3, examples, p=[0.6, 0.3, 0.1])
    wrong = generator.integers(0, 3, (seeds, examples))
    is_right = generator.random((seeds, examples)) < right
    return np.where(is_right, labels, wrong), labels


@pytest.mark.parametrize("average", ["macro", "weighted", 1])
def test_the_value_is_scikit_learns(average):
    predicted, labels = answers(4, 300, 0.7)
    if average == 1:
        scores = [f1_score(labels, row, average=None)[1] for row in predicted]
    else:
        scores = [f1_score(labels, row, average=average) for row in predicted]
    found = f1_interval(predicted, labels, average)
    assert found.value == pytest.approx(np.mean(scores))
    assert found.low < found.value < found.high


def test_the_width_is_that_of_accuracy_where_both_are_the_same():
    """Two balanced classes with symmetric errors: macro-F1 is accuracy."""
    generator = np.random.default_rng(2)
    labels = np.arange(1000) % 2
    predicted = np.where(generator.random((3, 1000)) < 0.8, labels, 1 - labels)
    ours = f1_interval(predicted, labels)
    theirs = mean_interval((predicted == labels).astype(float))
    assert ours.value == pytest.approx(theirs.value, abs=2e-3)
    assert ours.high - ours.low == pytest.approx(
        theirs.high - theirs.low, rel=0.15
    )


def test_differences_are_paired():
    predicted, labels = answers(3, 400, 0.8)
    same = f1_interval(predicted, labels, theirs=predicted)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    # Each is as scikit-learn has it, also where one answers a class more.
    other = np.array([[0, 2, 1, 1]])
    difference = f1_interval([[0, 0, 1, 1]], [0, 0, 1, 1], theirs=other)
    score = f1_score([0, 0, 1, 1], other[0], average="macro")
    assert difference.value == pytest.approx(1 - score)
    worse, _ = answers(3, 400, 0.5)
    assert f1_interval(predicted, labels, theirs=worse).low > 0
