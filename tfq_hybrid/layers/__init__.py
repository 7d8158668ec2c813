"""Keras layers around a parameterised circuit, and their classical twins."""

from tfq_hybrid.layers.controlled_pqc import ControlledPQC
from tfq_hybrid.layers.feed_forward import (
    TOKENS,
    BottleneckFeedForward,
    QuantumFeedForward,
)
from tfq_hybrid.layers.pqc import PQC
from tfq_hybrid.layers.quantum_dense import QuantumDense

__all__ = [
    "PQC",
    "TOKENS",
    "BottleneckFeedForward",
    "ControlledPQC",
    "QuantumDense",
    "QuantumFeedForward",
]
