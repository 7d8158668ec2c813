"""`BottleneckDense`: the classical baseline of `QuantumDense`."""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfq_hybrid.errors import check_integer
from tfq_hybrid.layers.arguments import Shape


@keras.saving.register_keras_serializable("tfq_hybrid")
class BottleneckDense(keras.layers.Layer):
    """A narrow classical network in place of a Dense layer.

    On the last axis: Dense to `features`, Dense to `observables`, Dense to
    `units`. What is a circuit in a `QuantumDense`, from features to
    observables, is a small Dense layer here, so that both have nearly the
    same number of parameters.

    Args:
        units: the size of the output.
        features: the width of the first projection.
        observables: the width after the middle layer.
        activation: of the two inner layers. Defaults to `"gelu"`.
        kernel_initializer: of all three layers. Defaults to
            `"glorot_uniform"`.

    Raises:
        UserError: a size is below 1.

    Example:

    >>> import numpy as np
    >>> layer = BottleneckDense(units=3, features=4, observables=2)
    >>> layer(np.ones((2, 5, 8))).shape
    TensorShape([2, 5, 3])
    >>> layer.count_params() == (8 * 4 + 4) + (4 * 2 + 2) + (2 * 3 + 3)
    True
    """

    def __init__(
        self,
        units: int,
        features: int,
        observables: int,
        activation: Any = "gelu",
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        check_integer("units", units, minimum=1)
        check_integer("features", features, minimum=1)
        check_integer("observables", observables, minimum=1)
        self.units = units
        self.features = features
        self.observables = observables
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True
        self.down, self.middle, self.up = dense_layers(self, units)

    def build(self, input_shape: Shape) -> None:
        build_dense_layers(self, input_shape)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.up(self.middle(self.down(inputs)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "features": self.features,
            "observables": self.observables,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
        }


def dense_layers(layer: Any, units: int) -> Iterator[keras.layers.Dense]:
    """The three layers of a bottleneck, by the arguments of its layer."""
    for name, size, activation in (
        ("down", layer.features, layer.activation),
        ("middle", layer.observables, layer.activation),
        ("up", units, None),
    ):
        yield keras.layers.Dense(
            size,
            activation=activation,
            kernel_initializer=layer.kernel_initializer.clone(),
            dtype=layer.dtype_policy,
            name=name,
        )


def build_dense_layers(layer: Any, input_shape: Shape) -> None:
    """Builds `down`, `middle` and `up` of a layer."""
    layer.down.build(input_shape)
    layer.middle.build((*input_shape[:-1], layer.features))
    layer.up.build((*input_shape[:-1], layer.observables))
