"""The adaptation methods, a module each, in the registry `METHODS`."""

from tfq_hybrid.adapters.method import (
    METHODS,
    Method,
    method_from_dict,
)
from tfq_hybrid.adapters.methods.bitfit import BitFit
from tfq_hybrid.adapters.methods.bottleneck import BottleneckAdapter
from tfq_hybrid.adapters.methods.full_fine_tuning import FullFineTuning
from tfq_hybrid.adapters.methods.head_only import HeadOnly
from tfq_hybrid.adapters.methods.ia3 import IA3
from tfq_hybrid.adapters.methods.lora import LoRA
from tfq_hybrid.adapters.methods.lora_xs import LoRA_XS
from tfq_hybrid.adapters.methods.oft import OFT
from tfq_hybrid.adapters.methods.prefix_tuning import PrefixTuning
from tfq_hybrid.adapters.methods.quanta import QuanTA
from tfq_hybrid.adapters.methods.quantum_adapter import QuantumAdapter
from tfq_hybrid.adapters.methods.quantum_peft import QuantumPEFT
from tfq_hybrid.adapters.methods.replace_dense import ReplaceDense
from tfq_hybrid.adapters.methods.sora import SoRA
from tfq_hybrid.adapters.methods.unitary_adapter import UnitaryAdapter
from tfq_hybrid.adapters.methods.vera import VeRA
from tfq_hybrid.adapters.with_circuit import WithCircuit

__all__ = [
    "METHODS",
    "Method",
    "method_from_dict",
    "BitFit",
    "BottleneckAdapter",
    "FullFineTuning",
    "HeadOnly",
    "IA3",
    "LoRA",
    "LoRA_XS",
    "OFT",
    "PrefixTuning",
    "QuanTA",
    "QuantumAdapter",
    "QuantumPEFT",
    "ReplaceDense",
    "SoRA",
    "UnitaryAdapter",
    "VeRA",
    "WithCircuit",
]
