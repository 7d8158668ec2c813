"""Trained symbols of a circuit that hold their values while others train.

Their gradients are zero, and whatever an optimizer makes of them, by momentum
or weight decay, a constraint of the variable takes back.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.errors import UserError, check_choice
from tfq_hybrid.layers.stateless import in_stateless_scope


def check_frozen(
    frozen: Sequence[str] | None, names: Sequence[str]
) -> list[str] | None:
    """The names as a list, `None` as it is.

    Raises:
        UserError: one is not a trained symbol, or it is no list of names.
    """
    if frozen is None:
        return None
    if isinstance(frozen, str):
        raise UserError(
            f"Expected frozen to be a list of names. Received: {frozen!r}"
        )
    for name in frozen:
        check_choice("frozen symbol", name, names)
    return list(frozen)


class HeldAngles(keras.constraints.Constraint):
    """A constraint that puts frozen angles back, after the user's own.

    Args:
        held: a variable of shape (2, weights): 1 where an angle is frozen,
            and the angles.
        constraint: of the others. Defaults to `None`.
    """

    def __init__(self, held: Any, constraint: Any = None):
        self.held = held
        self.constraint = constraint

    def __call__(self, value: Any) -> Any:
        if self.constraint is not None:
            value = self.constraint(value)
        is_frozen, angles = keras.ops.unstack(self.held, axis=0)
        return keras.ops.where(is_frozen > 0, angles, value)

    @staticmethod
    def start(layer: Any) -> Any:
        """An initializer of `held`, for a layer whose angles are there."""

        def initialize(shape, dtype=None):
            if in_stateless_scope():  # shapes alone are wanted, no values
                return tf.zeros(shape, dtype)
            with tf.init_scope():
                angles = keras.ops.convert_to_numpy(layer.parameters)
                return _held(layer, layer.frozen, angles)

        return initialize


def freeze(layer: Any, symbols: Sequence[str]) -> None:
    """Holds the symbols of a circuit layer, and lets all others train.

    Raises:
        UserError: as `CircuitLayer.freeze` does.
    """
    symbols = check_frozen(symbols, layer.program.weights) or []
    if layer.held is None:
        raise UserError(
            "Expected a layer that is built and was made with frozen=(), or "
            f"names, to freeze symbols. Received: layer {layer.name!r}"
        )
    angles = keras.ops.convert_to_numpy(layer.parameters)
    layer.held.assign(_held(layer, symbols, angles))


def without_frozen(angles: tf.Tensor, held: Any) -> tf.Tensor:
    """The angles, of which the frozen ones have no gradient."""
    is_frozen = tf.convert_to_tensor(held)[0] > 0
    return tf.where(is_frozen, tf.stop_gradient(angles), angles)


def _held(layer, symbols, angles):
    flags = [name in {*symbols} for name in layer.program.weights]
    return tf.stack([tf.cast(flags, angles.dtype), angles])
