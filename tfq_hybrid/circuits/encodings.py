"""Encodings: how classical features, scaled to angles, enter a circuit.

An encoding is a function `(qubits, angles) -> operations`, registered with
the number of features that it takes and, where the angles are more than the
features, with the function that derives them. Angles are in radians.

A scaling turns an unbounded feature into an angle. It is written once, for any
array namespace that has `tanh` and `arctan` (NumPy, `keras.ops`): circuits
import no TensorFlow, while the layers need the same formula on tensors.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import lazy_loader
import numpy as np

from tfq_hybrid.errors import check_choice

if TYPE_CHECKING:
    import cirq
else:
    cirq = lazy_loader.load("cirq")

SCALINGS = {
    "identity": lambda x, xp: x,
    "pi_tanh": lambda x, xp: math.pi * xp.tanh(x),
    "half_pi_tanh": lambda x, xp: math.pi / 2 * xp.tanh(x),
    "arctan": lambda x, xp: xp.arctan(x),
}
# The angle beyond which the scaling passes less than a tenth of the gradient
# that it passes at zero: tanh' = 1 - tanh**2, arctan' = 1 / (1 + x**2).
SATURATED_FROM = {
    "identity": math.inf,
    "pi_tanh": math.pi * math.sqrt(0.9),
    "half_pi_tanh": math.pi / 2 * math.sqrt(0.9),
    "arctan": math.atan(3.0),
}


def is_saturated(scaling: str, angles: np.ndarray) -> np.ndarray:
    """Whether an angle lies at an end of its scaling's range.

    There the scaling is nearly flat: its slope is below a tenth of the slope
    at zero, so that what comes before it hardly learns from this angle. That
    is beyond 0.949 of the range for the two with tanh and beyond 0.795 of it
    for arctan. `"identity"` has no ends.

    >>> is_saturated("pi_tanh", np.array([0.0, 2.9, -3.1])).tolist()
    [False, False, True]
    """
    check_choice("scaling", scaling, SCALINGS)
    return np.abs(angles) > SATURATED_FROM[scaling]


def scale_angles(scaling: str, features: Any, xp: ModuleType = np) -> Any:
    """Maps features to rotation angles.

    Args:
        scaling: `"identity"` (x), `"pi_tanh"` (pi * tanh x, the open
            interval from -pi to pi), `"half_pi_tanh"` (pi/2 * tanh x) or
            `"arctan"` (arctan x, the open interval from -pi/2 to pi/2).
        features: an array of any shape.
        xp: its array namespace, NumPy or `keras.ops`.

    Returns:
        Angles in radians, of the same shape.

    Raises:
        UserError: the scaling is not known.

    Example:

    >>> float(scale_angles("half_pi_tanh", np.array(1e9)).round(4))
    1.5708
    """
    check_choice("scaling", scaling, SCALINGS)
    return SCALINGS[scaling](features, xp)


@dataclasses.dataclass(frozen=True)
class Encoding:
    """A row of the table of encodings.

    Attributes:
        operations: from qubits and angles, as many as `derive` gives, to the
            gates that encode them.
        feature_count: the number of features that so many qubits take.
        gate_count: the number of gates on so many qubits.
        derive: from features, on the last axis, and their array namespace to
            angles. Defaults to `None`: the features are the angles.
        starts_from_amplitudes: whether the features are the state that
            the circuit starts from, and no gate encodes them. Defaults to
            `False`.
    """

    operations: "Callable[[Sequence, Sequence], list[cirq.Operation]]"
    feature_count: Callable[[int], int]
    gate_count: Callable[[int], int]
    derive: Callable[[Any, ModuleType], Any] | None = None
    starts_from_amplitudes: bool = False

    def angle_count(self, qubits: int) -> int:
        """The number of angles that the circuit encodes on so many qubits."""
        if self.starts_from_amplitudes:
            return 0
        features = np.zeros(self.feature_count(qubits))
        return len(self.derive(features, np) if self.derive else features)


def angle(qubits, angles):
    """RY(x) on each qubit, from the zero state: one feature per qubit.

    The state stays real: cos(x/2) |0> + sin(x/2) |1> on each qubit.
    """
    return [cirq.ry(x)(qubit) for qubit, x in zip(qubits, angles, strict=True)]


def hadamard_ry(qubits, angles):
    """H, then RY(x), on each qubit: one feature per qubit.

    `angle` turned by a quarter: x = 0 gives (|0> + |1>) / sqrt(2). This is
    the encoding of hybrid BERT (arXiv 2511.17677).
    """
    return [*cirq.H.on_each(*qubits), *angle(qubits, angles)]


def hadamard_angle(qubits, angles):
    """H, RY(x), RZ(x') on each qubit: two features per qubit.

    The first `len(qubits)` features turn the RY gates, the second half the
    RZ gates. This is the encoding of HyQuT (arXiv 2511.10653).
    """
    first, second = angles[: len(qubits)], angles[len(qubits) :]
    return [
        *hadamard_ry(qubits, first),
        *(cirq.rz(x)(qubit) for qubit, x in zip(qubits, second, strict=True)),
    ]


def iqp(qubits, angles):
    """H and RZ(x_i) on each qubit, ZZ by x_i x_j on each pair.

    The gate on a pair is exp(-i x_i x_j Z Z / 2), so that the state is

        2**(-n/2) sum_z exp(-i/2 (sum_i x_i z_i + sum_i<j x_i x_j z_i z_j)) |z>

    with z_i = 1, -1 for the bits 0, 1. It is the instantaneous quantum
    polynomial circuit of Havlicek et al. 2019 (arXiv 1804.11326), applied
    once and with plain products; the paper applies its circuit twice, with
    (pi - x_i)(pi - x_j). One feature per qubit; the products are angles of
    their own (`with_products`), as a gate takes one symbol only.
    """
    singles, products = angles[: len(qubits)], angles[len(qubits) :]
    pairs = itertools.combinations(qubits, 2)
    return [
        *cirq.H.on_each(*qubits),
        *(cirq.rz(x)(qubit) for qubit, x in zip(qubits, singles, strict=True)),
        *(_rzz(x)(*pair) for pair, x in zip(pairs, products, strict=True)),
    ]


def _rzz(angle):
    """exp(-i angle Z Z / 2), with `cirq.rz`'s way from radians to turns."""
    half_turns = cirq.rz(angle).exponent
    return cirq.ZZPowGate(exponent=half_turns, global_shift=-0.5)


def with_products(features, xp):
    """Appends the products of all pairs, (0, 1), (0, 2), … (n-2, n-1).

    Example:

    >>> with_products(np.array([2.0, 3.0, 5.0]), np).tolist()
    [2.0, 3.0, 5.0, 6.0, 10.0, 15.0]
    """
    first, second = np.triu_indices(features.shape[-1], 1)
    products = xp.take(features, first, axis=-1) * xp.take(
        features, second, axis=-1
    )
    return xp.concatenate([features, products], axis=-1)


def amplitude(qubits, angles):
    """No gates: the features are the amplitudes of the initial state.

    A vector of up to 2**n features, normalised, is the state of n qubits;
    the first qubit is the leading bit.
    """
    return []


ENCODINGS = {
    "angle": Encoding(
        angle,
        feature_count=lambda qubits: qubits,
        gate_count=lambda qubits: qubits,
    ),
    "hadamard_ry": Encoding(
        hadamard_ry,
        feature_count=lambda qubits: qubits,
        gate_count=lambda qubits: 2 * qubits,
    ),
    "hadamard_angle": Encoding(
        hadamard_angle,
        feature_count=lambda qubits: 2 * qubits,
        gate_count=lambda qubits: 3 * qubits,
    ),
    "iqp": Encoding(
        iqp,
        feature_count=lambda qubits: qubits,
        gate_count=lambda qubits: 2 * qubits + qubits * (qubits - 1) // 2,
        derive=with_products,
    ),
    "amplitude": Encoding(
        amplitude,
        feature_count=lambda qubits: 2**qubits,
        gate_count=lambda qubits: 0,
        starts_from_amplitudes=True,
    ),
}
