"""The majority class and the unigram loss beside what a training reached."""

import dataclasses
import json

import numpy as np
import pytest
import sklearn.dummy

from tests.training.test_train import silent
from tfq_hybrid.data import TokenDataset
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import RunFolder, TrainConfig, evaluate, train
from tfq_hybrid.training.baselines import (
    explain,
    has_learned,
    majority_accuracy,
    token_counts,
    unigram_loss,
    verdict,
)


def test_the_majority_is_that_of_scikit_learn():
    labels = np.random.default_rng(0).integers(0, 3, 50)
    dummy = sklearn.dummy.DummyClassifier(strategy="most_frequent")
    inputs = np.zeros((50, 1))
    expected = dummy.fit(inputs, labels).score(inputs, labels)
    assert majority_accuracy(labels) == expected


def windows(tokens, weights):
    ids = np.array([tokens])
    return TokenDataset(ids, ids >= 0, ids, np.array([weights], "float32"))


def test_the_unigram_loss_by_hand():
    training = windows([2, 0, 0, 1], [0, 1, 1, 1])
    counts = token_counts(training, 4)
    assert counts.tolist() == [2, 1, 0, 0]  # what is not learned counts not
    held_out = windows([0, 3, 1], [1, 1, 0])
    # Add-one smoothing: 3/7 and 1/7 of four tokens.
    expected = -(np.log(3 / 7) + np.log(1 / 7)) / 2
    assert unigram_loss(counts, held_out) == pytest.approx(expected)


@pytest.mark.parametrize(
    "metrics, expected",
    [
        ({"accuracy": 0.6, "majority_accuracy": 0.6}, False),
        # Keras's accuracy is in single precision.
        ({"accuracy": 0.6000000238418579, "majority_accuracy": 0.6}, False),
        ({"accuracy": 0.5, "majority_accuracy": 0.6}, False),
        ({"accuracy": 0.61, "majority_accuracy": 0.6}, True),
        ({"accuracy": 0.600001, "majority_accuracy": 0.6}, True),
        ({"loss": 5.0, "unigram_loss": 5.0}, False),
        ({"loss": 4.9, "unigram_loss": 5.0}, True),
        ({"loss": 4.9, "accuracy": 0.5}, None),
        ({}, None),
    ],
    ids=str,
)
def test_what_has_learned(metrics, expected):
    assert has_learned(metrics) is expected
    assert (explain(metrics) is not None) == (expected is False)
    named = {f"val_{name}": value for name, value in metrics.items()}
    assert has_learned(named, "val_") is expected


def test_the_verdict_says_what_to_try():
    metrics = {
        "validation_accuracy": 0.5,
        "validation_majority_accuracy": 0.75,
        "training_examples": 40,
        "epochs": 1,
    }
    [line] = verdict(metrics, TrainConfig("embedded"))
    assert line == (
        "Nothing was learned: the validation accuracy, 0.5000, is not above "
        "0.7500, that of always answering the majority class. Try a higher "
        "learning rate (such as 0.01), more training examples, or more epochs "
        "(than 1)."
    )
    metrics["validation_accuracy"] = 0.8
    assert not [*verdict(metrics, TrainConfig("embedded"))]


@pytest.mark.long
def test_a_run_that_has_learned_nothing_says_so(quick, tmp_path):
    data = tmp_path / "data.tsv"
    rows = [f"a film\t{label}" for label in (1, 0, 1, 0, 1)] * 8
    data.write_text("\n".join(["text\tlabel", *rows]))
    config = dataclasses.replace(
        quick,
        data=str(data),
        validation_data=str(data),
        data_dir=None,
        baseline="ffn",
    )
    lines = []
    run = tmp_path / "run"
    metrics = train(config, run, verbose=0, report=lines.append)
    assert metrics["validation_majority_accuracy"] == 0.6
    assert metrics["validation_accuracy"] <= 0.6 + 1e-6
    assert lines[-1].startswith("Nothing was learned: ")
    assert "learning rate (such as 0.01)" in lines[-1]


@pytest.fixture
def language(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("The cat sat on the mat.\nOh no!\n" * 30, "utf-8")
    return TrainConfig(
        str(text),
        model="hyqut",
        vocabulary_size=280,
        sequence_length=12,
        batch_size=8,
        baseline="dense",
        learning_rate=0.01,
        options={"size": "tiny", "layers": "0"},
    )


@pytest.mark.long
def test_a_language_model_keeps_the_counts_of_its_tokens(language, tmp_path):
    metrics = silent(language, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    counts = json.loads(folder.token_counts_file.read_text())
    *_, merges = folder.read()
    assert sum(counts) == 12 * metrics["training_examples"]
    assert len(counts) == 260 + len(merges)
    # A few steps are worse than to know how often each token is.
    assert metrics["validation_unigram_loss"] < metrics["validation_loss"]
    [line] = verdict(metrics, language)
    assert "is not below" in line and "the unigram distribution" in line
    found = evaluate(tmp_path / "run", language.data)
    assert 0 < found["unigram_loss"] < np.log(len(counts))
    folder.token_counts_file.write_text("[1, 2]")
    with pytest.raises(UserError, match="token_counts"):
        evaluate(tmp_path / "run", language.data)
    folder.token_counts_file.unlink()  # as older versions leave a run
    assert "unigram_loss" not in evaluate(tmp_path / "run", language.data)
