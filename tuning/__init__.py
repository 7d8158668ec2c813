"""Search with keras-tuner, and screen by designed experiments."""

from tfq_hybrid.tuning.catalogue import searchable
from tfq_hybrid.tuning.designs import (
    DESIGNS,
    Effects,
    estimate_effects,
    make_design,
    read_factors,
)
from tfq_hybrid.tuning.dimensions import (
    Choice,
    Condition,
    Range,
    read_dimension,
)
from tfq_hybrid.tuning.folder import SearchFolder
from tfq_hybrid.tuning.hypermodel import HybridHyperModel
from tfq_hybrid.tuning.objectives import (
    Objective,
    importance,
    pareto_front,
    read_objectives,
)
from tfq_hybrid.tuning.screening import (
    Screening,
    describe_screening,
    screen,
)
from tfq_hybrid.tuning.search import (
    describe,
    join,
    search,
    search_with_workers,
)
from tfq_hybrid.tuning.space import Space, space_of
from tfq_hybrid.tuning.study import Study
from tfq_hybrid.tuning.trial import run_trial
from tfq_hybrid.tuning.trials import FunctionTrials, SystemTrials
from tfq_hybrid.tuning.tuner import TUNERS

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
