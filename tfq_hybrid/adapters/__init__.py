"""Put layers into existing backbones, and take them out again."""

from tfq_hybrid.adapters.families import FAMILIES
from tfq_hybrid.adapters.lifecycle import (
    activate,
    adapt,
    clone,
    disable,
    unload,
)
from tfq_hybrid.adapters.methods import (
    METHODS,
    BottleneckAdapter,
    FullFineTuning,
    HeadOnly,
    LoRA,
    Method,
    PrefixTuning,
    QuantumAdapter,
    ReplaceDense,
    SoRA,
    WithCircuit,
    method_from_dict,
)
from tfq_hybrid.adapters.pretrained import as_preset
from tfq_hybrid.adapters.surgery import replace_sublayer
from tfq_hybrid.adapters.targets import Target, is_leaf, named_layers, targets
from tfq_hybrid.adapters.variables import (
    fingerprint,
    print_trainable_parameters,
    trainable_parameters,
)
from tfq_hybrid.adapters.weights import load_weights, save_weights

__all__ = [
    "adapt",
    "activate",
    "disable",
    "unload",
    "clone",
    "targets",
    "Target",
    "FAMILIES",
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
    "print_trainable_parameters",
    "trainable_parameters",
    "save_weights",
    "load_weights",
    "fingerprint",
    "as_preset",
    "is_leaf",
    "named_layers",
    "replace_sublayer",
]
