"""Several labels for a text, from a file to an export."""

import json

import numpy as np
import pytest
import sklearn.metrics

from tests.presets import one_block
from tests.training.conftest import QUICK
from tfq_hybrid import training
from tfq_hybrid.cli.main import main
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import Answer, Predictor, answer_of, export
from tfq_hybrid.training import (
    RunFolder,
    TrainConfig,
    evaluate,
    load_trained,
    train,
)
from tfq_hybrid.training.multi_label import (
    choose_thresholds,
    chosen_labels,
    label_scores,
)

SMALL = {**QUICK, "batch_size": 8}
WORDS = ("cheap", "fast", "loud")


def write(path, count, seed):
    """A text has the labels whose words are in it, and may have none."""
    generator = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        has = generator.random(3) < 0.4
        names = [word for word, is_in in zip(WORDS, has, strict=True) if is_in]
        text = " ".join(["a", *generator.permutation(names), "car"])
        rows.append(json.dumps({"text": text, "label": names}))
    path.write_text("\n".join(rows))
    return path


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A finished run, and its test data."""
    folder = tmp_path_factory.mktemp("multi-label")
    config = TrainConfig(
        **{**SMALL, "data": str(write(folder / "a.jsonl", 64, 0))},
        validation_data=str(write(folder / "b.jsonl", 24, 1)),
        task="multi-label",
        baseline="none",
        epochs=5,
        learning_rate=0.002,
        label_names=("Cheap", "Fast", "Loud"),
    )
    with one_block():
        train(config, folder / "run", verbose=0, report=lambda line: None)
    return folder / "run", write(folder / "test.jsonl", 40, 2)


@pytest.fixture(scope="module")
def asked(labelled):
    """The model of that run, as `predict` asks it."""
    run, _ = labelled
    model, names = load_trained(run)
    return Predictor.of_model(model, names, answer=answer_of(run))


@pytest.mark.long
def test_scores(labelled, asked):
    run, test = labelled
    kept = RunFolder(run).thresholds()
    found = evaluate(run, str(test))
    assert RunFolder(run).thresholds() == kept
    rows = [json.loads(line) for line in test.read_text().splitlines()]
    truth = np.array([[w in row["label"] for w in WORDS] for row in rows])
    assert any(not row["label"] for row in rows)
    names = ("Cheap", "Fast", "Loud")
    answers = asked([row["text"] for row in rows])
    predicted = np.array([[n in a["labels"] for n in names] for a in answers])
    assert found["examples"] == 40
    for average in ("micro", "macro"):
        expected = sklearn.metrics.f1_score(
            truth, predicted, average=average, zero_division=0
        )
        assert found[f"{average}_f1"] == pytest.approx(expected)
    assert found["exact"] == np.mean((truth == predicted).all(axis=1))
    assert found["micro_f1"] > 0.8
    assert list(found["labels"]) == list(names)
    assert [row["examples"] for row in found["labels"].values()] == (
        truth.sum(axis=0).tolist()
    )


def test_thresholds_are_of_the_validation_data(labelled, asked):
    run, _ = labelled
    kept = RunFolder(run).thresholds()
    rows = (run.parent / "b.jsonl").read_text().splitlines()
    rows = [json.loads(row) for row in rows]
    truth = np.array([[w in row["label"] for w in WORDS] for row in rows])
    answers = asked([row["text"] for row in rows])
    probabilities = np.array([answer["probabilities"] for answer in answers])
    np.testing.assert_allclose(
        kept, choose_thresholds(truth, probabilities), atol=1e-5
    )


@pytest.mark.long
def test_an_export_answers_as_the_run(labelled, asked, tmp_path, capsys):
    run, _ = labelled
    model, names = load_trained(run)
    texts = ["a cheap car", "a car", "a loud fast car"]
    path = export(model, tmp_path / "name", names, answer=answer_of(run))
    expected = asked(texts)
    for found, other in zip(Predictor(path)(texts), expected, strict=True):
        assert found["labels"] == other["labels"]
        assert found["probabilities"] == pytest.approx(
            other["probabilities"], abs=1e-5
        )
        assert len(found["probabilities"]) == 3
    main(["predict", str(path), *texts])
    told = capsys.readouterr().out.splitlines()
    for line, answer in zip(told, expected, strict=True):
        assert line.split()[0] == ("|".join(answer["labels"]) or "none")


def test_the_command_line_tells_scores(monkeypatch, capsys):
    found = label_scores(TestByHand.labels, TestByHand.logits)
    monkeypatch.setattr(training, "evaluate", lambda *_, **__: found)
    main(["evaluate", "run", "--data", "test.jsonl"])
    assert capsys.readouterr().out == (
        "micro-F1 0.6667, macro-F1 0.6667, all labels right 0.3333, on 3 "
        "examples.\n"
    )


def test_a_threshold_for_each_label(labelled):
    model, names = load_trained(labelled[0])
    with pytest.raises(UserError, match="3 thresholds"):
        Predictor.of_model(
            model, names, answer=Answer("multi-label", thresholds=(0.5,))
        )


def test_data_without_labels(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "label": []}\n' * 4)
    config = TrainConfig(data=str(path), task="multi-label")
    with pytest.raises(UserError, match="a label among the training"):
        train(config, tmp_path / "run", verbose=0)


class TestByHand:
    """3 x 3: 3 hits, 1 label too many, 2 missed."""

    labels = np.array([[1, 0, 1], [0, 1, 0], [0, 1, 1]])
    logits = np.array([[2, -1, 0.3], [1, 3, -2], [-1, -1, -1]])

    def test_probabilities_not_logits_meet_the_threshold(self):
        assert np.flatnonzero(chosen_labels([2, -1, 0.3])).tolist() == [0, 2]
        # A logit of 0.3 is a probability of 0.57.
        assert chosen_labels([0.3], 0.56).all()
        assert not chosen_labels([0.3], 0.58).any()

    def test_f1(self):
        found = label_scores(self.labels, self.logits)
        assert found["micro_f1"] == pytest.approx(2 * 3 / (2 * 3 + 1 + 2))
        # First label: 1 hit, 1 too many; the others: 1 hit, 1 missed.
        assert found["macro_f1"] == pytest.approx(2 / 3)
        assert found["exact"] == pytest.approx(1 / 3)
        losses = np.log1p(np.exp(-self.logits)) + (1 - self.labels) * (
            self.logits
        )
        assert found["loss"] == pytest.approx(losses.mean())

    def test_rows_and_labels_without_any_count(self):
        labels = np.vstack([self.labels, [0, 0, 0]])
        logits = np.vstack([self.logits, [-1, -1, 5]])
        found = label_scores(labels, logits)
        assert found["examples"] == 4
        assert found["micro_f1"] == pytest.approx(2 * 3 / (2 * 3 + 2 + 2))
        # A label that is nowhere counts 0 in the mean.
        empty = np.zeros((3, 1))
        found = label_scores(
            np.hstack([self.labels, empty]), np.hstack([self.logits, empty - 1])
        )
        assert found["macro_f1"] == pytest.approx(2 / 3 * 3 / 4)

    def test_shapes(self):
        with pytest.raises(UserError, match="one shape"):
            label_scores(self.labels, self.logits[:, :2])

    @pytest.mark.parametrize(
        "labels, probabilities, expected",
        [
            ([1, 1, 0], [0.9, 0.6, 0.2], 0.5),  # as good as any
            ([1, 1, 0], [0.9, 0.4, 0.2], 0.3),
            ([1, 0, 0], [0.9, 0.6, 0.2], 0.75),
            ([0, 0, 0], [0.9, 0.6, 0.2], 0.5),
            ([1, 1, 1], [0.3, 0.2, 0.1], 0.05),
        ],
    )
    def test_thresholds(self, labels, probabilities, expected):
        [found] = choose_thresholds(
            np.array(labels)[:, None], np.array(probabilities)[:, None]
        )
        assert found == pytest.approx(expected)
