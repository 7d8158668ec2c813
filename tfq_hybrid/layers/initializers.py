"""Initializers of the angles of described circuits."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfq_hybrid.circuits.initialization import (
    mirrored_weights,
    small_angle_deviation,
)
from tfq_hybrid.errors import UserError


@keras.saving.register_keras_serializable("tfq_hybrid")
class IdentityBlocks(keras.initializers.Initializer):
    """Uniform angles, and their negatives for the inverse gates.

    A block of gates and their inverses is the identity at the start, whatever
    its depth (Grant et al. 2019, arXiv 1903.05076).

    Args:
        weights: the indices of the angles of gates.
        inverses: those of their inverses, in the same order. Angles at other
            indices are uniform.
        seed: an int or a `keras.random.SeedGenerator`. Defaults to `None`.

    Raises:
        UserError: the two differ in length, or an index stands twice.

    Example:

    >>> angles = IdentityBlocks([0, 1], [3, 2])((4,))
    >>> float(angles[0] + angles[3]), float(angles[1] + angles[2])
    (0.0, 0.0)
    """

    def __init__(
        self, weights: Sequence[int], inverses: Sequence[int], seed: Any = None
    ):
        indices = [*weights, *inverses]
        if len(weights) != len(inverses) or len({*indices}) < len(indices):
            raise UserError(
                "Expected one inverse for each weight, all different. "
                f"Received: weights={weights!r}, inverses={inverses!r}"
            )
        self.weights = [int(index) for index in weights]
        self.inverses = [int(index) for index in inverses]
        self._uniform = keras.initializers.RandomUniform(0, 2 * np.pi, seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        drawn = self._uniform(shape, dtype)
        if not self.weights:
            return drawn
        negatives = -keras.ops.take(drawn, self.weights)
        indices = np.array(self.inverses)[:, None]
        return keras.ops.scatter_update(drawn, indices, negatives)

    def get_config(self) -> dict[str, Any]:
        config = self._uniform.get_config()
        return {
            "weights": self.weights,
            "inverses": self.inverses,
            "seed": config["seed"],
        }


def initializer_of(circuit: Any) -> keras.initializers.Initializer | None:
    """The initializer that a circuit asks for, `None` where it asks for none.

    Args:
        circuit: a `CircuitSpec` or a `CustomCircuit`.

    Example:

    >>> from tfq_hybrid.circuits import CircuitSpec
    >>> spec = CircuitSpec(initialization="small_angles", depth=2)
    >>> initializer_of(spec).stddev
    0.25
    """
    initialization = getattr(circuit, "initialization", "uniform")
    if initialization == "small_angles":
        deviation = small_angle_deviation(circuit)
        return keras.initializers.RandomNormal(stddev=deviation)
    if initialization == "identity_blocks":
        return IdentityBlocks(*mirrored_weights(circuit))
    return None
