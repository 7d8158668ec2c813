"""Measures of a circuit: what it reaches, entangles, and can learn from."""

from tfq_hybrid.diagnostics.diagnose import (
    MEASURES,
    diagnose,
    estimate_seconds,
    measure,
)
from tfq_hybrid.diagnostics.entanglement import (
    entangling_capability,
    mean_entanglement,
    meyer_wallach,
)
from tfq_hybrid.diagnostics.expressibility import (
    divergence,
    expressibility,
    fidelities,
)
from tfq_hybrid.diagnostics.gradient_variance import (
    fit_decay,
    gradient_variance,
)
from tfq_hybrid.diagnostics.random_circuit import RandomCircuit
from tfq_hybrid.diagnostics.settings import (
    DiagnosisSettings,
    Subject,
    grid,
)
from tfq_hybrid.estimate import Estimate

__all__ = [
    "MEASURES",
    "DiagnosisSettings",
    "Estimate",
    "RandomCircuit",
    "Subject",
    "diagnose",
    "divergence",
    "entangling_capability",
    "estimate_seconds",
    "expressibility",
    "fidelities",
    "fit_decay",
    "gradient_variance",
    "grid",
    "measure",
    "mean_entanglement",
    "meyer_wallach",
]
