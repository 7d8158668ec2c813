__all__ = ["read_cirq", "write_cirq"]

from .reader import read_cirq
from .writer import write_cirq
