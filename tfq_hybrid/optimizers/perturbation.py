"""`SPSA`: gradients of a train step from two runs of the model."""

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.errors import check_integer
from tfq_hybrid.optimizers.guided import Forward
from tfq_hybrid.optimizers.minimum import check_at_least


@dataclasses.dataclass
class SPSA:
    """All trained weights move at once, by random signs, both ways.

    Of the whole model, classical weights too: two runs a step and no gradient
    of anything. The gradient method of this name is of the circuit alone. The
    rate is the optimizer's; loss and metrics are those of the moved weights.

    Args:
        perturbation: in units of the weights, at the first step. Defaults
            to 0.1.
        gamma: the perturbation of step k is divided by `k**gamma`. Defaults
            to 0.101.
        draws: random directions to average, two runs each. Defaults to 1.
        seed: of the signs. Defaults to `None`.

    Raises:
        UserError: an argument is out of range.

    Example:

    >>> SPSA(draws=2)
    SPSA(perturbation=0.1, gamma=0.101, draws=2, seed=None)
    """

    perturbation: float = 0.1
    gamma: float = 0.101
    draws: int = 1
    seed: int | None = None

    def __post_init__(self) -> None:
        check_at_least("perturbation", self.perturbation, 0.0, above=True)
        check_at_least("gamma", self.gamma, 0.0, above=False)
        check_integer("draws", self.draws, minimum=1)
        self._signs = keras.random.SeedGenerator(self.seed)

    def gradients(
        self, model: keras.Model, forward: Forward
    ) -> tuple[tf.Tensor, Any, list[tf.Tensor | None]]:
        """See `guided.Method`."""
        if not model.built:
            forward()  # the variables come with it
        variables = model.trainable_variables
        step = tf.cast(model.optimizer.iterations, "float32") + 1
        width = self.perturbation / step**self.gamma
        slopes: list = [tf.zeros_like(v.value) for v in variables]
        losses = []
        for _ in range(self.draws):
            signs = [self._sign(v) for v in variables]
            before = [tf.identity(v.value) for v in variables]
            pair = []
            for way in (1, -1):
                for v, old, sign in zip(variables, before, signs, strict=True):
                    v.assign(old + way * tf.cast(width, old.dtype) * sign)
                loss, predictions = forward()
                pair.append(loss)
            for v, old in zip(variables, before, strict=True):
                v.assign(old)
            slope = (pair[0] - pair[1]) / (2 * self.draws)
            slope /= tf.cast(width, slope.dtype)
            losses += pair
            slopes = [
                total + tf.cast(slope, s.dtype) * s
                for total, s in zip(slopes, signs, strict=True)
            ]
        return tf.add_n(losses) / len(losses), predictions, slopes

    def _sign(self, variable):
        draw = keras.random.uniform(variable.shape, -1, 1, seed=self._signs)
        one = tf.ones(variable.shape, variable.dtype)
        return tf.where(draw < 0, -one, one)
