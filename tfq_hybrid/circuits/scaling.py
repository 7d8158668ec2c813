"""Angle scalings: how an unbounded feature becomes an angle in radians.

Each scaling is written once, for any array namespace that has `tanh` and
`arctan` (NumPy, `keras.ops`), because this room imports no TensorFlow while
the layers need the same formula on tensors.
"""

import math

import numpy as np

from tfq_hybrid.errors import check_choice

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


def is_saturated(scaling, angles):
    """Whether an angle lies at an end of its scaling's range.

    There the scaling is nearly flat: its slope is below a tenth of the slope
    at zero, so that what comes before it hardly learns from this angle. That
    is beyond 0.949 of the range for the two with tanh and beyond 0.795 of it
    for arctan. `"identity"` has no ends.

    Args:
        scaling: str, a name in `SCALINGS`.
        angles: array of scaled angles, in radians.

    Returns:
        A bool array of the same shape.

    Raises:
        UserError: the scaling is not known.

    Example:

    >>> is_saturated("pi_tanh", np.array([0.0, 2.9, -3.1])).tolist()
    [False, False, True]
    """
    check_choice("scaling", scaling, SCALINGS)
    return np.abs(angles) > SATURATED_FROM[scaling]


def scale_angles(scaling, features, xp=np):
    """Maps features to rotation angles.

    Args:
        scaling: str. `"identity"` (x), `"pi_tanh"` (pi * tanh x, the open
            interval from -pi to pi), `"half_pi_tanh"` (pi/2 * tanh x) or
            `"arctan"` (arctan x, the open interval from -pi/2 to pi/2).
        features: array of any shape.
        xp: array namespace. Defaults to NumPy.

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
