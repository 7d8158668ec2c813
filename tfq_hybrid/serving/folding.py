"""Trained circuits as constants, in what is traced for an export."""

import contextlib

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.layers.circuit_layer import CircuitLayer


def circuit_layers(model):
    """Pairs of a path and a `CircuitLayer`, for all in a model."""
    return [
        (path, layer)
        for path, layer in named_layers(model)
        if isinstance(layer, CircuitLayer)
    ]


@contextlib.contextmanager
def folded(model):
    """Lets graphs that are traced meanwhile hold trained angles as constants.

    The angles of a served model do not change, so the unitaries that only
    they decide do not either: TensorFlow's optimizer of graphs computes them
    once when a signature is first called, and not at every call.

    Args:
        model: a `keras.Model`.
    """
    layers = [layer for _, layer in circuit_layers(model)]
    for layer in layers:
        layer.is_folded = True
    try:
        yield
    finally:
        for layer in layers:
            layer.is_folded = False
