__all__ = [
    "ANSATZ_GATES",
    "CircuitSpec",
    "CustomCircuit",
    "ENCODINGS",
    "ENTANGLEMENTS",
    "ENTANGLERS",
    "Encoding",
    "PRESETS",
    "Probabilities",
    "ROTATIONS",
    "SCALINGS",
    "TURNING_ENTANGLERS",
    "Variance",
    "as_circuit",
    "draw_circuit",
    "from_qasm",
    "hermitian",
    "parse_observable",
    "preset",
    "scale_angles",
    "to_qasm",
    "weights_by_layer",
    "z_on_each",
]

from .ansatz import (
    ANSATZ_GATES,
    ENTANGLEMENTS,
    ENTANGLERS,
    ROTATIONS,
    TURNING_ENTANGLERS,
)
from .counting import weights_by_layer
from .custom import CustomCircuit
from .drawing import draw_circuit
from .encodings import ENCODINGS, SCALINGS, Encoding, scale_angles
from .observables import parse_observable, z_on_each
from .outputs import Probabilities, Variance
from .pauli_sums import hermitian
from .presets import PRESETS, as_circuit, preset
from .qasm import from_qasm, to_qasm
from .spec import CircuitSpec
