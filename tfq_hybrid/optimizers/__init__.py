"""Minimisers that need values alone: for shots, devices, and few angles.

minimum      what a minimiser found
spsa         random directions: two values a step, whatever the angles
rotosolve    one angle at a time, from the frequencies of its gates
frequencies  those of the trained symbols of a layer
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
