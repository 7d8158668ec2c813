__all__ = [
    "PQC",
    "TOKENS",
    "AddCircuit",
    "AmplitudePQC",
    "BottleneckDense",
    "BottleneckFeedForward",
    "ControlledPQC",
    "Expectation",
    "IdentityBlocks",
    "NoFeedForward",
    "NoisyAmplitudePQC",
    "NoisyControlledPQC",
    "NoisyPQC",
    "QuantumDense",
    "QuantumFeedForward",
    "QuantumKernel",
    "Sample",
    "SampledExpectation",
    "State",
    "Unitary",
]

from .add_circuit import AddCircuit
from .amplitude_pqc import AmplitudePQC
from .bottleneck_dense import BottleneckDense
from .controlled_pqc import ControlledPQC
from .expectation import Expectation, SampledExpectation
from .feed_forward import (
    TOKENS,
    BottleneckFeedForward,
    NoFeedForward,
    QuantumFeedForward,
)
from .initializers import IdentityBlocks
from .kernel import QuantumKernel
from .noisy import (
    NoisyAmplitudePQC,
    NoisyControlledPQC,
    NoisyPQC,
)
from .pqc import PQC
from .quantum_dense import QuantumDense
from .states import Sample, State, Unitary
