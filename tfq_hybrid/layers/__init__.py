"""Keras layers around a parameterised circuit, and their classical twins."""

from tfq_hybrid.layers.controlled_pqc import ControlledPQC
from tfq_hybrid.layers.feed_forward import (
    TOKENS,
    BottleneckFeedForward,
    QuantumFeedForward,
)
from tfq_hybrid.layers.noisy_controlled_pqc import NoisyControlledPQC
from tfq_hybrid.layers.noisy_pqc import NoisyPQC
from tfq_hybrid.layers.pqc import PQC
from tfq_hybrid.layers.quantum_dense import QuantumDense

__all__ = [
    "PQC",
    "TOKENS",
    "BottleneckFeedForward",
    "ControlledPQC",
    "NoisyControlledPQC",
    "NoisyPQC",
    "QuantumDense",
    "QuantumFeedForward",
]
