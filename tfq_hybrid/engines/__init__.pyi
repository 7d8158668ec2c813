__all__ = [
    "BatchedEngine",
    "ENGINES",
    "EngineChoice",
    "Execution",
    "GRADIENTS",
    "GradientMethod",
    "Program",
    "as_gradient_method",
    "check_memory",
    "choose_engine",
    "estimate_bytes",
    "human_bytes",
    "make_engine",
]

from .batched.engine import BatchedEngine
from .choice import EngineChoice, Execution, choose_engine, make_engine
from .gradients import GRADIENTS, GradientMethod, as_gradient_method
from .names import ENGINES
from .program import Program
from .register import check_memory, estimate_bytes, human_bytes
