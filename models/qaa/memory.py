"""What an adapter takes in memory while it trains, from sizes alone."""

import dataclasses

from tfq_hybrid.engines.register import estimate_bytes, human_bytes
from tfq_hybrid.models.qaa.system import QAAOptions

FLOAT = 4  # bytes of a float32, in which adapters and circuits are kept
MOMENTS = 2  # that Adam keeps for each parameter


@dataclasses.dataclass(frozen=True)
class AdapterMemory:
    """Bytes that the adapters of a model take beside the frozen base.

    Attributes:
        weights: 4 bytes for each parameter.
        gradients: as many.
        optimizer: twice as many, the two moments of Adam.
        activations: what is kept of a forward pass for the gradient.
    """

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All four."""
        return sum(dataclasses.astuple(self))

    def __str__(self) -> str:
        parts = dataclasses.asdict(self) | {"total": self.total}
        return ", ".join(f"{k} {human_bytes(v)}" for k, v in parts.items())


def qaa_memory(
    width: int, layers: int, tokens: int, options: QAAOptions | None = None
) -> AdapterMemory:
    """Memory of QAA on a model, an upper bound.

    `places * layers * (depth * n + n * width)` parameters, and for each place
    what `estimate_bytes` says of a circuit on n qubits, 2**n >= width, for
    every token of a step: some ten states of 2 * 2**n floats at depth 1. The
    `"adjoint"` gradient would keep one state a place instead, for more time.

    Args:
        width: of the hidden states.
        layers: blocks of the model.
        tokens: of a step.
        options: `QAAOptions`. Defaults to `None`: the defaults.

    Example:

    A model of 7 billion parameters: 32 layers, 4,096 wide.

    >>> memory = qaa_memory(width=4096, layers=32, tokens=512)
    >>> memory.weights == 4 * 32 * (12 + 12 * 4096)
    True
    >>> print(memory)
    weights 6 MiB, gradients 6 MiB, optimizer 12 MiB, activations 5 GiB, \
total 5 GiB
    """
    options = options or QAAOptions()
    parameters = options.parameters(width, layers)
    qubits = (width - 1).bit_length()
    places = len(options.method.targets) * layers
    circuits = estimate_bytes(qubits, qubits, options.depth, tokens, places)
    return _memory(parameters, circuits)


def lora_memory(
    width: int, layers: int, tokens: int, rank: int = 8, matrices: int = 2
) -> AdapterMemory:
    """Memory of LoRA on square matrices of a model.

    `matrices * layers * 2 * width * rank` parameters. For the gradient each
    matrix keeps its `rank` features of every token, and each layer the input
    of its matrices, which they share as query and value do.

    Args:
        width, layers, tokens: see `qaa_memory`.
        rank: features between two matrices. Defaults to 8.
        matrices: adapted in each layer. Defaults to 2.

    Example:

    >>> print(lora_memory(width=4096, layers=32, tokens=512))
    weights 16 MiB, gradients 16 MiB, optimizer 32 MiB, activations 257 MiB, \
total 321 MiB
    """
    parameters = matrices * layers * 2 * width * rank
    kept = layers * tokens * (width + matrices * rank) * FLOAT
    return _memory(parameters, kept)


def _memory(parameters: int, activations: int) -> AdapterMemory:
    weights = FLOAT * parameters
    return AdapterMemory(weights, weights, MOMENTS * weights, activations)
