"""`with_method`: a model whose `fit` takes its gradients from a method."""

from collections.abc import Callable
from typing import Any, NoReturn, Protocol

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError

# Gives the loss, as the optimizer wants it scaled, and the predictions.
Forward = Callable[[], tuple[tf.Tensor, Any]]


class Method(Protocol):
    """Where the gradients of a train step come from."""

    def gradients(
        self, model: keras.Model, forward: Forward
    ) -> tuple[tf.Tensor, Any, list[tf.Tensor | None]]:
        """The loss, the predictions, and a gradient for each variable.

        Args:
            model: its `trainable_variables` are derived by, in their order.
            forward: runs it, on the batch of the step.
        """


class GuidedModel(keras.Model):
    """A model around another, with its weights, that a method trains.

    Attributes:
        model: the inner one, which is what is saved.
        method: where the gradients come from.
    """

    def __init__(self, model: keras.Model, method: Method, **kwargs: Any):
        super().__init__(**kwargs)
        self.model = model
        self.method = method
        self.built = model.built

    def build(self, input_shape: Any) -> None:
        if not self.model.built:
            self.model.build(input_shape)
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return self.model(inputs, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of `fit`: gradients by the method, then the optimizer."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)

        def forward():
            predictions = self(x, training=True)
            loss = self.compute_loss(
                x, y, predictions, sample_weight, training=True
            )
            return self.optimizer.scale_loss(loss), predictions

        loss, predictions, gradients = self.method.gradients(self, forward)
        self.optimizer.apply(gradients, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                scale = self.optimizer.scale_loss(tf.ones_like(loss))
                rows = tf.shape(tf.nest.flatten(x)[0])[0]
                metric.update_state(loss / scale, sample_weight=rows)
        return self.compute_metrics(x, y, predictions, sample_weight)

    def get_config(self) -> NoReturn:
        raise UserError(
            "Expected the inner model to be saved: `guided.model`. Received: "
            f"the model around it that trains it, {self.name!r}"
        )


def with_method(model: keras.Model, method: Method) -> GuidedModel:
    """A model that `fit` trains by another method than its gradient.

    It is compiled and fitted as any model is; its optimizer takes what the
    method gives for the gradients. The weights are those of `model`.

    Args:
        model: any.
        method: `SPSA(...)`.

    Example:

    >>> import numpy as np
    >>> from tfq_hybrid.layers import QuantumDense
    >>> from tfq_hybrid.optimizers import SPSA
    >>> model = keras.Sequential(
    ...     [keras.Input((3,)), QuantumDense(1, "qffn")]
    ... )
    >>> guided = with_method(model, SPSA(seed=0))
    >>> guided.compile(keras.optimizers.SGD(0.01), "mse")
    >>> history = guided.fit(np.ones((8, 3)), np.ones(8), verbose=0)
    >>> sorted(history.history)
    ['loss']
    """
    return GuidedModel(model, method)
