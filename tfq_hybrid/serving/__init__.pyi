__all__ = [
    "Answer",
    "Predictor",
    "about_run",
    "answer_of",
    "check_manifest",
    "export",
    "portable_copy",
    "versions",
]

from .answers import Answer, answer_of
from .card import about_run
from .circuits import portable_copy
from .exporting import export
from .folders import check_manifest, versions
from .predictor import Predictor
