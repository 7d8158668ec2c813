"""Describe a parameterised circuit. Cirq and sympy only, no TensorFlow."""

from tfq_hybrid.circuits.ansatz import (
    ANSATZ_GATES,
    ENTANGLEMENTS,
    ENTANGLERS,
    ROTATIONS,
    TURNING_ENTANGLERS,
)
from tfq_hybrid.circuits.custom import CustomCircuit
from tfq_hybrid.circuits.drawing import draw_circuit
from tfq_hybrid.circuits.encodings import (
    ENCODINGS,
    SCALINGS,
    Encoding,
    scale_angles,
)
from tfq_hybrid.circuits.observables import parse_observable, z_on_each
from tfq_hybrid.circuits.presets import PRESETS, as_circuit, preset
from tfq_hybrid.circuits.spec import CircuitSpec

__all__ = [
    "ANSATZ_GATES",
    "ENCODINGS",
    "ENTANGLEMENTS",
    "ENTANGLERS",
    "PRESETS",
    "ROTATIONS",
    "SCALINGS",
    "TURNING_ENTANGLERS",
    "CircuitSpec",
    "CustomCircuit",
    "Encoding",
    "as_circuit",
    "draw_circuit",
    "parse_observable",
    "preset",
    "scale_angles",
    "z_on_each",
]
