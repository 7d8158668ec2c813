"""Search with keras-tuner, and screen by designed experiments."""

from tfq_hybrid.tuning.catalogue import searchable
from tfq_hybrid.tuning.designs import DESIGNS, make_design
from tfq_hybrid.tuning.dimension_from_words import read_dimension
from tfq_hybrid.tuning.dimensions import Choice, Condition, Range
from tfq_hybrid.tuning.effects import Effects, estimate_effects
from tfq_hybrid.tuning.factors import read_factors
from tfq_hybrid.tuning.folder import SearchFolder
from tfq_hybrid.tuning.functions import FunctionTrials
from tfq_hybrid.tuning.hypermodel import HybridHyperModel
from tfq_hybrid.tuning.importance import importance
from tfq_hybrid.tuning.objectives import Objective, read_objectives
from tfq_hybrid.tuning.pareto import pareto_front
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
from tfq_hybrid.tuning.space import Space
from tfq_hybrid.tuning.space_from_words import space_of
from tfq_hybrid.tuning.study import Study
from tfq_hybrid.tuning.systems import SystemTrials
from tfq_hybrid.tuning.trial import run_trial
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
