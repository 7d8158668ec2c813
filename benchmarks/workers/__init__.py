"""The programs that are timed, one file an implementation.

Each file is run by path in an environment of its own (`serve.py NAME`), so it
imports NumPy, its library and nothing else of this package but what it
measures. A file defines `PACKAGES`, whose versions are reported, and
`build(problem, fed, trained)`, which returns two functions without
arguments: the expectations, and the loss with its gradients, as NumPy.
"""
