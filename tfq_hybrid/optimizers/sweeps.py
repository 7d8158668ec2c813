"""`Rotosolve`: sweeps over a circuit's angles at the ends of epochs."""

from typing import Any

import keras
import numpy as np

from tfq_hybrid.errors import UserError
from tfq_hybrid.optimizers.frequencies import (
    circuit_layer_of,
    frequencies_of,
)
from tfq_hybrid.optimizers.minimum import Counted
from tfq_hybrid.optimizers.rotosolve import sweep_once


class Rotosolve(keras.callbacks.Callback):
    """A callback of `fit`: a sweep of Rotosolve after each epoch.

    The optimizer trains what is trainable, such as the classical weights;
    `layer.trainable = False` leaves the angles to the sweeps alone. A move is
    kept only where it lowers the loss on the rows given, so that it does so
    with any loss; it is the best one where the loss is a polynomial of that
    degree in the expectations.

    Args:
        layer: of the model, with a circuit.
        x, y: rows of inputs and targets that the loss is computed of.
        degree: of the loss in the expectations. Defaults to 2: a mean
            squared error of a linear readout.

    Attributes:
        evaluations: losses that were computed, so far.

    Raises:
        UserError: as `frequencies_of` does.

    Example:

    >>> from tfq_hybrid.layers import QuantumDense
    >>> layer = QuantumDense(1, "qffn")
    >>> model = keras.Sequential([keras.Input((3,)), layer])
    >>> model.compile("adam", "mse")
    >>> x, y = np.ones((4, 3)), np.ones((4, 1))
    >>> sweeps = Rotosolve(layer, x, y)
    >>> history = model.fit(x, y, callbacks=[sweeps], verbose=0)
    >>> sweeps.evaluations > 16
    True
    """

    def __init__(self, layer: Any, x: Any, y: Any, degree: int = 2):
        super().__init__()
        self._circuit = circuit_layer_of(layer)
        self._frequencies = frequencies_of(layer, degree)
        if not any(self._frequencies):
            raise UserError(
                "Expected a layer with a trained symbol that has an effect. "
                f"Received: layer {layer.name!r}"
            )
        self._rows = x, y
        self.evaluations = 0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        counted = Counted(self._loss)
        angles: Any = self._circuit.parameters
        start = keras.ops.convert_to_numpy(angles).astype(float)
        value = counted(start)
        found, _ = sweep_once(counted, start, value, self._free())
        angles.assign(found)
        self.evaluations += counted.calls

    def _free(self):
        """The frequencies; none of symbols that are frozen, which stay."""
        held = self._circuit.held
        if held is None:
            return self._frequencies
        is_frozen = keras.ops.convert_to_numpy(held)[0] > 0
        pairs = zip(self._frequencies, is_frozen, strict=True)
        return [[] if frozen else own for own, frozen in pairs]

    def _loss(self, angles: np.ndarray) -> float:
        parameters: Any = self._circuit.parameters
        parameters.assign(angles)
        x, y = self._rows
        predictions = self.model(x, training=False)
        loss = self.model.compute_loss(x, y, predictions, training=False)
        return float(loss)
