"""Scores of classes, by hand and by scikit-learn's report."""

import numpy as np
import pytest
import sklearn.metrics

from tfq_hybrid.data import TextDataset
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.class_scores import (
    scores_of_classes,
    tables_of_classes,
)
from tfq_hybrid.training.classification import relabel


def scores(labels, answers, names):
    logits = np.eye(len(names), dtype="float32")[answers]
    return scores_of_classes(np.array(labels), logits, names)


def test_by_hand():
    found = scores([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 1], ["a", "b", "c"])
    assert found["confusion_matrix"] == [[2, 1, 0], [0, 2, 0], [0, 1, 0]]
    first, second, third = found["classes"]
    assert first == {
        "label": "a",
        "precision": 1.0,
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(0.8),
        "support": 3,
    }
    assert second["precision"] == 0.5 and second["recall"] == 1.0
    # No answer was c: what would divide by 0 is 0.
    assert (third["precision"], third["recall"], third["f1"]) == (0, 0, 0)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["majority_accuracy"] == 0.5
    assert found["macro_f1"] == pytest.approx((0.8 + 2 / 3 + 0) / 3)
    # Gorodkin 2004: c s - sum p t over the root of both variances.
    top = 4 * 6 - (2 * 3 + 4 * 2 + 0 * 1)
    below = (36 - (4 + 16)) * (36 - (9 + 4 + 1))
    assert found["mcc"] == pytest.approx(top / np.sqrt(below))


def test_as_scikit_learn_reports_it():
    generator = np.random.default_rng(0)
    labels, answers = generator.integers(0, 4, (2, 200))
    names = ["w", "x", "y", "z"]
    found = scores(labels, answers, names)
    report = sklearn.metrics.classification_report(
        labels, answers, target_names=names, output_dict=True
    )
    for row in found["classes"]:
        of_class = report[row["label"]]
        assert row["precision"] == pytest.approx(of_class["precision"])
        assert row["recall"] == pytest.approx(of_class["recall"])
        assert row["f1"] == pytest.approx(of_class["f1-score"])
        assert row["support"] == of_class["support"]
    assert found["macro_f1"] == pytest.approx(report["macro avg"]["f1-score"])


@pytest.mark.filterwarnings("error")
def test_one_answer_alone():
    found = scores([0, 1, 1], [1, 1, 1], ["a", "b"])
    assert found["mcc"] == 0.0
    assert found["accuracy"] == found["majority_accuracy"]
    one = scores([1], [1], ["a", "b"])
    assert one["accuracy"] == 1.0
    assert [row["support"] for row in one["classes"]] == [0, 1]


def test_tables_for_a_person():
    found = scores([0, 0, 1], [0, 1, 1], ["a b\nc", "x" * 40])
    lines = [*tables_of_classes(found)]
    assert lines[0].split() == "class precision recall F1 examples".split()
    assert lines[1].split() == "a b c 1.0000 0.5000 0.6667 2".split()
    assert all(len(line) <= 80 for line in lines)
    assert lines[-2].split()[-2:] == ["1", "1"]
    wide = [f"a class with a long name {n}" for n in range(5)]
    lines = [*tables_of_classes(scores(range(5), range(5), wide))]
    assert lines[-6].split() == ["1", "2", "3", "4", "5"]
    assert all(len(line) <= 80 for line in lines)
    many = scores(range(20), [*range(1, 20), 0], list("abcdefghijklmnopqrst"))
    *_, last = lines = [*tables_of_classes(many)]
    assert any("most frequent confusions" in line for line in lines)
    assert last.split()[-1] == "1"
    right = scores(range(20), range(20), list("abcdefghijklmnopqrst"))
    assert [*tables_of_classes(right)][-1] == "No class was taken for another"


def test_the_order_of_classes_and_rows_changes_nothing():
    """Labels go by their names, wherever a data set puts them."""
    generator = np.random.default_rng(1)
    names = ("a", "b", "c")
    labels = generator.integers(0, 3, 60).astype("int32")
    logits = generator.normal(size=(60, 3)).astype("float32")
    expected = scores_of_classes(labels, logits, names)
    other = ("c", "a", "b")
    moved = np.array([other.index(name) for name in names], "int32")
    data = TextDataset(["text"] * 60, moved[labels], other)
    back = relabel(data, names, "a file")
    np.testing.assert_array_equal(back.labels, labels)
    rows = generator.permutation(60)
    found = scores_of_classes(back.labels[rows], logits[rows], names)
    for name in ("accuracy", "macro_f1", "mcc", "majority_accuracy"):
        assert found[name] == pytest.approx(expected[name], abs=1e-12)
    assert found["confusion_matrix"] == expected["confusion_matrix"]
    with pytest.raises(UserError, match=r"label in a file.*'c'"):
        relabel(data, ("a", "b"), "a file")
