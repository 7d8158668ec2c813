"""The adaptation methods, a module each, in the registry `METHODS`."""

from tfq_hybrid.adapters.method import (
    METHODS,
    Method,
    WithCircuit,
    method_from_dict,
)
from tfq_hybrid.adapters.methods.bottleneck import BottleneckAdapter
from tfq_hybrid.adapters.methods.full_fine_tuning import FullFineTuning
from tfq_hybrid.adapters.methods.head_only import HeadOnly
from tfq_hybrid.adapters.methods.lora import LoRA
from tfq_hybrid.adapters.methods.prefix_tuning import PrefixTuning
from tfq_hybrid.adapters.methods.quantum_adapter import QuantumAdapter
from tfq_hybrid.adapters.methods.replace_dense import ReplaceDense
from tfq_hybrid.adapters.methods.sora import SoRA

__all__ = [
    "METHODS",
    "Method",
    "method_from_dict",
    "BottleneckAdapter",
    "FullFineTuning",
    "HeadOnly",
    "LoRA",
    "PrefixTuning",
    "QuantumAdapter",
    "ReplaceDense",
    "SoRA",
    "WithCircuit",
]
