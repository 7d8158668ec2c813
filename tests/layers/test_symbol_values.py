"""Trained angles are read back by symbol, from every layer."""

import cirq
import numpy as np
import pytest
import sympy

from tfq_hybrid import layers
from tfq_hybrid.errors import UserError


def symbol_layers():
    """Layers that train a symbol `w`, built."""
    x, w = sympy.symbols("x w")
    qubit = cirq.LineQubit(0)
    both = cirq.Circuit(cirq.ry(x)(qubit), cirq.ry(w)(qubit))
    alone, z = cirq.Circuit(cirq.ry(w)(qubit)), cirq.Z(qubit)
    noisy = {"repetitions": 4, "sample_based": False}
    trained = {"trained_symbols": [w]}
    return {
        "PQC": layers.PQC(alone, z),
        "NoisyPQC": layers.NoisyPQC(alone, z, **noisy),
        "ControlledPQC": layers.ControlledPQC(both, z, **trained),
        "NoisyControlledPQC": layers.NoisyControlledPQC(
            both, z, **trained, **noisy
        ),
        "AmplitudePQC": layers.AmplitudePQC(alone, z),
        "NoisyAmplitudePQC": layers.NoisyAmplitudePQC(alone, z, **noisy),
        "QuantumDense": layers.QuantumDense(2, both),
    }


@pytest.mark.parametrize("name", symbol_layers())
def test_angles_are_read_back(name):
    layer = symbol_layers()[name]
    if not layer.built:
        with pytest.raises(UserError, match="that is built"):
            layer.symbol_values()
        layer.build((None, 2))
    inner = getattr(layer, "pqc", layer)
    inner.set_weights([np.array([0.25])])
    assert layer.symbol_values() == {sympy.Symbol("w"): 0.25}


def test_a_layer_that_trains_nothing_has_no_values():
    x, qubit = sympy.Symbol("x"), cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.ry(x)(qubit))
    layer = layers.ControlledPQC(circuit, cirq.Z(qubit))
    assert layer.symbol_values() == {}
