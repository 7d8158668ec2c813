"""The published systems and their classical baselines, a folder each."""

from tfq_hybrid.encoders.embedding import embed
from tfq_hybrid.models.heads import HEAD_BASELINES, classical_head, mlp_width
from tfq_hybrid.models.hybrid_bert.losses import (
    ProbabilityMSE,
    WeightedCrossEntropy,
    balanced_weights,
)
from tfq_hybrid.models.hybrid_bert.model import (
    HYBRID_BERT_HEADS,
    HybridBert,
    HybridBertTextClassifier,
    hybrid_head,
)
from tfq_hybrid.models.hybrid_bert.system import HybridBertOptions
from tfq_hybrid.models.hyqut.model import HyQuTBackbone, HyQuTCausalLM
from tfq_hybrid.models.hyqut.reduction import reduction
from tfq_hybrid.models.hyqut.tokenizer import (
    HyQuTCausalLMPreprocessor,
    HyQuTTokenizer,
)
from tfq_hybrid.models.qaa.memory import (
    AdapterMemory,
    lora_memory,
    qaa_memory,
)
from tfq_hybrid.models.qaa.model import (
    QAA_BASELINES,
    QAAOptions,
    apply_qaa,
    qaa_base,
    qaa_baseline,
)
from tfq_hybrid.models.qffn_bert.model import (
    FEED_FORWARDS,
    QFFNBert,
    QFFNBertTextClassifier,
)
from tfq_hybrid.models.quantum_head.classifier import (
    QUANTUM_HEADS,
    QuantumHeadTextClassifier,
    SentenceBert,
)
from tfq_hybrid.models.quantum_head.contrastive import (
    contrastive_pairs,
    tune_contrastively,
)
from tfq_hybrid.models.quantum_head.model import QuantumHead, make_head
from tfq_hybrid.models.quantum_head.options import QuantumHeadOptions

__all__ = [
    "AdapterMemory",
    "FEED_FORWARDS",
    "HEAD_BASELINES",
    "HYBRID_BERT_HEADS",
    "HyQuTBackbone",
    "HyQuTCausalLM",
    "HyQuTCausalLMPreprocessor",
    "HyQuTTokenizer",
    "HybridBert",
    "HybridBertOptions",
    "HybridBertTextClassifier",
    "ProbabilityMSE",
    "QAAOptions",
    "QAA_BASELINES",
    "QFFNBert",
    "QFFNBertTextClassifier",
    "QUANTUM_HEADS",
    "QuantumHead",
    "QuantumHeadOptions",
    "QuantumHeadTextClassifier",
    "SentenceBert",
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
    "qaa_baseline",
    "reduction",
    "tune_contrastively",
]
