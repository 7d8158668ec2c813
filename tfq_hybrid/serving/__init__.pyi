__all__ = [
    "Predictor",
    "about_run",
    "check_manifest",
    "export",
    "portable_copy",
    "versions",
]

from .card import about_run
from .circuits import portable_copy
from .exporting import export
from .folders import check_manifest, versions
from .predictor import Predictor
