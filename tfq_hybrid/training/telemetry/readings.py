"""`Reading`: the figures of one step, by layer and quantity."""

import dataclasses

import numpy as np

# Below this share of a layer's largest entry a gradient counts as zero: what
# rounding leaves of an exact zero is smaller.
ROUNDING = float(np.finfo(np.float32).eps)


@dataclasses.dataclass(frozen=True)
class Reading:
    """The figures of one step.

    Args:
        step: int, from 1.
        scalars: dict of a pair `(layer, quantity)` and a float.
        samples: dict of a pair `(layer, quantity)` and an array whose
            histogram is to be kept.
    """

    step: int
    scalars: dict = dataclasses.field(default_factory=dict)
    samples: dict = dataclasses.field(default_factory=dict)


def norm_and_variance(squares, total, count):
    """Euclidean norm, and variance over the entries, from two sums.

    Args:
        squares, total: float. Sums of the squares and of the entries.
        count: int. How many they are.

    Returns:
        A pair of float.

    Example:

    >>> norm_and_variance(25.0, 7.0, 2)  # of (3, 4)
    (5.0, 0.25)
    """
    variance = squares / count - (total / count) ** 2
    # `maximum` keeps NaN, which `max` may lose.
    return float(np.sqrt(squares)), float(np.maximum(variance, 0.0))


def gradient_figures(gradient):
    """The figures of one circuit's gradient.

    Args:
        gradient: array of shape (parameters,).

    Returns:
        A dict: `gradient_norm` (Euclidean), `gradient_variance` (over the
        parameters) and `gradient_zero_share`, the share of entries of at
        most float32's rounding, 1.2e-7, times the largest.

    Example:

    >>> gradient_figures(np.array([0.0, 0.0, 4.0, 3.0]))
    {'gradient_norm': 5.0, 'gradient_variance': 3.1875, \
'gradient_zero_share': 0.5}
    """
    gradient = np.asarray(gradient, np.float64)
    sums = np.sum(gradient**2), np.sum(gradient)
    norm, variance = norm_and_variance(*sums, gradient.size)
    sizes = np.abs(gradient)
    is_zero = sizes <= ROUNDING * sizes.max()
    return {
        "gradient_norm": norm,
        "gradient_variance": variance,
        "gradient_zero_share": float(is_zero.mean()),
    }


def capture_samples(captures):
    """All captures of one circuit as samples, where there are any.

    Args:
        captures: list of `Capture`.

    Returns:
        A dict: `angles`, of shape (rows, fed symbols), for a circuit that is
        fed with angles, and `expectations`, of shape (rows, operators).
    """
    result = {}
    if captures and not captures[0].from_states:
        angles = np.concatenate([capture.inputs for capture in captures])
        if angles.size:  # an empty batch, or nothing but data circuits
            result["angles"] = angles
    if captures:
        values = np.concatenate([c.expectations for c in captures])
        if values.size:
            result["expectations"] = values
    return result


def capture_figures(circuit, samples):
    """The figures of what was fed to a circuit and what it gave.

    Args:
        circuit: `WatchedCircuit`.
        samples: dict, as `capture_samples` gives it.

    Returns:
        A dict: mean and standard deviation of the angles in radians and of
        the expectations, as `angle_mean`, `angle_std`, `expectation_mean`,
        `expectation_std`; and `angle_saturation`, see
        `WatchedCircuit.saturation`, where a scaling is known.
    """
    result = {}
    for quantity, sample in samples.items():
        name = quantity.removesuffix("s")
        result[f"{name}_mean"] = float(sample.mean(dtype=np.float64))
        result[f"{name}_std"] = float(sample.std(dtype=np.float64))
    if "angles" in samples:
        saturation = circuit.saturation(samples["angles"])
        if saturation is not None:
            result["angle_saturation"] = saturation
    return result
