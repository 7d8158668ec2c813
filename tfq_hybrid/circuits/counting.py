"""Counts of gates and weights of a `CircuitSpec`, without building it."""

import itertools
from typing import TYPE_CHECKING

from tfq_hybrid.circuits.ansatz import (
    count_gates,
    count_pairs,
    count_weights,
    layer_order,
)
from tfq_hybrid.circuits.encodings import ENCODINGS

if TYPE_CHECKING:
    from tfq_hybrid.circuits.spec import CircuitSpec


def circuit_gates(spec: "CircuitSpec") -> int:
    """The gates of the circuit; a layer without any counts as one."""
    encoding = ENCODINGS[spec.encoding].gate_count(spec.qubits)
    layers = _sum_over_layers(
        spec, lambda *layer: max(1, count_gates(*layer)), spec.depth
    )
    return (1 + spec.reuploads) * (encoding + layers)


def layer_weights(spec: "CircuitSpec") -> int:
    """The weights of the layers of one block, inverses too."""
    return _sum_over_layers(spec, count_weights, spec.depth)


def half_weights(spec: "CircuitSpec", start: int) -> int:
    """The weights of the layers `start` to `start + mirror` of a block."""
    return sum(
        _of_layer(spec, count_weights, start + i) for i in range(spec.mirror)
    )


def weights_by_layer(spec: "CircuitSpec") -> list[tuple[str, ...]]:
    """The names of the weights of each ansatz layer, in the circuit's order.

    Blocks that share their weights stand once.

    >>> from tfq_hybrid.circuits import CircuitSpec
    >>> weights_by_layer(CircuitSpec(qubits=2, ansatz=("ry",), depth=2))
    [('w_0', 'w_1'), ('w_2', 'w_3')]
    """
    counts = [
        _of_layer(spec, count_weights, layer)
        for layer, _ in layer_order(spec.depth, spec.mirror)
    ]
    names, groups = iter(spec.weights), []
    for count in counts * spec.weight_sets:
        groups.append(tuple(itertools.islice(names, count)))
    return groups


def _of_layer(spec, count, layer):
    pairs = count_pairs(spec.entanglement, spec.qubits, layer, spec.distance)
    return count(spec.words(layer), spec.qubits, pairs)


def _sum_over_layers(spec, count, depth):
    """The sum of `count(words, qubits, pairs)` over the layers of a block.

    The first layer, an odd and an even one stand for all; inverses have what
    their layers have.
    """
    if spec.mirror:
        depth //= 2
    total = _of_layer(spec, count, 0)
    total += depth // 2 * _of_layer(spec, count, 1) if depth > 1 else 0
    even = (depth - 1) // 2
    total += even * _of_layer(spec, count, 2) if even else 0
    return 2 * total if spec.mirror else total
