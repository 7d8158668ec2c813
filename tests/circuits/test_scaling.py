import numpy as np
import pytest

from tfq_hybrid.circuits import SCALINGS, scale_angles
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
