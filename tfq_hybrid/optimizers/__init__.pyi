__all__ = [
    "SPSA",
    "GuidedModel",
    "Minimum",
    "Rotosolve",
    "frequencies_of",
    "rotosolve_minimize",
    "spsa_minimize",
    "with_method",
]

from .frequencies import frequencies_of
from .guided import GuidedModel, with_method
from .minimum import Minimum
from .perturbation import SPSA
from .rotosolve import rotosolve_minimize
from .spsa import spsa_minimize
from .sweeps import Rotosolve
