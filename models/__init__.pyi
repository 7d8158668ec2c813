__all__ = [
    "AdapterMemory",
    "FEED_FORWARDS",
    "HEAD_BASELINES",
    "HYBRID_BERT_HEADS",
    "HyQuTBackbone",
    "HyQuTCausalLM",
    "HyQuTCausalLMPreprocessor",
    "HyQuTTokenizer",
    "HybridBertOptions",
    "HybridTextClassifier",
    "ProbabilityMSE",
    "QAAOptions",
    "QAA_BASELINES",
    "QFFNBert",
    "QFFNBertTextClassifier",
    "QUANTUM_HEADS",
    "QuantumHead",
    "QuantumHeadOptions",
    "QuantumHeadTextClassifier",
    "WeightedCrossEntropy",
    "apply_qaa",
    "balanced_weights",
    "classical_head",
    "contrastive_pairs",
    "hybrid_head",
    "lora_memory",
    "make_head",
    "mlp_width",
    "qaa_base",
    "qaa_baseline",
    "qaa_memory",
    "reduction",
    "tune_contrastively",
]

from .heads import HEAD_BASELINES, classical_head, mlp_width
from .hybrid_bert.losses import (
    ProbabilityMSE,
    WeightedCrossEntropy,
    balanced_weights,
)
from .hybrid_bert.model import (
    HYBRID_BERT_HEADS,
    HybridTextClassifier,
    hybrid_head,
)
from .hybrid_bert.system import HybridBertOptions
from .hyqut.model import HyQuTBackbone, HyQuTCausalLM
from .hyqut.reduction import reduction
from .hyqut.tokenizer import HyQuTCausalLMPreprocessor, HyQuTTokenizer
from .qaa.memory import AdapterMemory, lora_memory, qaa_memory
from .qaa.model import apply_qaa, qaa_base, qaa_baseline
from .qaa.system import QAA_BASELINES, QAAOptions
from .qffn_bert.model import FEED_FORWARDS, QFFNBert, QFFNBertTextClassifier
from .quantum_head.classifier import (
    QUANTUM_HEADS,
    QuantumHeadTextClassifier,
)
from .quantum_head.contrastive import contrastive_pairs, tune_contrastively
from .quantum_head.model import QuantumHead, make_head
from .quantum_head.system import QuantumHeadOptions
