"""Multi-label classification: any number of labels for each text."""

import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import scipy.special
import sklearn.metrics

from tfq_hybrid import data as text_data
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.metrics import f1_by_class, percent
from tfq_hybrid.training.run_folder import RunFolder, load_trained
from tfq_hybrid.training.task import (
    Task,
    columns_of,
    label_facts,
    load_parts,
    predicted,
)

if TYPE_CHECKING:
    from tfq_hybrid.training.config import TrainConfig

USUAL = 0.5  # the threshold where the validation data favour no other


class MultiLabel(Task):
    """Texts with sets of labels in, micro and macro F1 out.

    Each label is a yes or no of its own: a sigmoid and binary cross-entropy.
    Its threshold is chosen on the validation data, and kept with the metrics
    of the run.
    """

    monitor, mode = "val_loss", "min"
    scores = ("micro_f1", "macro_f1", "exact")
    metrics = (
        percent(
            "macro-f1",
            "macro F1",
            lambda a: _f1_by_label(a).mean(axis=1),
        ),
        percent(
            "micro-f1",
            "micro F1",
            lambda a: f1_by_class(
                *(part.sum(axis=1, keepdims=True) for part in _counts(a))
            )[:, 0],
        ),
        percent(
            "exact",
            "texts all right",
            lambda a: (a["predicted"] == a["labels"]).all(axis=1).astype(float),
        ),
    )

    def load(self, config):
        training, validation, source = load_parts(config, _sets)
        training = training.only_seen()
        if not training.label_names:
            raise UserError(
                "Expected a label among the training examples. Received: "
                f"{config.data} with none"
            )
        return training, validation.named(training.label_names, source)

    def facts(self, config, training):
        """The labels, as the data has them and as they are shown."""
        return label_facts(config, training.label_names)

    def objective(self):
        """The binary cross-entropy, a mean over texts and labels."""
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        # keras-hub would add an accuracy of its own.
        return {"loss": loss, "metrics": []}

    def results(self, model, validation, batch_size):
        logits = predicted(model, validation)
        chosen = choose_thresholds(
            validation.labels, scipy.special.expit(logits)
        )
        found = label_scores(validation.labels, logits, chosen)
        return {
            **{f"validation_{name}": value for name, value in found.items()},
            "thresholds": chosen.tolist(),
        }

    def baseline(self, model, training, validation):
        rates = label_rates(training.labels)
        loss = baseline_loss(rates, validation.labels)
        return {
            "validation_baseline_loss": loss,
            "label_rates": rates.tolist(),
        }

    def evaluate(
        self,
        run: str | os.PathLike[str],
        config: "TrainConfig",
        verbose: int | str = 0,
    ) -> dict[str, Any]:
        dataset, logits, thresholds, names = self._answered(
            run, config, verbose
        )
        found = label_scores(dataset.labels, logits, thresholds)
        rates = RunFolder(run).metrics().get("label_rates")
        if rates is not None:  # an older version kept none
            found["baseline_loss"] = baseline_loss(rates, dataset.labels)
        f1 = sklearn.metrics.f1_score(
            dataset.labels,
            chosen_labels(logits, thresholds),
            average=None,
            zero_division=0,
        )
        rows = zip(
            names, thresholds, f1, dataset.labels.sum(axis=0), strict=True
        )
        found["labels"] = {
            name: {
                "f1": float(score),
                "threshold": float(threshold),
                "examples": int(count),
            }
            for name, threshold, score, count in rows
        }
        return found

    def _answered(self, run, config, verbose=0, states=None):
        folder = RunFolder(run)
        _, values, names, _ = folder.read()
        dataset = _sets(config, config.data, config.split).only_seen()
        by_value = set(dataset.label_names) <= set(values)
        dataset = dataset.named(values if by_value else names, config.data)
        thresholds = folder.thresholds()
        model, _ = load_trained(run)
        logits = predicted(model, dataset, verbose, states)
        return dataset, logits, thresholds, names

    def read(self, config, source, split):
        return _sets(config, source, split)

    def seen(self, data):
        return data.only_seen()

    def labelled_as(self, training, data, source):
        return data.named(training.label_names, source)

    def check(self, training, source):
        counts = training.labels.sum(axis=0)
        if not len(counts):
            raise UserError(
                "Expected a label among the training examples. Received: "
                f"{source} with none"
            )
        if counts.min() == 0:
            missing = training.label_names[int(np.argmin(counts))]
            raise UserError(
                "Expected training examples of every label that are in no "
                f"other part. Received: {source} without any of {missing}"
            )

    def answers(self, run, config, states=None):
        dataset, logits, thresholds, _ = self._answered(
            run, config, states=states
        )
        chosen = chosen_labels(logits, thresholds)
        return self.as_answers(chosen, dataset.labels)

    def as_answers(self, predicted, labels):
        return {
            "predicted": np.asarray(predicted, bool),
            "labels": np.asarray(labels, bool),
        }

    def without_learning(self, config, training, test):
        """The most frequent set of labels of the training data."""
        sets, counts = np.unique(training.labels, axis=0, return_counts=True)
        best = np.broadcast_to(sets[np.argmax(counts)], test.labels.shape)
        return self.as_answers(best, test.labels)

    def by_class(self, answers, classes):
        return _f1_by_label(answers).mean(axis=0)

    def in_words(self, answers, names):
        shares = np.mean([one["predicted"] for one in answers], axis=0)

        def shown(rows):
            named = (", ".join(np.array(names)[row]) for row in rows)
            return [text or "none" for text in named]

        return shown(answers[0]["labels"]), shown(shares > 0.5)


