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
