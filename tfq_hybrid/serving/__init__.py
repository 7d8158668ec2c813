"""Export SavedModels that serve without TensorFlow Quantum, and ask them."""

from tfq_hybrid.serving.export import export, versions
from tfq_hybrid.serving.portable import portable_copy
from tfq_hybrid.serving.predictor import Predictor

__all__ = ["Predictor", "export", "portable_copy", "versions"]
