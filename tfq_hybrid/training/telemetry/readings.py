"""The circuits of a model, the figures of a step, and alarms about them."""

import collections
import dataclasses
import logging
from typing import TYPE_CHECKING

import keras
import numpy as np

from tfq_hybrid.adapters import named_layers
from tfq_hybrid.circuits.encodings import is_saturated
from tfq_hybrid.engines.program import Program
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.layers.circuit_layer import CircuitLayer

if TYPE_CHECKING:
    from tfq_hybrid.training.telemetry.recorder import Capture

CLASSICAL = "classical"


@dataclasses.dataclass(frozen=True, eq=False)
class WatchedCircuit:
    """A circuit layer of a model."""

    name: str  # "quantum/<path of the layer>"
    layer: CircuitLayer
    dense: QuantumDense | None = None  # what feeds it

    @property
    def program(self) -> Program:
        """The circuit and its observables, as the engine runs them."""
        return self.layer.program

    def saturation(self, angles: np.ndarray) -> float | None:
        """The share of angles at the ends of their scaling's range.

        See `tfq_hybrid.circuits.encodings.is_saturated`. Only what a
        `QuantumDense` scaled counts, not products that an encoding derives.
        `None` where no scaling with ends is known.
        """
        circuit = self.dense and self.dense.circuit
        if not circuit or not angles.size:
            return None
        if circuit.scaling in (None, "identity"):
            return None
        scaled = circuit.features[: circuit.feature_count]
        columns = [
            i for i, x in enumerate(self.program.features) if x in scaled
        ]
        return float(is_saturated(circuit.scaling, angles[:, columns]).mean())


def watched_circuits(model: keras.Model) -> list[WatchedCircuit]:
    """The circuit layers of a built model, with their paths.

    A layer that several blocks share, as in ALBERT, comes once, by the path
    where it is met first.
    """
    layers = list(named_layers(model))
    denses = {
        id(layer.pqc): layer
        for _, layer in layers
        if isinstance(layer, QuantumDense)
    }
    return [
        WatchedCircuit(f"quantum/{path}", layer, denses.get(id(layer)))
        for path, layer in layers
        if isinstance(layer, CircuitLayer)
    ]


def adapters_in_use(model: keras.Model) -> dict[str, keras.Layer]:
    """The active adapters that add to what a frozen layer gives.

    By the path of the layer that each sits in.
    """
    return {
        path: layer.adapter
        for path, layer in named_layers(model)
        if getattr(layer, "adapter", None) is not None
        and getattr(layer.adapter, "place", None) in ("after", "beside")
    }


def gradient_groups(model: keras.Model) -> dict[str, list[keras.Variable]]:
    """The trainable variables: each circuit layer's, and the classical rest.

    Args:
        model: a built `keras.Model`.

    Returns:
        Lists of variables by name: `"quantum/<layer path>"` for the angles
        of each circuit layer, then `"classical"` where anything else trains.

    Example:

    >>> dense = QuantumDense(1, "qffn", name="block")
    >>> model = keras.Sequential([keras.Input((3,)), dense])
    >>> {name: len(group) for name, group in gradient_groups(model).items()}
    {'quantum/block/pqc': 1, 'classical': 4}
    """
    groups = {
        circuit.name: circuit.layer.trainable_variables
        for circuit in watched_circuits(model)
        if circuit.layer.trainable_variables
    }
    quantum = {id(v) for group in groups.values() for v in group}
    rest = [v for v in model.trainable_variables if id(v) not in quantum]
    return {**groups, CLASSICAL: rest} if rest else groups


def flat_values(variables: list[keras.Variable]) -> np.ndarray:
    """The values of variables as one array."""
    return np.concatenate([np.ravel(v.numpy()) for v in variables])


# Below this share of a layer's largest entry a gradient counts as zero: what
# rounding leaves of an exact zero is smaller.
ROUNDING = float(np.finfo(np.float32).eps)


@dataclasses.dataclass(frozen=True)
class Reading:
    """The figures of one step, by pairs `(layer, quantity)`."""

    step: int  # from 1
    scalars: dict[tuple[str, str], float] = dataclasses.field(
        default_factory=dict
    )
    # Arrays whose histograms are to be kept.
    samples: dict[tuple[str, str], np.ndarray] = dataclasses.field(
        default_factory=dict
    )


def norm_and_variance(
    squares: float, total: float, count: int
) -> tuple[float, float]:
    """Euclidean norm, and variance over the entries, from two sums.

    Those of the squares and of the entries.

    >>> norm_and_variance(25.0, 7.0, 2)  # of (3, 4)
    (5.0, 0.25)
    """
    variance = squares / count - (total / count) ** 2
    # `maximum` keeps NaN, which `max` may lose.
    return float(np.sqrt(squares)), float(np.maximum(variance, 0.0))


def gradient_figures(gradient: np.ndarray) -> dict[str, float]:
    """The figures of one circuit's gradient, a vector.

    `gradient_norm` (Euclidean), `gradient_variance` (over the parameters) and
    `gradient_zero_share`, the share of entries of at most float32's rounding,
    1.2e-7, times the largest.

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


def capture_samples(captures: "list[Capture]") -> dict[str, np.ndarray]:
    """All captures of one circuit as samples, where there are any.

    `angles`, of shape (rows, features), for a circuit that encodes angles,
    and `expectations`, of shape (rows, operators).
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


def capture_figures(
    circuit: WatchedCircuit, samples: dict[str, np.ndarray]
) -> dict[str, float]:
    """The figures of a circuit's inputs and outputs.

    Mean and standard deviation of the angles in radians and of the
    expectations, as `angle_mean`, `angle_std`, `expectation_mean`,
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

    def __init__(self) -> None:
        self._largest: dict[str, list[float]] = collections.defaultdict(list)
        self._small: dict[str, int] = collections.Counter()
        self._skipped = 0
        self._active: set[tuple[str, str]] = set()

    def read(
        self,
        step: int,
        name: str,
        gradient: np.ndarray,
        classical: float | None = None,
    ) -> list[tuple[str, str]]:
        """Looks at the gradient of the circuit of a name.

        `classical` is the root mean square of the classical gradients, where
        anything classical trains. The result: the names of alarms, and what
        they say in a line.
        """
        self._skipped = 0
        where = f"Step {step}: the gradient of {name}"
        size = root_mean_square(gradient)
        if not np.isfinite(size):
            text = f"{where} holds NaN or infinity"
            return self._told(name, {"nan": text})
        found: dict[str, str] = {}
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
        if classical is None:
            reference, whose = max([0.0, *first]), "its largest so far"
        else:
            reference, whose = classical, "the classical parameters'"
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

    def skip(self, step: int) -> list[tuple[str, str]]:
        """As `read`, of a reading whose step the loss scale skipped."""
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


def root_mean_square(gradient: np.ndarray) -> float:
    """The square root of the mean of the squares."""
    return float(np.sqrt(np.mean(np.square(gradient, dtype=np.float64))))
