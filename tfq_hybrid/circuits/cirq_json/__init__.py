"""Reading and writing Cirq objects as JSON: one door in, one door out.

The format is that of `cirq.to_json`. Cirq's own reader hands texts to SymPy,
which evaluates them as Python, makes objects of any registered type, and
computes whatever powers a file asks for. Here a table (`types`) says which
types a file may name and what each field holds (`kinds`); expressions are
sums, products and powers of bounded size (`expressions`); and what is
written is read back and compared (`writer`).
"""

import lazy_loader

# The names are in `__init__.pyi`; a module is imported with its first.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
