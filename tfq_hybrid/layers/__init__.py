"""Keras layers around a parameterised circuit, and their baselines."""

from tfq_hybrid.layers.amplitude_pqc import AmplitudePQC
from tfq_hybrid.layers.bottleneck_dense import BottleneckDense
from tfq_hybrid.layers.controlled_pqc import ControlledPQC
from tfq_hybrid.layers.feed_forward import (
    TOKENS,
    BottleneckFeedForward,
    NoFeedForward,
    QuantumFeedForward,
)
from tfq_hybrid.layers.noisy import (
    NoisyAmplitudePQC,
    NoisyControlledPQC,
    NoisyPQC,
)
from tfq_hybrid.layers.pqc import PQC
from tfq_hybrid.layers.quantum_dense import QuantumDense

__all__ = [
    "PQC",
    "TOKENS",
    "AmplitudePQC",
    "BottleneckDense",
    "BottleneckFeedForward",
    "ControlledPQC",
    "NoFeedForward",
    "NoisyAmplitudePQC",
    "NoisyControlledPQC",
    "NoisyPQC",
    "QuantumDense",
    "QuantumFeedForward",
]
