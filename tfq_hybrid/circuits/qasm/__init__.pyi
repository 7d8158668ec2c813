__all__ = ["from_qasm", "to_qasm"]

from .reader import from_qasm
from .writer import to_qasm
