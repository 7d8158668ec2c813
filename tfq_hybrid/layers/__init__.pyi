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

from .amplitude_pqc import AmplitudePQC
from .bottleneck_dense import BottleneckDense
from .controlled_pqc import ControlledPQC
from .feed_forward import (
    TOKENS,
    BottleneckFeedForward,
    NoFeedForward,
    QuantumFeedForward,
)
from .noisy import (
    NoisyAmplitudePQC,
    NoisyControlledPQC,
    NoisyPQC,
)
from .pqc import PQC
from .quantum_dense import QuantumDense
