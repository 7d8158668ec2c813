"""Optimisers for circuits: without gradients, and by the circuit's geometry.

minimum           what a minimiser found, and how many evaluations it took
spsa              simultaneous perturbation, of any function
trigonometric     a function of one angle from values, and its lowest point
rotosolve         one angle after another to its lowest point
frequencies       the frequencies of a layer's trained symbols
guided            a model whose `fit` takes its gradients from a method
perturbation      SPSA as such a method
sweeps            Rotosolve as a callback of `fit`
layer_metric      the Fubini-Study metric of a layer
natural_gradient  `QuantumNaturalGradient`, an optimiser of Keras
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
