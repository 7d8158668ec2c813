"""The programs that are timed, a file for each library beneath them.

A file is run by path in an environment of its own (`serve.py FILE:FUNCTION`),
so it imports NumPy, its library and nothing else of this package but what it
measures. `FUNCTION(problem, fed, trained)` returns two functions without
arguments: the expectations, and the loss with its gradients, as NumPy; the
versions of its `PACKAGES` are reported.

`on_transformers.py` is no such program: it answers `benchmarks.references`.
"""
