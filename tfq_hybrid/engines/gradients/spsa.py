"""Simultaneous perturbation (SPSA): two evaluations for all symbols."""

import dataclasses

import tensorflow as tf

from tfq_hybrid.engines.gradients.method import SteppedMethod
from tfq_hybrid.engines.gradients.shifts import fold_in
from tfq_hybrid.errors import check_integer


@dataclasses.dataclass(frozen=True)
class SPSA(SteppedMethod):
    """All symbols move at once, each by a random sign times the step.

    Two evaluations for any number of symbols; a noisy estimate, unbiased up
    to the square of the step (Spall 1992, doi 10.1109/9.119632).

    Args:
        step: in units of the symbol. Defaults to `None`: 0.01 for
            exact values, 0.3 for shots and trajectories.
        draws: random directions to average. Defaults to 1.

    Example:

    >>> method = SPSA(draws=4)
    >>> method.step_of(estimates=False), method.step_of(estimates=True)
    (0.01, 0.3)
    """

    name = "spsa"
    steps = (1e-2, 0.3)
    is_random = True

    draws: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("draws", self.draws, minimum=1)

    def bind(self, engine):
        def gradient(features, weights, given, seed, upstream):
            return self.estimate(
                lambda f, t, s: engine.evaluate(f, t, given, s),
                engine.repetitions is not None,
                features,
                weights,
                upstream,
                seed,
            )

        return gradient

    def estimate(self, evaluate, estimates, features, weights, upstream, seed):
        """The gradient by evaluations, estimates or not, of any engine."""
        step = self.step_of(estimates)
        return spsa_gradient(
            evaluate, step, self.draws, features, weights, upstream, seed
        )


def spsa_gradient(evaluate, step, draws, features, weights, upstream, seed):
    """Simultaneous perturbation: two evaluations a draw; see `shift_gradient`.

    Every example of the batch gets its own random signs for the features;
    the weights share theirs, and are judged by the sum over the batch.
    """

    def one_draw(draw):
        base = fold_in(seed, 3 * draw)
        signs = [
            _signs(tf.shape(x), fold_in(base, place), x.dtype)
            for place, x in enumerate((features, weights))
        ]
        up, down = (
            evaluate(
                features + way * step * signs[0],
                weights + way * step * signs[1],
                fold_in(seed, 3 * draw + 1 + place),
            )
            for place, way in enumerate((1, -1))
        )
        change = tf.reduce_sum((up - down) * upstream, axis=1, keepdims=True)
        change /= 2 * step
        # The inverse of a sign is itself.
        return change * signs[0], tf.reduce_sum(change) * signs[1]

    by_features, by_weights = tf.map_fn(
        one_draw,
        tf.range(draws),
        fn_output_signature=(
            tf.TensorSpec([None, features.shape[1]], features.dtype),
            tf.TensorSpec(weights.shape, weights.dtype),
        ),
    )
    return tf.reduce_mean(by_features, axis=0), tf.reduce_mean(
        by_weights, axis=0
    )


def _signs(shape: tf.Tensor, seed: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    bits = tf.random.stateless_uniform(shape, seed, 0, 2, tf.int32)
    return tf.cast(2 * bits - 1, dtype)
