__all__ = [
    "BitFit",
    "BottleneckAdapter",
    "FAMILIES",
    "FullFineTuning",
    "HeadOnly",
    "IA3",
    "LoRA",
    "LoRA_XS",
    "METHODS",
    "Method",
    "OFT",
    "PrefixTuning",
    "QuanTA",
    "QuantumAdapter",
    "QuantumPEFT",
    "ReplaceDense",
    "SoRA",
    "Target",
    "UnitaryAdapter",
    "VeRA",
    "WithCircuit",
    "activate",
    "adapt",
    "as_lora",
    "clone",
    "combine",
    "disable",
    "fingerprint",
    "is_leaf",
    "load_peft",
    "load_weights",
    "merge",
    "method_from_dict",
    "named_layers",
    "predict",
    "print_trainable_parameters",
    "replace_sublayer",
    "save_directory",
    "save_peft",
    "save_weights",
    "status",
    "targets",
    "trainable_parameters",
    "unload",
    "unmerge",
    "using",
]

from .families import FAMILIES
from .hugging_face import save_directory
from .lifecycle import activate, adapt, clone, disable, unload
from .low_rank import as_lora, combine
from .merging import merge, status, unmerge
from .methods import (
    IA3,
    METHODS,
    OFT,
    BitFit,
    BottleneckAdapter,
    FullFineTuning,
    HeadOnly,
    LoRA,
    LoRA_XS,
    Method,
    PrefixTuning,
    QuanTA,
    QuantumAdapter,
    QuantumPEFT,
    ReplaceDense,
    SoRA,
    UnitaryAdapter,
    VeRA,
    WithCircuit,
    method_from_dict,
)
from .peft import load_peft, save_peft
from .rows import predict, using
from .slots import replace_sublayer
from .target import Target, is_leaf, named_layers, targets
from .variables import (
    fingerprint,
    print_trainable_parameters,
    trainable_parameters,
)
from .weights import load_weights, save_weights
