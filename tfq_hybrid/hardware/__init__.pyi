__all__ = [
    "GATESETS",
    "CircuitCounts",
    "Resources",
    "Work",
    "count_circuit",
    "in_gateset",
    "resources",
    "shots_for_error",
]

from .counts import GATESETS, CircuitCounts, count_circuit, in_gateset
from .resources import Resources, Work, resources
from .shots import shots_for_error
