"""Export SavedModels that serve without TensorFlow Quantum, and ask them.

The names are imported on first use: to ask or serve an export takes neither
Keras nor the rooms that made it.
"""

import importlib

_HOMES = {
    "Predictor": "predictor",
    "about_run": "card",
    "check_manifest": "folders",
    "export": "exporting",
    "portable_copy": "portable",
    "versions": "folders",
}

__all__ = ["Predictor", "about_run", "check_manifest", "export"]
__all__ += ["portable_copy", "versions"]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    value = getattr(home, name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *_HOMES])
