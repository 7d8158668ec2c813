__all__ = [
    "DESIGNS",
    "TUNERS",
    "Choice",
    "Condition",
    "Effects",
    "FunctionTrials",
    "HybridHyperModel",
    "Objective",
    "Range",
    "Screening",
    "SearchFolder",
    "Space",
    "Study",
    "SystemTrials",
    "describe",
    "describe_screening",
    "estimate_effects",
    "importance",
    "join",
    "make_design",
    "pareto_front",
    "read_dimension",
    "read_factors",
    "read_objectives",
    "run_trial",
    "screen",
    "search",
    "search_with_workers",
    "searchable",
    "space_of",
]

from .catalogue import searchable
from .designs import (
    DESIGNS,
    Effects,
    estimate_effects,
    make_design,
    read_factors,
)
from .dimensions import Choice, Condition, Range, read_dimension
from .objectives import Objective, importance, pareto_front, read_objectives
from .results import SearchFolder
from .screening import Screening, describe_screening, screen
from .space import Space, space_of
from .study import Study, describe, join, search, search_with_workers
from .trial import run_trial
from .trials import FunctionTrials, HybridHyperModel, SystemTrials
from .tuner import TUNERS
