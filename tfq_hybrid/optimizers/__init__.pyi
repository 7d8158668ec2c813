__all__ = [
    "Minimum",
    "QuantumNaturalGradient",
    "frequencies_of",
    "fubini_study_metric",
    "rotosolve_minimize",
    "spsa_minimize",
]

from .frequencies import frequencies_of
from .layer_metric import fubini_study_metric
from .minimum import Minimum
from .natural_gradient import QuantumNaturalGradient
from .rotosolve import rotosolve_minimize
from .spsa import spsa_minimize
