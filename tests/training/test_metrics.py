"""Metrics as means of contributions: values and spreads, against others."""

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import f1_score

from tfq_hybrid.data import TaggedSentences
from tfq_hybrid.training import TASKS
from tfq_hybrid.training.classification import f1_contributions
from tfq_hybrid.training.metrics import pearson, ratio, spearman
from tfq_hybrid.training.token_labels import MISSED, tag_scores, word_answers


def metrics_of(task):
    return {one.name: one for one in TASKS[task].metrics}


def value(task, name, answers):
    return metrics_of(task)[name].contributions(answers).mean()


def tied(count, seed=0):
    """Numbers of which some are equal, and others that follow them."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=count).round(1)
    return x, (x + generator.normal(size=count)).round()


CORRELATIONS = [
    (pearson, lambda x, y: scipy.stats.pearsonr(x, y).statistic),
    (spearman, lambda x, y: scipy.stats.spearmanr(x, y).statistic),
]


@pytest.mark.parametrize(("ours", "theirs"), CORRELATIONS)
def test_correlations(ours, theirs):
    x, y = tied(60)
    found = ours(x, y)
    assert found.mean() == pytest.approx(theirs(x, y))
    assert ours(x, x).mean() == pytest.approx(1)
    # How the value moves where an example weighs a little more.
    for place in (0, 7, 31):
        more = [np.append(np.repeat(a, 200), [a[place]] * 60) for a in (x, y)]
        moved = 201 * (theirs(*more) - theirs(x, y))
        assert found[place] - found.mean() == pytest.approx(moved, abs=2e-2)


@pytest.mark.parametrize(("ours", "theirs"), CORRELATIONS)
def test_the_spread_is_that_of_a_bootstrap(ours, theirs):
    x, y = tied(200, seed=1)
    draws = np.random.default_rng(0).integers(0, 200, (400, 200))
    bootstrap = np.std([theirs(x[draw], y[draw]) for draw in draws])
    assert ours(x, y).std() / 200**0.5 == pytest.approx(bootstrap, rel=0.15)


@pytest.mark.parametrize(("ours", "_"), CORRELATIONS)
def test_constant_answers_count_as_no_correlation(ours, _):
    x, y = tied(20)
    constant = np.full(20, 0.1) + 1e-9 * x  # what rounding leaves
    assert not ours(constant, y).any()
    answers = TASKS["regression"].as_answers(constant, y)
    assert TASKS["regression"].is_undefined(answers)
    assert not TASKS["regression"].is_undefined({**answers, "predicted": x})


@pytest.mark.parametrize("average", ["macro", "weighted", 1])
def test_the_spread_of_an_f1_is_that_of_a_bootstrap(average):
    generator = np.random.default_rng(0)
    labels = generator.choice(3, 300, p=[0.6, 0.3, 0.1])
    wrong = generator.integers(0, 3, 300)
    predicted = np.where(generator.random(300) < 0.7, labels, wrong)

    def score(draw):
        if average != 1:
            return f1_score(labels[draw], predicted[draw], average=average)
        return f1_score(labels[draw], predicted[draw], average=None)[1]

    found = f1_contributions(predicted, labels, average)
    assert found.mean() == pytest.approx(score(np.arange(300)))
    draws = generator.integers(0, 300, (300, 300))
    bootstrap = np.std([score(draw) for draw in draws])
    assert found.std() / 300**0.5 == pytest.approx(bootstrap, rel=0.15)


def test_classes_that_no_test_example_has():
    answers = TASKS["classification"].as_answers([0, 1, 1], [0, 1, 0])
    found = TASKS["classification"].by_class(answers, 4)
    assert found == pytest.approx([2 / 3, 2 / 3, 0, 0])


def test_multi_label_by_hand():
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], bool)
    predicted = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]], bool)
    answers = {"predicted": predicted, "labels": labels}
    # By label: 1, 2 / 3 and 0; 2 hits, 3 labels and 3 answers of all.
    assert value("multi-label", "macro-f1", answers) == pytest.approx(5 / 9)
    assert value("multi-label", "micro-f1", answers) == pytest.approx(4 / 6)
    assert value("multi-label", "exact", answers) == pytest.approx(1 / 3)
    by_class = TASKS["multi-label"].by_class(answers, 3)
    assert by_class == pytest.approx([1, 2 / 3, 0])


def test_words_count_and_sentences_are_drawn():
    texts = [("new", "film", "end"), ("ends",)]
    labels = [np.array([0, 1, 1]), np.array([2])]
    sentences = TaggedSentences(texts, labels, ("ADJ", "NOUN", "VERB"))
    predicted = [np.array([0, 1, MISSED]), np.array([1])]
    expected = tag_scores(sentences.labels, predicted, sentences.label_names)
    answers = word_answers(predicted, sentences, 3)
    for name in ("accuracy", "macro-f1"):
        found = metrics_of("tokens")[name].contributions(answers)
        assert found.shape == (2,)
        wanted = expected[name.replace("-", "_")]
        assert found.mean() == pytest.approx(wanted)
    said = TASKS["tokens"].in_words([answers], sentences.label_names)
    assert said == (["ADJ NOUN NOUN", "VERB"], ["ADJ NOUN —", "NOUN"])


def test_a_loss_is_of_tokens_not_of_windows():
    answers = {
        "losses": np.array([2.0, 9.0]),
        "tokens": np.array([1.0, 3.0]),
    }
    assert value("generation", "loss", answers) == pytest.approx(11 / 4)
    perplexity = value("generation", "perplexity", answers)
    assert perplexity == pytest.approx(np.exp(11 / 4))


def test_ratio_of_nothing_is_0():
    assert not ratio(np.zeros((4, 2)), np.zeros((4, 2))).any()


def shown(metric):
    return metric.axis, metric.best


def test_names_units_and_directions():
    assert {
        task: (found.metrics[0].name, *shown(found.metrics[0]))
        for task, found in TASKS.items()
    } == {
        "classification": ("accuracy", "accuracy, %", "highest"),
        "generation": ("loss", "loss, nats per token", "lowest"),
        "regression": ("spearman", "Spearman correlation", "highest"),
        "multi-label": ("macro-f1", "macro F1, %", "highest"),
        "tokens": ("accuracy", "token accuracy, %", "highest"),
    }
