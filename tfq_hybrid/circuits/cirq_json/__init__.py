"""Reading and writing Cirq objects as JSON: one door in, one door out.

The format is that of `cirq.to_json`. Cirq's own reader hands texts to SymPy,
which evaluates them as Python, makes objects of any registered type, and
computes whatever powers a file asks for. Here a table (`types`) says which
types a file may name and what each field holds (`kinds`); expressions are
sums, products and powers of bounded size (`expressions`); and what is
written is read back and compared (`writer`).
"""

from tfq_hybrid.circuits.cirq_json.reader import read_cirq
from tfq_hybrid.circuits.cirq_json.writer import write_cirq

__all__ = ["read_cirq", "write_cirq"]
