"""Search qubits, depth and re-uploading with keras-tuner."""

from tfq_hybrid.tuning.hypermodel import QFFNBertHyperModel

__all__ = ["QFFNBertHyperModel"]
