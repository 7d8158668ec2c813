"""Classification: labelled texts in, accuracy out."""

import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from sklearn.model_selection import train_test_split

from tfq_hybrid import data as text_data
from tfq_hybrid.errors import UserError, choice_error
from tfq_hybrid.training.baselines import majority_accuracy
from tfq_hybrid.training.class_scores import scores_of_classes
from tfq_hybrid.training.config import TrainConfig
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
    from tfq_hybrid.data import TextDataset


class Classification(Task):
    """Labelled texts in, accuracy out."""

    monitor, mode = "val_accuracy", "max"
    metrics = (
        percent(
            "accuracy",
            "accuracy",
            lambda a: (a["predicted"] == a["labels"]).astype(float),
        ),
        percent(
            "macro-f1",
            "macro F1",
            lambda a: f1_contributions(a["predicted"], a["labels"]),
        ),
    )

    def load(self, config):
        return load_splits(config)

    def facts(self, config, training):
        """The labels, as the data has them and as they are shown."""
        return label_facts(config, training.label_names)

    def objective(self):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        # By name, Keras would make it while it traces the first step, and
        # trace that a second time.
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        return {"loss": loss, "metrics": [accuracy]}

    def results(self, model, validation, batch_size):
        return {"validation_examples": len(validation)}

    def baseline(self, model, training, validation):
        rate = majority_accuracy(validation.labels)
        return {"validation_majority_accuracy": rate}

    def evaluate(self, run, config, verbose=0):
        dataset, logits, names = self._answered(run, config, verbose)
        return scores_of_classes(dataset.labels, logits, names)

    def _answered(self, run, config, verbose=0, states=None):
        dataset, names = self.labelled_for(run, config)
        model, _ = load_trained(run)
        return dataset, predicted(model, dataset, verbose, states), names

    def labelled_for(
        self, run: str | os.PathLike[str], config: TrainConfig
    ) -> "tuple[TextDataset, tuple[str, ...]]":
        """The examples of a config with the labels of a run, and their names.

        Raises:
            UserError: they have a label that the run has not.
        """
        _, values, names, _ = RunFolder(run).read()
        dataset = self.seen(self.read(config, config.data, config.split))
        by_value = set(dataset.label_names) <= set(values)
        known = values if by_value else names
        return relabel(dataset, known, config.data), names

    def read(self, config, source, split):
        return _labelled(config, source, split)

    def seen(self, data):
        return data.only_seen()

    def labelled_as(self, training, data, source):
        return relabel(data, training.label_names, source)

    def check(self, training, source):
        counts = np.bincount(
            training.labels, minlength=len(training.label_names)
        )
        if len(counts) < 2:
            raise UserError(
                "Expected at least two labels among the training examples. "
                f"Received: {source} with {', '.join(training.label_names)}"
            )
        if counts.min() == 0:
            missing = training.label_names[int(np.argmin(counts))]
            raise UserError(
                "Expected training examples of every label that are in no "
                f"other part. Received: {source} without any of {missing}"
            )

    def cut(self, data, count, source):
        """Both parts have the shares of the labels."""
        try:
            rest, drawn = train_test_split(
                np.arange(len(data)),
                test_size=count,
                random_state=0,
                stratify=data.labels,
            )
        except ValueError as error:
            counts = np.bincount(data.labels)
            raise UserError(
                "Expected enough examples of each label for validation and "
                f"test data, or files for these. Received: {source}, with "
                f"{counts.min()} of {data.label_names[int(counts.argmin())]}"
            ) from error
        return data.pick(np.sort(rest)), data.pick(np.sort(drawn))

    def answers(self, run, config, states=None):
        dataset, logits, _ = self._answered(run, config, states=states)
        return self.as_answers(np.argmax(logits, axis=-1), dataset.labels)

    def as_answers(self, predicted, labels):
        return {
            "predicted": np.asarray(predicted, np.int16),
            "labels": np.asarray(labels, np.int16),
        }

    def without_learning(self, config, training, test):
        """The most frequent label of the training data."""
        label = int(np.argmax(np.bincount(training.labels)))
        return self.as_answers(np.full(len(test), label), test.labels)

    def by_class(self, answers, classes):
        counts = _counts(answers["predicted"], answers["labels"], classes)
        return f1_by_class(*counts).mean(axis=0)[:classes]

    def in_words(self, answers, names):
        votes = majority_vote([one["predicted"] for one in answers])
        return (
            [names[label] for label in answers[0]["labels"]],
            [names[vote] for vote in votes],
        )


def f1_contributions(
    predicted: np.ndarray, labels: np.ndarray, average: str | int = "macro"
) -> np.ndarray:
    """Contributions to an F1 of one seed: (examples,).

    Args:
        predicted, labels: classes of shape (examples,).
        average: `"macro"`, the mean over the classes that are there or said;
            `"weighted"`, by their shares of the labels; or a class. Defaults
            to `"macro"`.
    """
    counts = _counts(predicted, labels)
    _, said, there = counts
    by_class = f1_by_class(*counts)
    if average == "macro":
        return by_class[:, (said | there).any(axis=0)].mean(axis=1)
    if isinstance(average, int):
        return by_class[:, average]
    f1, shares = by_class.mean(axis=0), there.mean(axis=0)
    # The shares move too where an example weighs more.
    return by_class @ shares + (there - shares) @ f1


def _counts(predicted, labels, classes=0):
    """Right answers, answers and labels: each (examples, classes), bool."""
    classes = max(classes, 1 + int(predicted.max()), 1 + int(labels.max()))
    kinds = np.arange(classes)
    said, there = predicted[:, None] == kinds, labels[:, None] == kinds
    return said & there, said, there


def majority_vote(predicted: Any) -> np.ndarray:
    """The most frequent answer of the seeds to each example.

    >>> majority_vote([[0, 1], [1, 1], [1, 2]])
    array([1, 1])
    """
    answers = np.asarray(predicted)
    kinds = np.arange(int(answers.max()) + 1)
    counts = (answers[..., None] == kinds).sum(axis=0)
    return np.argmax(counts, axis=-1)


def load_splits(
    config: TrainConfig,
) -> tuple["TextDataset", "TextDataset"]:
    """Training and validation data with the labels that training has."""
    training, validation, source = load_parts(config, _labelled)
    training = training.only_seen()
    names = training.label_names
    if len(names) < 2:
        raise UserError(
            "Expected at least two labels among the training examples. "
            f"Received: {config.data} with {', '.join(names)}"
        )
    return training, relabel(validation, names, source)


def _labelled(config, source, split):
    return text_data.load_dataset(source, split, **columns_of(config))


def relabel(
    dataset: "TextDataset", names: tuple[str, ...], source: str
) -> "TextDataset":
    """A data set whose labels are indices into some names, and among them."""
    dataset = dataset.only_seen()
    for name in dataset.label_names:
        if name not in names:
            raise choice_error(f"label in {source}", name, names)
    places = np.array([names.index(n) for n in dataset.label_names], np.int32)
    return text_data.TextDataset(dataset.texts, places[dataset.labels], names)
