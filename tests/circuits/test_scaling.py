import numpy as np
import pytest

from tfq_hybrid.circuits import SCALINGS, scale_angles
from tfq_hybrid.circuits.encodings import is_saturated
from tfq_hybrid.errors import UserError

FORMULAS = {
    "identity": lambda x: x,
    "pi_tanh": lambda x: np.pi * (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1),
    "half_pi_tanh": lambda x: np.pi / 2 * np.tanh(x),
    "arctan": lambda x: np.angle(1 + 1j * x),
}


@pytest.mark.parametrize("scaling", SCALINGS)
def test_formula_in_numpy_and_in_tensors(scaling):
    import keras

    features = np.linspace(-3, 3, 7)
    expected = FORMULAS[scaling](features)
    np.testing.assert_allclose(scale_angles(scaling, features), expected)
    tensors = scale_angles(scaling, keras.ops.array(features), keras.ops)
    np.testing.assert_allclose(tensors, expected, rtol=1e-6)


def test_unknown():
    with pytest.raises(UserError, match="Did you mean 'arctan'"):
        scale_angles("actan", 0.0)


@pytest.mark.parametrize("scaling", sorted(SCALINGS))
def test_saturated_is_where_the_slope_is_below_a_tenth(scaling):
    features = np.linspace(-6.0, 6.0, 1001)
    step = 1e-5
    ends = [scale_angles(scaling, features + d) for d in (step, -step)]
    slope = (ends[0] - ends[1]) / (2 * step)
    flat = slope < 0.1 * slope[500]
    angles = scale_angles(scaling, features)
    np.testing.assert_array_equal(is_saturated(scaling, angles), flat)
    assert flat.any() == (scaling != "identity")
