"""F1 with an interval, and differences of it, by the paired bootstrap.

The resampling is that of `statistics`: seeds and examples are drawn with
replacement, the same for both models, and what both do is added. F1 is no
mean over examples: it is computed anew from every draw of them.
"""

import numpy as np

from tfq_hybrid.comparison.statistics import Interval, seed_weights

RESAMPLES = 2000
AVERAGES = ("macro", "weighted")


def f1_interval(predicted, labels, average="macro", theirs=None, seed=0):
    """The F1 of some seeds, or a difference of two models, with its interval.

    Args:
        predicted: int array of shape (seeds, examples).
        labels: int array of shape (examples,).
        average: `"macro"`, `"weighted"` by the classes' shares of the
            labels, or an int: of that class alone. Defaults to `"macro"`.
        theirs: as `predicted`, of another model, whose F1 is subtracted.
            Defaults to `None`.
        seed: int, of the resampling. Defaults to 0.

    Returns:
        `Interval` of the mean over seeds.

    Example:

    >>> labels = np.array([0, 0, 1, 1])
    >>> f1_interval(labels[np.newaxis], labels)
    Interval(value=1.0, low=1.0, high=1.0)
    """
    labels = np.asarray(labels)
    generator = np.random.default_rng(seed)
    seeds, examples = np.shape(predicted)
    drawn = generator.multinomial(
        examples, np.full(examples, 1 / examples), RESAMPLES
    )
    by_seed = seed_weights(seeds, RESAMPLES, generator)
    weights = np.concatenate([np.ones((1, examples)), drawn])
    scores = _by_seed(predicted, labels, average, weights)
    if theirs is not None:
        scores = scores - _by_seed(theirs, labels, average, weights)
    value = scores[0].mean()
    resampled = by_seed @ scores[0] + scores[1:].mean(axis=1) - value
    low, high = np.quantile(resampled, [0.025, 0.975])
    found = Interval(float(value), float(low), float(high))
    return found if theirs is not None else found.clipped(0.0, 1.0)


def _by_seed(predicted, labels, average, weights):
    """F1 of each seed under weights of the examples: (draws, seeds)."""
    classes = int(max(labels.max(), np.max(predicted))) + 1
    columns = [
        _f1(np.asarray(row), labels, classes, average, weights)
        for row in predicted
    ]
    return np.stack(columns, axis=1)


def _f1(predicted, labels, classes, average, weights):
    kinds = np.arange(classes)
    answered = predicted[:, None] == kinds  # (examples, classes)
    true = labels[:, None] == kinds
    hits, said, there = (
        weights @ part.astype(np.float64)
        for part in (answered & true, answered, true)
    )
    scores = 2 * hits / np.maximum(said + there, 1e-12)
    if average == "weighted":
        return np.sum(scores * there, axis=1) / np.sum(there, axis=1)
    if average == "macro":
        # A class that neither stands in the draw nor was answered is none.
        present = (said + there) > 0
        return np.sum(scores, axis=1) / np.sum(present, axis=1)
    return scores[:, average]
