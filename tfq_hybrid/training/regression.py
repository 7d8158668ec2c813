"""Regression: a number for each text, in the data's own unit."""

import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import scipy.stats
import sklearn.metrics

from tfq_hybrid import data as text_data
from tfq_hybrid.errors import UserError
from tfq_hybrid.training.metrics import Metric, is_constant, pearson, spearman
from tfq_hybrid.training.run_folder import RunFolder, load_trained
from tfq_hybrid.training.task import Task, columns_of, load_parts, predicted

if TYPE_CHECKING:
    from tfq_hybrid.data import ScoredTexts
    from tfq_hybrid.training.config import TrainConfig

CORRELATIONS = ("pearson", "spearman")


class Regression(Task):
    """Texts with a number each in, mean squared error and correlations out.

    A model learns the numbers standardised by the mean and the standard
    deviation of the training data, which the run keeps: all its answers are
    in the data's own unit.
    """

    monitor, mode = "val_loss", "min"
    scores = ("mse", *CORRELATIONS)
    metrics = (
        Metric(
            "spearman",
            "Spearman correlation",
            lambda a: spearman(a["predicted"], a["labels"]),
            limits=(-1, 1),
        ),
        Metric(
            "pearson",
            "Pearson correlation",
            lambda a: pearson(a["predicted"], a["labels"]),
            limits=(-1, 1),
        ),
        Metric(
            "mse",
            "mean squared error",
            lambda a: (a["predicted"] - a["labels"]) ** 2,
            sign=-1,
        ),
    )
    floor = "mean"

    def load(self, config):
        training, validation, _ = load_parts(config, _scored)
        self.check(training, config.data)
        mean, scale = training.labels.mean(), training.labels.std()
        return tuple(
            part.standardised(float(mean), float(scale))
            for part in (training, validation)
        )

    def facts(self, config, training):
        """The mean and the scale of the numbers that were trained on."""
        return {"mean": training.mean, "scale": training.scale}

    def outputs(self, facts):
        return 1

    def objective(self):
        """The mean squared error of standardised numbers."""
        # keras-hub would add an accuracy of its own.
        return {"loss": keras.losses.MeanSquaredError(), "metrics": []}

    def results(self, model, validation, batch_size):
        found = regression_scores(
            validation.labels, answers(model, validation), validation.mean
        )
        return {f"validation_{name}": value for name, value in found.items()}

    def evaluate(
        self,
        run: str | os.PathLike[str],
        config: "TrainConfig",
        verbose: int | str = 0,
    ) -> dict[str, Any]:
        dataset, found = self._answered(run, config, verbose)
        return regression_scores(dataset.labels, found, dataset.mean)

    def _answered(self, run, config, verbose=0, states=None):
        dataset = _scored(config, config.data, config.split)
        dataset = dataset.standardised(*RunFolder(run).unit())
        model, _ = load_trained(run)
        return dataset, answers(model, dataset, verbose, states)

    def read(self, config, source, split):
        return _scored(config, source, split)

    def check(self, training, source):
        if is_constant(training.labels):
            raise UserError(
                "Expected at least two different numbers among the training "
                f"examples. Received: {source} with {training.labels.mean():g}"
            )

    def answers(self, run, config, states=None):
        dataset, found = self._answered(run, config, states=states)
        return self.as_answers(found, dataset.labels)

    def without_learning(self, config, training, test):
        """The mean of the training data."""
        mean = np.full(len(test), training.labels.mean())
        return self.as_answers(mean, test.labels)

    def is_undefined(self, answers):
        """Constant answers have no correlation, which counts as 0."""
        return is_constant(answers["predicted"])

    def in_words(self, answers, names):
        means = np.mean([one["predicted"] for one in answers], axis=0)
        return (
            [f"{label:g}" for label in answers[0]["labels"]],
            [f"{mean:.3g}" for mean in means],
        )


def _scored(config, source, split):
    return text_data.load_scored(source, split, **columns_of(config))


def answers(
    model: keras.Model,
    dataset: "ScoredTexts",
    verbose: int | str = 0,
    states: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """A model's numbers for some texts, in the data's own unit.

    `states` is as for `train`.

    Returns:
        A float64 array of shape (examples,).
    """
    found = predicted(model, dataset, verbose, states)
    return as_column(found) * dataset.scale + dataset.mean


def as_column(numbers: Any) -> np.ndarray:
    """Numbers of shape (n,) or (n, 1) as a float64 array of shape (n,).

    Raises:
        UserError: they are of another shape.

    >>> as_column([[1.5]]), as_column([1, 2])
    (array([1.5]), array([1., 2.]))
    """
    array = np.asarray(numbers, np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    if array.ndim != 1:
        raise UserError(
            "Expected a number for each text, of shape (n,) or (n, 1). "
            f"Received: shape {array.shape}"
        )
    return array


def regression_scores(
    labels: Any, predicted: Any, mean: float | None = None
) -> dict[str, Any]:
    """How well numbers were predicted, in their own unit.

    Args:
        labels: the numbers of the data, of shape (n,) or (n, 1).
        predicted: those of a model, likewise.
        mean: the baseline: what a model would answer that learned nothing,
            the mean of the training data. Defaults to `None`: that of the
            labels.

    Returns:
        `examples`; `mse`, the mean squared error; `baseline_mse`, that of the
        mean; `pearson` and `spearman`, the correlations, `None` where there
        is none, of constant numbers; and `undefined`, the names of those.

    Raises:
        UserError: their shapes do not go together.

    Example:

    >>> found = regression_scores([0, 1, 2, 3], [[0], [1], [2], [3]])
    >>> found["mse"], found["baseline_mse"], round(found["spearman"], 6)
    (0.0, 1.25, 1.0)
    >>> regression_scores([0, 1, 2], [1, 1, 1])["undefined"]
    ['pearson', 'spearman']
    """
    labels, predicted = as_column(labels), as_column(predicted)
    if len(labels) != len(predicted) or not len(labels):
        raise UserError(
            f"Expected as many predicted numbers as labels, {len(labels)}, "
            f"and at least one. Received: {len(predicted)}"
        )
    if not np.all(np.isfinite(predicted)):
        raise UserError("Expected finite predictions. Received: NaN or inf")
    base = np.full_like(labels, labels.mean() if mean is None else mean)
    found: dict[str, Any] = {
        "examples": len(labels),
        "mse": float(sklearn.metrics.mean_squared_error(labels, predicted)),
        "baseline_mse": float(sklearn.metrics.mean_squared_error(labels, base)),
    }
    is_defined = not (is_constant(labels) or is_constant(predicted))
    for name in CORRELATIONS:
        found[name] = None
        if is_defined:
            correlation = getattr(scipy.stats, f"{name}r")
            found[name] = float(correlation(labels, predicted).statistic)
    found["undefined"] = [n for n in CORRELATIONS if found[n] is None]
    return found
