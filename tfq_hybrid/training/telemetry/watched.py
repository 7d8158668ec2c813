"""Which circuits a model holds, and which variables are theirs."""

import dataclasses

import numpy as np

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.circuits.encodings import is_saturated
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.layers.circuit_layer import CircuitLayer

CLASSICAL = "classical"


@dataclasses.dataclass(frozen=True, eq=False)
class WatchedCircuit:
    """A circuit layer of a model.

    Attributes:
        name: str, `"quantum/<path of the layer>"`.
        layer: the `CircuitLayer`.
        dense: the `QuantumDense` that feeds it, or `None`.
    """

    name: str
    layer: CircuitLayer
    dense: QuantumDense | None = None

    @property
    def variables(self):
        """The angles that train, a list of at most one variable."""
        return self.layer.trainable_variables

    @property
    def program(self):
        """The circuit and its observables, as the engine runs them."""
        return self.layer.program

    def saturation(self, angles):
        """The share of angles at the ends of their scaling's range.

        See `tfq_hybrid.circuits.encodings.is_saturated`. Only what a
        `QuantumDense` scaled counts, not products that an encoding derives.

        Args:
            angles: array of shape (rows, features).

        Returns:
            A float from 0 to 1; `None` where no scaling with ends is known.
        """
        circuit = self.dense and self.dense.circuit
        if not circuit or not angles.size or circuit.scaling == "identity":
            return None
        scaled = circuit.features[: circuit.feature_count]
        columns = [
            i for i, x in enumerate(self.program.features) if x in scaled
        ]
        return float(is_saturated(circuit.scaling, angles[:, columns]).mean())


def watched_circuits(model):
    """The circuit layers of a model, by their paths.

    A layer that several blocks share, as in ALBERT, comes once, by the path
    where it is met first.

    Args:
        model: a built `keras.Model`.

    Returns:
        A list of `WatchedCircuit`.
    """
    layers = list(named_layers(model))
    denses = {
        id(layer.pqc): layer
        for _, layer in layers
        if isinstance(layer, QuantumDense)
    }
    return [
        WatchedCircuit(f"quantum/{path}", layer, denses.get(id(layer)))
        for path, layer in layers
        if isinstance(layer, CircuitLayer)
    ]


def gradient_groups(model):
    """The trainable variables: each circuit layer's, and the classical rest.

    Args:
        model: a built `keras.Model`.

    Returns:
        A dict of a name and a list of variables: `"quantum/<layer path>"`
        for the angles of each circuit layer, then `"classical"` where
        anything else trains.

    Example:

    >>> import keras
    >>> dense = QuantumDense(1, "qffn", name="block")
    >>> model = keras.Sequential([keras.Input((3,)), dense])
    >>> {name: len(group) for name, group in gradient_groups(model).items()}
    {'quantum/block/pqc': 1, 'classical': 4}
    """
    groups = {
        circuit.name: circuit.variables
        for circuit in watched_circuits(model)
        if circuit.variables
    }
    quantum = {id(v) for group in groups.values() for v in group}
    rest = [v for v in model.trainable_variables if id(v) not in quantum]
    return {**groups, CLASSICAL: rest} if rest else groups


def flat_values(variables):
    """The values of variables as one array."""
    return np.concatenate([np.ravel(v.numpy()) for v in variables])
