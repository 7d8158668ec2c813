"""What circuits were called with, told to optimisers as a gradient is taken.

A Keras optimiser sees gradients and variables alone. One that needs a circuit's
inputs listens here: the backward pass of each call of a circuit layer tells it
the layer and its inputs, in the graph in which the gradient is applied.
"""

import dataclasses
import weakref
from typing import TYPE_CHECKING, Any, Protocol

import tensorflow as tf

if TYPE_CHECKING:
    from tfq_hybrid.layers.circuit_layer import CircuitLayer


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a circuit layer.

    Attributes:
        features: float tensor of shape (batch, features).
        states: the states that it started from, or `None`.
        circuits: the data circuits, a string tensor of shape (batch,), or
            `None`.
    """

    features: tf.Tensor
    states: tf.Tensor | None = None
    circuits: tf.Tensor | None = None


class Listener(Protocol):
    """What is told of calls."""

    def hear(self, layer: "CircuitLayer", call: Call) -> None:
        """Takes a call whose gradient is being computed."""


LISTENERS: "weakref.WeakSet[Any]" = weakref.WeakSet()


def telling(weights: tf.Tensor, layer: "CircuitLayer", call: Call) -> tf.Tensor:
    """The weights, whose gradient tells all listeners of a call."""
    if not LISTENERS:
        return weights

    @tf.custom_gradient
    def same(weights):
        def gradient(upstream):
            for listener in list(LISTENERS):
                listener.hear(layer, call)
            return upstream

        return tf.identity(weights), gradient

    return same(weights)
