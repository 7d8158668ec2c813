__all__ = [
    "Minimum",
    "frequencies_of",
    "rotosolve_minimize",
    "spsa_minimize",
]

from .frequencies import frequencies_of
from .minimum import Minimum
from .rotosolve import rotosolve_minimize
from .spsa import spsa_minimize
