"""Standardised readouts: the statistics of a circuit at initialisation."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from tfq_hybrid.layers.stateless import in_stateless_scope

if TYPE_CHECKING:
    from tfq_hybrid.layers.quantum_dense import QuantumDense

SAMPLES = 256
AMPLITUDES = 2**22  # of all samples together: the memory that they take
# Below, a circuit answers nearly the same to any input: nothing to amplify.
LEAST_DEVIATION = 1e-3


class ReadoutStatistics(keras.initializers.Initializer):
    """The mean of each readout of a `QuantumDense`, and one gain for all.

    An initializer of shape (2, observables): the means, and the gain, which
    is 1 over the root mean square of the readouts' deviations. Both are taken
    over inputs from a standard normal distribution, as a layer normalisation
    hands them on, through the projection, the scaling and the angles that the
    layer starts from; without noise and shots. The inputs are the same in
    every process.

    Args:
        layer: a `QuantumDense`.
        width: of its inputs.
    """

    def __init__(self, layer: "QuantumDense", width: int):
        self.layer = layer
        self.width = width

    def __call__(self, shape: Any, dtype: Any = None) -> tf.Tensor:
        if in_stateless_scope():  # shapes alone are wanted, no values
            return tf.ones(shape, dtype or "float32")
        with tf.init_scope():  # whatever is being traced
            return tf.constant(self._statistics(shape[1]), dtype or "float32")

    def _statistics(self, observables):
        qubits = self.layer.pqc.program.qubits
        samples = min(SAMPLES, max(8, AMPLITUDES // 2**qubits))
        inputs = np.random.default_rng(0).normal(size=(samples, self.width))
        values = self.layer.exact_readouts(inputs.astype("float32"))
        deviation = np.sqrt(np.mean(np.var(values, axis=0)))
        gain = 1 / deviation if deviation > LEAST_DEVIATION else 1.0
        return np.stack([values.mean(axis=0), np.full(observables, gain)])


def standardise(values: tf.Tensor, statistics: tf.Tensor) -> tf.Tensor:
    """Readouts of shape (batch, observables), less their means, times a gain.

    >>> statistics = tf.constant([[0.5, 0.0], [4.0, 4.0]])
    >>> standardise(tf.constant([[0.75, -0.25]]), statistics).numpy().tolist()
    [[1.0, -1.0]]
    """
    means, gains = keras.ops.unstack(
        keras.ops.cast(statistics, values.dtype), axis=0
    )
    return (values - means) * gains
