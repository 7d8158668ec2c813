"""The two losses that are reported for hybrid BERT."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tfq_hybrid.errors import UserError, is_number

if TYPE_CHECKING:
    import tensorflow as tf
    from numpy.typing import ArrayLike


@keras.saving.register_keras_serializable("tfq_hybrid")
class WeightedCrossEntropy(keras.losses.Loss):
    """Cross-entropy of logits in which each class has its weight.

    `sum_i w[y_i] CE_i / sum_i w[y_i]` over a batch, which is what
    `torch.nn.CrossEntropyLoss(weight=w)` computes, and so the authors' code
    of hybrid BERT.

    Args:
        weights: one for each class. Defaults to `None`: all alike.

    Call arguments:
        y_true: int tensor of shape (batch,) or (batch, 1), the labels.
        y_pred: float tensor of shape (batch, classes), logits.

    Raises:
        UserError: a weight is not a positive number.

    Example:

    >>> loss = WeightedCrossEntropy([1.0, 3.0])
    >>> logits = np.array([[2.0, 0.0], [2.0, 0.0]])
    >>> round(float(loss(np.array([0, 1]), logits)), 4)
    1.6269
    """

    def __init__(
        self,
        weights: Sequence[float] | None = None,
        name: str = "weighted_cross_entropy",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        if weights is not None:
            weights = [float(weight) for weight in weights]
            if not all(is_number(x) and x > 0 for x in weights):
                raise UserError(
                    "Expected weights to be positive numbers. Received: "
                    f"weights={weights}"
                )
        self.weights = weights

    def call(self, y_true: "tf.Tensor", y_pred: "tf.Tensor") -> "tf.Tensor":
        labels = _labels(y_true)
        losses = keras.ops.sparse_categorical_crossentropy(
            labels, y_pred, from_logits=True
        )
        if self.weights is None:
            return losses
        table = keras.ops.convert_to_tensor(self.weights, losses.dtype)
        weights = keras.ops.take(table, labels)
        return losses * weights / keras.ops.mean(weights)

    def total_weight(self, y_true: "tf.Tensor") -> "tf.Tensor":
        """What the mean over a batch divides by, of type float32.

        With it, the means over the parts of a batch make up that over the
        whole.

        Args:
            y_true: as for a call.
        """
        labels = _labels(y_true)
        if self.weights is None:
            return keras.ops.sum(keras.ops.ones_like(labels, "float32"))
        table = keras.ops.convert_to_tensor(self.weights, "float32")
        return keras.ops.sum(keras.ops.take(table, labels))

    def get_config(self) -> dict:
        return {**super().get_config(), "weights": self.weights}


@keras.saving.register_keras_serializable("tfq_hybrid")
class ProbabilityMSE(keras.losses.Loss):
    """The mean squared error of probabilities, the softmax of logits.

    A summary of the paper of hybrid BERT names the MSE; of what is our
    choice.

    Call arguments:
        y_true: int tensor of shape (batch,) or (batch, 1), the labels.
        y_pred: float tensor of shape (batch, classes), logits.

    Example:

    >>> loss = ProbabilityMSE()
    >>> float(loss(np.array([0]), np.zeros((1, 2))))
    0.25
    """

    def __init__(self, name: str = "probability_mse", **kwargs: Any):
        super().__init__(name=name, **kwargs)

    def call(self, y_true: "tf.Tensor", y_pred: "tf.Tensor") -> "tf.Tensor":
        probabilities = keras.ops.softmax(y_pred, axis=-1)
        target = keras.ops.one_hot(
            _labels(y_true), y_pred.shape[-1], dtype=probabilities.dtype
        )
        return keras.ops.mean(keras.ops.square(probabilities - target), axis=-1)


def _labels(y_true):
    """Labels of shape (batch,)."""
    return keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")


def balanced_weights(labels: "ArrayLike", classes: int) -> list[float]:
    """Class weights that let every class count the same.

    `N / (classes * N_c)` for `N_c` of `N` labels: the rule that scikit-learn
    calls `"balanced"`. The published weights are not known: our choice.

    Args:
        labels: integers.
        classes: the number of classes.

    Raises:
        UserError: a class has no label.

    Example:

    >>> balanced_weights([0, 0, 0, 1], classes=2)
    [0.6666666666666666, 2.0]
    """
    counts = np.bincount(np.asarray(labels), minlength=classes)
    if len(counts) > classes or not counts.all():
        raise UserError(
            f"Expected labels of all {classes} classes, from 0 to "
            f"{classes - 1}. Received: {counts.tolist()} of each"
        )
    return (counts.sum() / (classes * counts)).tolist()
