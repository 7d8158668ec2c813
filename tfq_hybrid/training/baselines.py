"""What a model reaches without learning: the majority class, unigrams.

A classifier that always answers the most frequent label, and a language model
that draws every token from the frequencies of the training text, know nothing
of a sentence. A training that is not better has learned nothing.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tfq_hybrid.data import TokenDataset
    from tfq_hybrid.training.config import TrainConfig

# A metric, its counterpart without learning, what that is, and whether more
# is better.
COUNTERPARTS = (
    ("accuracy", "majority_accuracy", "always answering the majority class", 1),
    ("mse", "baseline_mse", "always answering the mean of the training", -1),
    ("loss", "unigram_loss", "the unigram distribution of the training", -1),
    ("loss", "baseline_loss", "the training's frequencies of labels", -1),
)
SHOWN = {"mse": "MSE"}
# Keras counts in single precision; an example of a million is more.
TOLERANCE = 5e-7
FEW_EXAMPLES = 1000


def majority_accuracy(labels: np.ndarray) -> float:
    """The accuracy of always answering the most frequent of some labels.

    It is that of the best constant answer on the very examples that are
    measured, so that no constant answer is above it.

    Args:
        labels: int array of shape (examples,).

    Example:

    >>> majority_accuracy(np.array([1, 0, 1, 1]))
    0.75
    """
    return float(np.bincount(labels).max() / len(labels))


def token_counts(data: "TokenDataset", size: int) -> np.ndarray:
    """How often each token is to be learned, of shape (size,)."""
    learned = data.targets[data.weights > 0]
    return np.bincount(learned, minlength=size)


def unigram_loss(counts: np.ndarray, data: "TokenDataset") -> float:
    """The cross-entropy in nats per token of a unigram distribution.

    Args:
        counts: of the tokens of the training text, of shape (vocabulary,).
            Each counts one more (add-one smoothing), so that none has the
            probability 0.
        data: what it is measured on.

    Example:

    >>> from tfq_hybrid.data import TokenDataset
    >>> ids = np.array([[0, 1]])
    >>> data = TokenDataset(ids, ids >= 0, ids, np.ones((1, 2)))
    >>> round(unigram_loss(np.array([2, 0]), data), 6)  # 3/4 and 1/4
    0.836988
    """
    weights = np.asarray(data.weights, "float64")
    logs = np.log(counts + 1.0) - np.log(counts.sum() + len(counts))
    return float(-np.sum(weights * logs[data.targets]) / weights.sum())


def has_learned(metrics: Mapping[str, Any], prefix: str = "") -> bool | None:
    """Whether a metric is better than its counterpart without learning.

    Args:
        metrics: such as those of a run or of a trial.
        prefix: of the names in it, such as `"validation_"`.

    Returns:
        `None` where the metrics hold no such pair.

    Example:

    >>> has_learned({"accuracy": 0.75, "majority_accuracy": 0.75})
    False
    """
    found = _pair(metrics, prefix)
    if found is None:
        return None
    _, reached, without, _, sign = found
    return sign * (reached - without) > TOLERANCE


def explain(
    metrics: Mapping[str, Any],
    prefix: str = "",
    begin: str = "Nothing was learned",
) -> str | None:
    """Says that nothing was learned; `None` where something was, or may be.

    Args:
        metrics, prefix: as for `has_learned`.
        begin: the beginning of the sentence.

    Example:

    >>> explain({"accuracy": 0.5, "majority_accuracy": 0.75})
    'Nothing was learned: the accuracy, 0.5000, is not above 0.7500, that of \
always answering the majority class.'
    """
    found = _pair(metrics, prefix)
    if found is None or has_learned(metrics, prefix):
        return None
    name, reached, without, what, sign = found
    side = "above" if sign > 0 else "below"
    return (
        f"{begin}: the {prefix.replace('_', ' ')}{SHOWN.get(name, name)}, "
        f"{reached:.4f}, is not {side} {without:.4f}, that of {what}."
    )


def _pair(metrics, prefix):
    for name, other, what, sign in COUNTERPARTS:
        reached = metrics.get(prefix + name)
        without = metrics.get(prefix + other)
        if reached is not None and without is not None:
            return name, reached, without, what, sign
    return None


def verdict(metrics: Mapping[str, Any], config: "TrainConfig") -> Iterator[str]:
    """A line where a run has learned nothing, with what to try.

    Args:
        metrics: the content of `metrics.json`.
        config: that of the run.
    """
    said = explain(metrics, "validation_")
    if said is not None:
        *first, last = _remedies(metrics, config)
        yield f"{said} Try {', '.join(first)}, or {last}."


def _remedies(metrics, config):
    rate = config.learning_rate or config.quantum_learning_rate
    yield "a higher learning rate" + (
        f" (such as {10 * rate:g})" if rate else ""
    )
    pooling = getattr(config.options, "pooling", None)
    if pooling is not None:
        yield f"another pooling (than {pooling})"
    if metrics.get("training_examples", 0) < FEW_EXAMPLES:
        yield "more training examples"
    yield f"more epochs (than {metrics['epochs']})"


# What a search or a screening says to that.
ADVICE = "Try higher learning rates, more training examples, or more epochs."
