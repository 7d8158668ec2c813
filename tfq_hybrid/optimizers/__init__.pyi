__all__ = [
    "SPSA",
    "GuidedModel",
    "LayerwiseTraining",
    "Minimum",
    "QuantumNaturalGradient",
    "Rotosolve",
    "frequencies_of",
    "fubini_study_metric",
    "rotosolve_minimize",
    "spsa_minimize",
    "with_method",
]

from .frequencies import frequencies_of
from .guided import GuidedModel, with_method
from .layer_metric import fubini_study_metric
from .layerwise import LayerwiseTraining
from .minimum import Minimum
from .natural_gradient import QuantumNaturalGradient
from .perturbation import SPSA
from .rotosolve import rotosolve_minimize
from .spsa import spsa_minimize
from .sweeps import Rotosolve
