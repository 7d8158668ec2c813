"""Searches, screenings and diagnoses as pages, tables and plots.

A report is made of one JSON file, whoever wrote it:

    search.json     kind "search", objectives [{name, direction}], space
                    [{name, …}], trials [{id, status, values, metrics, curve,
                    predicted, seconds, parameters}], pareto [id], best,
                    importance {name: share}, remarks [text]
    screening.json  kind "screening", design, response, factors {name: [low,
                    high]}, runs [{levels, values, response, seed}], effects
                    [{factor, effect, low, high}], remarks [text]
    diagnosis.json  kind "diagnosis", settings, circuits [{qubits, depth,
                    ansatz, and the measures as {value, low, high}}], decay
                    [{ansatz, depth, rate, low, high, intercept, qubits}]
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