def _counts(answers):
    """Right answers, answers and labels: each (texts, labels), bool."""
    said, there = answers["predicted"], answers["labels"]
    return said & there, said, there


def _f1_by_label(answers):
    return f1_by_class(*_counts(answers))


def _sets(config, source, split):
    return text_data.load_label_sets(source, split, **columns_of(config))


def label_rates(labels: Any) -> np.ndarray:
    """How often each label is there: what a model knows that learned no text.

    Args:
        labels: of the training data, of shape (texts, labels).

    Returns:
        A float64 array of shape (labels,). One text more has each label, and
        one none (add-one smoothing), so that no rate is 0 or 1.

    >>> label_rates([[1, 0], [1, 0]]).tolist()
    [0.75, 0.25]
    """
    labels = np.asarray(labels, np.float64)
    return (labels.sum(axis=0) + 1) / (len(labels) + 2)


def baseline_loss(rates: Any, labels: Any) -> float:
    """The mean binary cross-entropy, in nats, of always answering some rates.

    >>> round(baseline_loss([0.5, 0.5], [[1, 0]]), 6)
    0.693147
    """
    logits = np.broadcast_to(scipy.special.logit(rates), np.shape(labels))
    return _cross_entropy(np.asarray(labels), logits)


def _cross_entropy(labels, logits):
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))


def chosen_labels(logits: Any, thresholds: Any = USUAL) -> np.ndarray:
    """Which labels a model gives: probabilities of at least the thresholds.

    Args:
        logits: of shape (texts, labels).
        thresholds: of probabilities; one for all labels or one for each.
            Defaults to 0.5.

    Returns:
        A bool array of the shape of the logits.

    >>> np.flatnonzero(chosen_labels([2.0, -1.0, 0.3])).tolist()
    [0, 2]
    """
    return scipy.special.expit(np.asarray(logits)) >= np.asarray(thresholds)


def choose_thresholds(labels: Any, probabilities: Any) -> np.ndarray:
    """The threshold of each label with the best F1.

    Of equally good ones 0.5 where it is among them, and so for a label that
    no text has; else half-way between two probabilities that occur.

    Args:
        labels: of shape (texts, labels), 1 for each label that a text has.
        probabilities: of the same shape.

    Returns:
        A float64 array of shape (labels,), in (0, 1).

    >>> choose_thresholds([[1], [1], [0]], [[0.4], [0.3], [0.1]]).tolist()
    [0.2]
    """
    columns = zip(np.array(labels).T, np.array(probabilities).T, strict=True)
    return np.array([_threshold(truth, scores) for truth, scores in columns])


def _threshold(truth, scores):
    if not truth.any():
        return USUAL
    scores = scores.astype(np.float64)
    usual = sklearn.metrics.f1_score(truth, scores >= USUAL, zero_division=0)
    precision, recall, cuts = sklearn.metrics.precision_recall_curve(
        truth, scores
    )
    total = precision + recall
    f1 = 2 * precision * recall / np.where(total > 0, total, 1)
    best = int(np.argmax(f1[:-1]))  # the last is of no cut
    if f1[best] <= usual + 1e-12:
        return USUAL
    below = cuts[best - 1] if best else 0.0
    return float((below + cuts[best]) / 2)


def label_scores(
    labels: Any, logits: Any, thresholds: Any = USUAL
) -> dict[str, Any]:
    """How well sets of labels were predicted.

    Args:
        labels: of shape (texts, labels), 1 for each label that a text has. A
            text without labels counts as any other.
        logits: of the same shape.
        thresholds: as for `chosen_labels`. Defaults to 0.5.

    Returns:
        `examples`; `micro_f1`, over all pairs of a text and a label;
        `macro_f1`, the mean over the labels, 0 for one that is neither there
        nor predicted; `exact`, the share of texts all of whose labels are
        right; `loss`, the mean binary cross-entropy in nats.

    Raises:
        UserError: their shapes do not go together.
    """
    labels, logits = np.asarray(labels), np.asarray(logits, np.float64)
    if labels.shape != logits.shape or labels.ndim != 2:
        raise UserError(
            "Expected labels and logits of one shape (texts, labels). "
            f"Received: {labels.shape} and {logits.shape}"
        )
    predicted = chosen_labels(logits, thresholds)
    truth = labels.astype(bool)
    micro, macro = (
        _f1(truth, predicted, average) for average in ("micro", "macro")
    )
    return {
        "examples": len(labels),
        "micro_f1": micro,
        "macro_f1": macro,
        "exact": float(np.mean((truth == predicted).all(axis=1))),
        "loss": _cross_entropy(labels, logits),
    }


def _f1(truth, predicted, average):
    hits = (truth & predicted).sum(axis=0)
    counts = truth.sum(axis=0) + predicted.sum(axis=0)
    if average == "micro":
        hits, counts = hits.sum(keepdims=True), counts.sum(keepdims=True)
    return float(np.mean(2 * hits / np.maximum(counts, 1)))
