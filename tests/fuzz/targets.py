"""The readers that are fuzzed, by name."""

import importlib

# Quick ones first. Of each the module with its whole files.
TARGETS = {
    "labelled files": "texts",
    "HTTP bodies": "bodies",
    "circuits": "circuits",
    ".h5": "weights",
    ".keras": "models",
    "run folder": "runs",
    "preset": "presets",
}


def find(name):
    """The `Target` of a name, whose module imports what it needs."""
    return importlib.import_module(f"tests.fuzz.corpora.{TARGETS[name]}").TARGET
