__all__ = [
    "BottleneckAdapter",
    "FAMILIES",
    "FullFineTuning",
    "HeadOnly",
    "LoRA",
    "METHODS",
    "Method",
    "PrefixTuning",
    "QuantumAdapter",
    "ReplaceDense",
    "SoRA",
    "Target",
    "WithCircuit",
    "activate",
    "adapt",
    "clone",
    "disable",
    "fingerprint",
    "is_leaf",
    "load_weights",
    "method_from_dict",
    "named_layers",
    "print_trainable_parameters",
    "replace_sublayer",
    "save_directory",
    "save_weights",
    "targets",
    "trainable_parameters",
    "unload",
]

from .families import FAMILIES
from .lifecycle import activate, adapt, clone, disable, unload
from .merged import save_directory
from .methods import (
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
from .slots import replace_sublayer
from .target import Target, is_leaf, named_layers, targets
from .variables import (
    fingerprint,
    print_trainable_parameters,
    trainable_parameters,
)
from .weights import load_weights, save_weights
