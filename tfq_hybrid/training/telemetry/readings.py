"""The figures of a step by layer and quantity, and alarms about them."""

import collections
import dataclasses
import logging

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
        A dict: `angles`, of shape (rows, features), for a circuit that
        encodes angles, and `expectations`, of shape (rows, operators).
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
    """The figures of a circuit's inputs and outputs.

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


logger = logging.getLogger("tfq_hybrid.telemetry")

# Our choice of thresholds. Root mean squares over the parameters, so that
# layers of different sizes compare.
VANISHING = 1e-3  # times that of the classical parameters at the same step
PATIENCE = 5  # readings in a row
EXPLODING = 100.0  # times the layer's largest in its first readings
# The norm that is usually clipped to: what grows below it, as where training
# leaves a plateau, does no harm.
HARMLESS_NORM = 1.0
BASELINE = 5  # of these readings


class Alarms:
    """Watches the gradient of each circuit for three things.

    - `vanishing`: for 5 readings in a row, the root mean square of the
      circuit's gradient is at most 0.001 times that of the classical
      parameters, so that its angles learn a thousand times slower than the
      rest; without classical parameters, 0.001 times the largest that the
      circuit itself has had. A gradient of zero always counts.
    - `exploding`: the root mean square is above 100 times the largest of the
      circuit's first 5 readings, and the norm above 1.
    - `nan`: an entry is NaN or infinite; or, behind a loss scale, which
      skips such steps, all steps of 5 readings in a row were skipped.

    Each is told once an event: again only after a reading without it.
    """

    def __init__(self):
        self._largest = collections.defaultdict(list)
        self._small = collections.Counter()
        self._skipped = 0
        self._active = set()

    def read(self, step, name, gradient, classical=None):
        """Looks at the gradient of one circuit.

        Args:
            step: int.
            name: str. The circuit.
            gradient: array of shape (parameters,).
            classical: float. The root mean square of the classical
                gradients, or `None` where nothing classical trains.

        Returns:
            A list of pairs: the alarm's name and its text, one line.
        """
        self._skipped = 0
        where = f"Step {step}: the gradient of {name}"
        size = root_mean_square(gradient)
        if not np.isfinite(size):
            text = f"{where} holds NaN or infinity"
            return self._told(name, {"nan": text})
        found = {}
        first = self._largest[name]
        is_large = np.sqrt(np.size(gradient)) * size > HARMLESS_NORM
        has_grown = len(first) == BASELINE and size > EXPLODING * max(first) > 0
        if is_large and has_grown:
            found["exploding"] = (
                f"{where} explodes: its root mean square, {size:.2g}, is "
                f"{size / max(first):.0f} times the largest of its first "
                f"{BASELINE} readings. Try a lower learning rate or "
                "clipnorm."
            )
        reference, whose = classical, "the classical parameters'"
        if classical is None:
            reference, whose = max([0.0, *first]), "its largest so far"
        if len(first) < BASELINE:
            first.append(size)
        # Where the rest explodes, a circuit is not small.
        is_small = size == 0.0 or size <= VANISHING * reference < np.inf
        self._small[name] = self._small[name] + 1 if is_small else 0
        if self._small[name] >= PATIENCE:
            found["vanishing"] = (
                f"{where} vanishes: for {self._small[name]} readings its root "
                f"mean square, now {size:.2g}, has been at most {VANISHING:g} "
                f"times {whose}, {reference:.2g}. Try fewer qubits or layers, "
                "observables on single qubits, or angles that begin near zero."
            )
        return self._told(name, found)

    def skip(self, step):
        """Counts a reading whose step the loss scale skipped.

        Returns:
            As `read` does.
        """
        self._skipped += 1
        text = (
            f"Step {step}: gradients hold NaN or infinity, and the loss scale "
            f"has skipped the steps of {self._skipped} readings in a row"
        )
        found = {"nan": text} if self._skipped >= PATIENCE else {}
        return self._told("model", found)

    def _told(self, name, found):
        """Logs the alarms that were not there before; gives them."""
        fresh = [
            (alarm, text)
            for alarm, text in found.items()
            if (name, alarm) not in self._active
        ]
        self._active = {key for key in self._active if key[0] != name}
        self._active |= {(name, alarm) for alarm in found}
        for _, text in fresh:
            logger.warning(text)
        return fresh


def root_mean_square(gradient):
    """The square root of the mean of the squares, a float."""
    return float(np.sqrt(np.mean(np.square(gradient, dtype=np.float64))))
