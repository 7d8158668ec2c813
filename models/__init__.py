"""The published systems and their classical twins."""

from tfq_hybrid.models.contrastive import (
    contrastive_pairs,
    tune_contrastively,
)
from tfq_hybrid.models.embedding import embed
from tfq_hybrid.models.heads import HEAD_TWINS, classical_head, mlp_width
from tfq_hybrid.models.hybrid_bert import (
    HYBRID_BERT_HEADS,
    HybridBert,
    HybridBertTextClassifier,
    hybrid_head,
)
from tfq_hybrid.models.hybrid_bert_system import HybridBertOptions
from tfq_hybrid.models.hyqut import HyQuTBackbone, HyQuTCausalLM
from tfq_hybrid.models.hyqut_tokenizer import (
    HyQuTCausalLMPreprocessor,
    HyQuTTokenizer,
)
from tfq_hybrid.models.losses import (
    ProbabilityMSE,
    WeightedCrossEntropy,
    balanced_weights,
)
from tfq_hybrid.models.options import Options
from tfq_hybrid.models.qaa import (
    QAA_TWINS,
    QAAOptions,
    apply_qaa,
    qaa_base,
    qaa_twin,
)
from tfq_hybrid.models.qaa_memory import (
    AdapterMemory,
    lora_memory,
    qaa_memory,
)
from tfq_hybrid.models.qffn_bert import (
    FEED_FORWARDS,
    QFFNBert,
    QFFNBertTextClassifier,
)
from tfq_hybrid.models.quantum_head import QuantumHead, make_head
from tfq_hybrid.models.quantum_head_classifier import (
    QUANTUM_HEADS,
    QuantumHeadTextClassifier,
    SentenceBert,
)
from tfq_hybrid.models.quantum_head_options import QuantumHeadOptions
from tfq_hybrid.models.reduction import reduction
from tfq_hybrid.models.systems import SYSTEMS, Setting, System

__all__ = [
    "AdapterMemory",
    "FEED_FORWARDS",
    "HEAD_TWINS",
    "HYBRID_BERT_HEADS",
    "HyQuTBackbone",
    "HyQuTCausalLM",
    "HyQuTCausalLMPreprocessor",
    "HyQuTTokenizer",
    "HybridBert",
    "HybridBertOptions",
    "HybridBertTextClassifier",
    "Options",
    "ProbabilityMSE",
    "QAAOptions",
    "QAA_TWINS",
    "QFFNBert",
    "QFFNBertTextClassifier",
    "QUANTUM_HEADS",
    "QuantumHead",
    "QuantumHeadOptions",
    "QuantumHeadTextClassifier",
    "SYSTEMS",
    "SentenceBert",
    "Setting",
    "System",
    "WeightedCrossEntropy",
    "apply_qaa",
    "balanced_weights",
    "classical_head",
    "contrastive_pairs",
    "embed",
    "hybrid_head",
    "lora_memory",
    "make_head",
    "mlp_width",
    "qaa_base",
    "qaa_memory",
    "qaa_twin",
    "reduction",
    "tune_contrastively",
]
