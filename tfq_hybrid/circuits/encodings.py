"""Encodings: how classical features enter a circuit as rotation angles.

An encoding is a function `(qubits, angles) -> operations`, registered with
the number of features that it takes per qubit. Angles are in radians.
"""

import dataclasses
from collections.abc import Callable

import cirq


@dataclasses.dataclass(frozen=True)
class Encoding:
    """A row of the table of encodings.

    Attributes:
        operations: function `(qubits, angles) -> list of cirq.Operation`,
            with `len(angles) == features_per_qubit * len(qubits)`.
        features_per_qubit: int. Features that each qubit takes.
    """

    operations: Callable
    features_per_qubit: int


def angle(qubits, angles):
    """RY(x) on each qubit, from the zero state: one feature per qubit.

    The state stays real: cos(x/2) |0> + sin(x/2) |1> on each qubit.
    """
    return [cirq.ry(x)(qubit) for qubit, x in zip(qubits, angles, strict=True)]


def hadamard_angle(qubits, angles):
    """H, RY(x), RZ(x') on each qubit: two features per qubit.

    The first `len(qubits)` features turn the RY gates, the second half the
    RZ gates. This is the encoding of HyQuT (arXiv 2511.10653).
    """
    first, second = angles[: len(qubits)], angles[len(qubits) :]
    return [
        *(cirq.H(qubit) for qubit in qubits),
        *(cirq.ry(x)(qubit) for qubit, x in zip(qubits, first, strict=True)),
        *(cirq.rz(x)(qubit) for qubit, x in zip(qubits, second, strict=True)),
    ]


ENCODINGS = {
    "angle": Encoding(angle, features_per_qubit=1),
    "hadamard_angle": Encoding(hadamard_angle, features_per_qubit=2),
}
