"""Turn a circuit into numbers: by TensorFlow Quantum, or batched."""

from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.choice import (
    ENGINES,
    EngineChoice,
    Execution,
    choose_engine,
    make_engine,
)
from tfq_hybrid.engines.gradients import (
    GRADIENTS,
    GradientMethod,
    as_gradient_method,
)
from tfq_hybrid.engines.memory import (
    check_memory,
    estimate_bytes,
    human_bytes,
)
from tfq_hybrid.engines.program import Program

__all__ = [
    "ENGINES",
    "BatchedEngine",
    "EngineChoice",
    "Execution",
    "GRADIENTS",
    "GradientMethod",
    "as_gradient_method",
    "Program",
    "check_memory",
    "choose_engine",
    "estimate_bytes",
    "human_bytes",
    "make_engine",
]
