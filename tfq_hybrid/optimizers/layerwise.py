"""`LayerwiseTraining`: a circuit's layers join the training one by one."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from tfq_hybrid.circuits.counting import weights_by_layer
from tfq_hybrid.circuits.spec import CircuitSpec
from tfq_hybrid.errors import UserError, check_integer
from tfq_hybrid.optimizers.frequencies import circuit_layer_of


class LayerwiseTraining(keras.callbacks.Callback):
    """A callback of `fit` that trains a circuit layer by layer.

    After Skolik et al. 2021 (arXiv 2006.14904): the rotations of later layers
    wait at angle 0; every so many epochs the next layer starts to train and
    those before hold their angles; in the end all of them train. Other than
    in the paper the last phase is one, and not a sweep over parts.

    Args:
        layer: of the model, made with `frozen=()`, or with names that are
            frozen throughout.
        epochs: of each layer. Defaults to 1.
        window: how many layers train together, the newest ones. Defaults to
            1.
        groups: the names of the weights of each layer, in order. Defaults to
            `None`: those of the `CircuitSpec` of a `QuantumDense`.

    Raises:
        UserError: the layer was made without `frozen`, its circuit has no
            layers that are known, or a number is below 1.

    Example:

    >>> from tfq_hybrid.layers import QuantumDense
    >>> layer = QuantumDense(1, "qffn", frozen=())
    >>> model = keras.Sequential([keras.Input((3,)), layer])
    >>> model.compile("adam", "mse")
    >>> x, y = np.ones((4, 3)), np.ones((4, 1))
    >>> callback = LayerwiseTraining(layer, epochs=2)
    >>> history = model.fit(
    ...     x, y, epochs=6, callbacks=[callback], verbose=0
    ... )
    >>> callback.phases  # two layers, then both
    3
    """

    def __init__(
        self,
        layer: Any,
        epochs: int = 1,
        window: int = 1,
        groups: Sequence[Sequence[str]] | None = None,
    ):
        super().__init__()
        check_integer("epochs", epochs, minimum=1)
        check_integer("window", window, minimum=1)
        self._circuit = circuit_layer_of(layer)
        if self._circuit.frozen is None:
            raise UserError(
                "Expected a layer made with frozen=(), or names. Received: "
                f"layer {layer.name!r}, all of whose weights train"
            )
        if groups is None:
            spec = getattr(layer, "circuit", None)
            if not isinstance(spec, CircuitSpec):
                raise UserError(
                    "Expected groups of weights for a circuit whose layers "
                    "are not known. Received: groups=None for layer "
                    f"{layer.name!r}"
                )
            groups = weights_by_layer(spec)
        self._groups = [[*group] for group in groups]
        self._check_groups()
        self._epochs, self._window = epochs, window

    def _check_groups(self):
        names = [name for group in self._groups for name in group]
        if sorted(names) != sorted(self._circuit.program.weights):
            raise UserError(
                "Expected groups with each trained symbol once. Received: "
                f"{self._groups}"
            )

    @property
    def phases(self) -> int:
        """How many phases there are: one a layer, and the last."""
        return len(self._groups) + 1

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        phase = min(epoch // self._epochs, self.phases - 1)
        if epoch == 0:
            self._zero(self._groups[1:])
        always = self._circuit.frozen or []
        first = max(0, phase + 1 - self._window)
        trained = self._groups[first : phase + 1]
        if phase == self.phases - 1:
            trained = self._groups
        kept = {name for group in trained for name in group} - {*always}
        names = self._circuit.program.weights
        self._circuit.freeze([name for name in names if name not in kept])

    def on_train_end(self, logs: dict | None = None) -> None:
        self._circuit.freeze(self._circuit.frozen or [])

    def _zero(self, groups):
        waiting = {name for group in groups for name in group}
        waiting -= {*(self._circuit.frozen or [])}
        parameters: Any = self._circuit.parameters
        angles = keras.ops.convert_to_numpy(parameters)
        names = self._circuit.program.weights
        is_waiting = np.array([name in waiting for name in names])
        parameters.assign(np.where(is_waiting, 0, angles))
