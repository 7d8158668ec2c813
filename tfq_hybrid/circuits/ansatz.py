"""Ansatz layers, the pairs of qubits that they entangle, and the circuit.

A rotation is one gate with its own weight on every qubit, an entangler one
gate on every pair, a turning entangler an entangler and then a rotation of
its target, with its own weight, on every pair.

An entanglement pattern is a function `(qubits, layer) -> pairs`, where `qubits`
is a count, `layer` the index of the ansatz layer within its block, and each
pair is (control, target). A single qubit has no pairs under any pattern.
`long_range` also takes the longest distance.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import lazy_loader

from tfq_hybrid.circuits.encodings import ENCODINGS

if TYPE_CHECKING:
    import cirq
    import sympy
else:
    cirq = lazy_loader.load("cirq")
    sympy = lazy_loader.load("sympy")


def none(qubits, layer):
    """No pair: a product state stays one. The ablation of entanglement."""
    return []


def linear(qubits, layer):
    """(0, 1), (1, 2), …, (n-2, n-1)."""
    return [(q, q + 1) for q in range(qubits - 1)]


def ring(qubits, layer):
    """`linear`, closed by (n-1, 0). A ring of two qubits is a line."""
    closing = [(qubits - 1, 0)] if qubits > 2 else []
    return linear(qubits, layer) + closing


def alternating(qubits, layer):
    """Even layers (0, 1), (2, 3), …; odd layers (1, 2), (3, 4), ….

    With an even number of qubits the odd layers close with (n-1, 0): for
    four qubits (0, 1), (2, 3) and then (1, 2), (3, 0).
    """
    pairs = [(q, q + 1) for q in range(layer % 2, qubits - 1, 2)]
    closes = layer % 2 == 1 and qubits % 2 == 0
    return pairs + ([(qubits - 1, 0)] if closes else [])


def pairwise(qubits, layer):
    """(0, 1), (2, 3), … in every layer; with an odd number the last is left.

    Blocks of two qubits that stay apart: entanglement does not spread.
    """
    return [(q, q + 1) for q in range(0, qubits - 1, 2)]


def brick(qubits, layer):
    """(0, 1), (2, 3), … and then (1, 2), (3, 4), …, open, in every layer.

    The brick wall of hybrid BERT (arXiv 2511.17677): the pairs of `linear`,
    even ones first.
    """
    odd = [(q, q + 1) for q in range(1, qubits - 1, 2)]
    return pairwise(qubits, layer) + odd


def long_range(qubits, layer, distance=1):
    """(q, q+d) for every q around the ring, for d = 1, then 2, … `distance`.

    `distance` times `qubits` pairs. Unlike `ring`, every qubit controls one
    pair at each distance, on two qubits too: (0, 1), (1, 0). The blocks of
    arXiv 2504.08732, Fig. 3.
    """
    longest = min(distance, qubits - 1)
    return [
        (q, (q + d) % qubits)
        for d in range(1, longest + 1)
        for q in range(qubits)
    ]


def full(qubits, layer):
    """Every pair (i, j) with i < j, in lexicographic order."""
    return [(i, j) for i in range(qubits) for j in range(i + 1, qubits)]


ENTANGLEMENTS: dict[str, Callable[..., list[tuple[int, int]]]] = {
    "none": none,
    "linear": linear,
    "ring": ring,
    "alternating": alternating,
    "pairwise": pairwise,
    "brick": brick,
    "long_range": long_range,
    "full": full,
}


def count_pairs(name: str, qubits: int, layer: int, distance: int = 1) -> int:
    """The number of pairs of a pattern, without listing many.

    >>> count_pairs("full", qubits=1000, layer=0)
    499500
    """
    if name == "full":
        return qubits * (qubits - 1) // 2
    if name == "long_range":
        return qubits * min(distance, qubits - 1)
    return len(ENTANGLEMENTS[name](qubits, layer))


# Names, and the names that Cirq has for them.
ROTATIONS = {"rx": "rx", "ry": "ry", "rz": "rz"}
ENTANGLERS = {"cnot": "CNOT", "cz": "CZ"}
TURNING_ENTANGLERS = {"cnot_ry": ("CNOT", "ry")}
ANSATZ_GATES = (*ROTATIONS, *ENTANGLERS, *TURNING_ENTANGLERS)


def count_weights(words: Sequence[str], qubits: int, pairs: int) -> int:
    """The number of weights in a layer that couples so many pairs.

    >>> count_weights(("cnot_ry", "ry"), qubits=4, pairs=8)
    12
    """
    rotations = sum(word in ROTATIONS for word in words)
    turning = sum(word in TURNING_ENTANGLERS for word in words)
    return rotations * qubits + turning * pairs


def count_gates(words: Sequence[str], qubits: int, pairs: int) -> int:
    """The number of gates in a layer that couples so many pairs.

    >>> count_gates(("ry", "cnot", "cnot_ry"), qubits=4, pairs=3)
    13
    """
    rotations = sum(word in ROTATIONS for word in words)
    entanglers = sum(word in ENTANGLERS for word in words)
    turning = sum(word in TURNING_ENTANGLERS for word in words)
    return rotations * qubits + (entanglers + 2 * turning) * pairs


def layer_operations(
    words: Sequence[str],
    qids: "Sequence[cirq.Qid]",
    pairs: Sequence[tuple[int, int]],
    weights: Iterator,
    inverse: bool = False,
) -> "Iterator[cirq.Operation]":
    """The gates of a layer, in order; takes `count_weights` of the weights.

    With `inverse` the last gate first, for weights of the opposite sign; the
    entanglers are their own inverses.
    """
    step = -1 if inverse else 1
    for word in words[::step]:
        if word in ROTATIONS:
            rotation = getattr(cirq, ROTATIONS[word])
            for qid in qids[::step]:
                yield rotation(next(weights))(qid)
            continue
        names: tuple[str, ...] = TURNING_ENTANGLERS.get(word, ())
        if word in ENTANGLERS:
            names = (ENTANGLERS[word],)
        for control, target in pairs[::step]:
            for name in names[::step]:
                if name in ROTATIONS:
                    turn = getattr(cirq, name)(next(weights))
                    yield turn(qids[target])
                else:
                    yield getattr(cirq, name)(qids[control], qids[target])


def layer_order(depth: int, mirror: int) -> Iterator[tuple[int, bool]]:
    """The layers of a block in order, and whether each is an inverse.

    >>> list(layer_order(depth=4, mirror=1))
    [(0, False), (0, True), (1, False), (1, True)]
    """
    if not mirror:
        yield from ((layer, False) for layer in range(depth))
        return
    for start in range(0, depth // 2, mirror):
        half = range(start, start + mirror)
        yield from ((layer, False) for layer in half)
        yield from ((layer, True) for layer in reversed(half))


def build_circuit(spec) -> "cirq.Circuit":
    """Encoding and ansatz layers, and again for each re-upload."""
    features = [sympy.Symbol(name) for name in spec.features]
    weights = [sympy.Symbol(name) for name in spec.weights]
    encoding = ENCODINGS[spec.encoding].operations
    circuit = cirq.Circuit()
    remaining = iter(weights)
    for _ in range(1 + spec.reuploads):
        if spec.share_weights:
            remaining = iter(weights)
        circuit += encoding(spec.qids, features)
        for layer, inverse in layer_order(spec.depth, spec.mirror):
            words, pairs = spec.words(layer), spec.pairs(layer)
            circuit += layer_operations(
                words, spec.qids, pairs, remaining, inverse
            )
    # A qubit that no gate touches is one of the register all the same.
    idle = sorted(set(spec.qids) - circuit.all_qubits())
    return circuit + cirq.Circuit(cirq.I.on_each(*idle))


def symbol_names(prefix: str, count: int) -> tuple[str, ...]:
    """Zero-padded names, whose lexicographic order is the numeric one.

    TensorFlow Quantum sorts symbols as strings.
    """
    width = len(str(max(count - 1, 0)))
    return tuple(f"{prefix}_{i:0{width}d}" for i in range(count))
