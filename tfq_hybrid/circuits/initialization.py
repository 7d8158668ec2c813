"""How the weights of a circuit start: uniform, small, or as identity blocks.

Weights that are uniform over a period meet barren plateaus in deep circuits
(McClean et al. 2018, arXiv 1803.11173). Angles close to zero (Zhang et al.
2022, arXiv 2203.09376), and layers that their inverses undo (Grant et al.
2019, arXiv 1903.05076), keep the gradient at the start.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from tfq_hybrid.circuits.counting import half_weights, layer_weights
from tfq_hybrid.errors import UserError, check_choice

if TYPE_CHECKING:
    from tfq_hybrid.circuits.spec import CircuitSpec

INITIALIZATIONS = ("uniform", "small_angles", "identity_blocks")


def check_initialization(name: str, mirror: int) -> None:
    """Raises `UserError` where a circuit cannot start so."""
    check_choice("initialization", name, INITIALIZATIONS)
    if name == "identity_blocks" and not mirror:
        raise UserError(
            "Expected a mirror of at least 1 for initialization "
            "'identity_blocks': layers and their inverses. Received: mirror=0"
        )


def small_angle_deviation(spec: "CircuitSpec") -> float:
    """The standard deviation of small angles, 1 / (2 sqrt(S (L + 2))).

    After Zhang et al. 2022 (arXiv 2203.09376), for L layers and observables of
    at most S qubits.

    >>> from tfq_hybrid.circuits import CircuitSpec
    >>> small_angle_deviation(CircuitSpec(depth=2))
    0.25
    """
    widest = max(len(word.split("*")) for word in spec.observables or ("Z0",))
    return 1 / (2 * (widest * (spec.layers + 2)) ** 0.5)


def mirrored_weights(spec: "CircuitSpec") -> tuple[list[int], list[int]]:
    """The indices of weights, and of those of their inverse gates.

    >>> from tfq_hybrid.circuits import CircuitSpec
    >>> spec = CircuitSpec(qubits=2, ansatz=("cnot", "ry"), depth=2, mirror=1)
    >>> mirrored_weights(spec)
    ([0, 1], [3, 2])
    """
    weights: list[int] = []
    inverses: list[int] = []
    if spec.mirror:
        for place in range(spec.weight_sets):
            start = place * layer_weights(spec)
            for layer in range(0, spec.depth // 2, spec.mirror):
                count = half_weights(spec, layer)
                weights += range(start, start + count)
                start += 2 * count
                inverses += range(start - 1, start - 1 - count, -1)
    return weights, inverses


def draw_weights(
    circuit: Any, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Weights to start from, of shape (count, weights), in radians.

    Args:
        circuit: a `CircuitSpec`; those of any other circuit are uniform.
        count: how often they are drawn.
        rng: what they are drawn from.
    """
    shape = count, len(circuit.weights)
    initialization = getattr(circuit, "initialization", "uniform")
    if initialization == "small_angles":
        return rng.normal(0, small_angle_deviation(circuit), shape)
    drawn = rng.uniform(0, 2 * np.pi, shape)
    if initialization == "identity_blocks":
        weights, inverses = mirrored_weights(circuit)
        drawn[:, inverses] = -drawn[:, weights]
    return drawn
