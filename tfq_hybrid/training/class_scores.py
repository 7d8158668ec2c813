"""Scores of a classifier: accuracy, those of each class, who is taken for whom.

All by scikit-learn and SciPy.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import scipy.stats
import sklearn.metrics

from tfq_hybrid.training.baselines import majority_accuracy

# A matrix of more classes does not fit beside its names in a terminal.
MOST_CLASSES = 12
MOST_CONFUSIONS = 10
LONGEST_NAME = 24
WIDEST_HEAD = 60


def scores_of_classes(
    labels: np.ndarray, logits: np.ndarray, names: Sequence[str]
) -> dict[str, Any]:
    """The scores of a classifier on labelled examples.

    Args:
        labels: int array of shape (examples,), indices into `names`.
        logits: array of shape (examples, classes).
        names: the names of the classes.

    Returns:
        A dict of plain JSON types:

        `examples`, `accuracy`, `accuracy_interval` (95 %, Wilson score, over
        the sampling of examples only), `majority_accuracy` (of always
        answering the most frequent class of these examples), `macro_f1` (the
        mean over the classes that are there or were answered), `mcc`
        (Matthews correlation, 0 where the answer is always the same) and
        `loss` (mean cross-entropy in nats);

        `classes`: for each its `label`, `precision`, `recall`, `f1` and
        `support` (examples that have it). What would divide by 0 is 0;

        `confusion_matrix`: of shape (classes, classes), how often the class
        of the row was answered with that of the column.

    Example:

    >>> logits = np.eye(2)[[0, 1, 1, 1]]
    >>> scores = scores_of_classes(np.array([0, 0, 1, 1]), logits, "ab")
    >>> scores["confusion_matrix"], scores["classes"][0]["recall"]
    ([[1, 1], [0, 2]], 0.5)
    """
    predicted = np.argmax(logits, axis=-1)
    losses = keras.losses.sparse_categorical_crossentropy(
        labels, logits, from_logits=True
    )
    correct = int(np.sum(predicted == labels))
    interval = scipy.stats.binomtest(correct, len(labels)).proportion_ci(
        method="wilson"
    )
    f1 = sklearn.metrics.f1_score(
        labels, predicted, average="macro", zero_division=0
    )
    every = range(len(names))
    columns = sklearn.metrics.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=0
    )
    classes = [
        {
            "label": name,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(score),
            "support": int(support),
        }
        for name, precision, recall, score, support in zip(
            names, *columns, strict=True
        )
    ]
    matrix = sklearn.metrics.confusion_matrix(labels, predicted, labels=every)
    mcc = 0.0
    if len(np.union1d(labels, predicted)) > 1:  # else scikit-learn warns
        mcc = sklearn.metrics.matthews_corrcoef(labels, predicted)
    return {
        "examples": len(labels),
        "accuracy": correct / len(labels),
        "accuracy_interval": [float(interval.low), float(interval.high)],
        "majority_accuracy": majority_accuracy(labels),
        "macro_f1": float(f1),
        "mcc": float(mcc),
        "loss": float(np.mean(losses)),
        "classes": classes,
        "confusion_matrix": matrix.tolist(),
    }


def tables_of_classes(scores: Mapping[str, Any]) -> Iterator[str]:
    """Lines that show the classes and the confusion matrix to a person.

    Of more than a dozen classes the most frequent confusions replace the
    matrix.

    Args:
        scores: as `scores_of_classes` gives them.
    """
    classes, matrix = scores["classes"], scores["confusion_matrix"]
    names = [_short(row["label"]) for row in classes]
    yield from _aligned(
        ["class", "precision", "recall", "F1", "examples"],
        [
            [
                name,
                *(f"{row[key]:.4f}" for key in ("precision", "recall", "f1")),
                f"{row['support']:,}",
            ]
            for name, row in zip(names, classes, strict=True)
        ],
    )
    yield ""
    if len(names) <= MOST_CLASSES:
        yield "Confusion matrix: a row for each class, a column for each answer"
        head = names
        if sum(len(name) + 2 for name in names) > WIDEST_HEAD:
            head = [str(number) for number in range(1, len(names) + 1)]
            names = [f"{n} {name}" for n, name in zip(head, names, strict=True)]
        rows = [
            [name, *(f"{count:,}" for count in counts)]
            for name, counts in zip(names, matrix, strict=True)
        ]
        yield from _aligned(["", *head], rows)
        return
    confusions = sorted(
        (-count, place, answer)
        for place, counts in enumerate(matrix)
        for answer, count in enumerate(counts)
        if count and place != answer
    )
    if not confusions:
        yield "No class was taken for another"
        return
    yield "The most frequent confusions (--json has the whole matrix)"
    rows = [
        [names[place], names[answer], f"{-count:,}"]
        for count, place, answer in confusions[:MOST_CONFUSIONS]
    ]
    yield from _aligned(["class", "answer", "examples"], rows, texts=2)


def _short(name):
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _aligned(head, rows, texts=1):
    """Lines of columns of equal widths; numbers stand to the right."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.ljust(width) if place < texts else cell.rjust(width)
            for place, (cell, width) in enumerate(
                zip(line, widths, strict=True)
            )
        ]
        yield "  ".join(["", *cells]).rstrip()
