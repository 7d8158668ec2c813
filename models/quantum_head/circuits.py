"""The circuits of the quantum head (arXiv 2504.08732)."""

from typing import TYPE_CHECKING

import cirq
import sympy

from tfq_hybrid.circuits import CustomCircuit, preset, z_on_each
from tfq_hybrid.circuits.ansatz import layer_operations, long_range

if TYPE_CHECKING:
    from tfq_hybrid.circuits import CircuitSpec


def encoder_circuit(
    qubits: int,
    readouts: int,
    depth: int,
    distance: int,
    entangled: bool = True,
) -> "CircuitSpec":
    """One encoder: amplitudes, then a block of Fig. 3; Z on the first qubits.

    It has L layers (`depth`) and CNOTs up to a distance C, `block_angles`
    weights in all. Not entangled, RY columns take the place of the pairs: the
    ablation.

    >>> encoder_circuit(4, 1, depth=3, distance=2).weight_count
    28
    """
    return _block(qubits, depth, distance, entangled, z_on_each(readouts))


def head_circuit(
    qubits: int,
    reuploads: int,
    readouts: int,
    depth: int,
    distance: int,
    share_weights: bool = True,
    entangled: bool = True,
) -> CustomCircuit:
    """N x {RY(x) on each qubit, PQC1}, PQC2; Z on the first Q_m qubits.

    Both PQC are blocks of Fig. 3. Our choice: PQC2 has angles of its own.
    PQC1 has the same angles each time where they are shared. It is fed with an
    angle in radians for each qubit.
    """
    block = _block(qubits, depth, distance, entangled)
    count = block.weight_count
    pairs = long_range(qubits, 0, distance) if entangled else []
    starts = [0 if share_weights else i * count for i in range(reuploads)]
    starts.append(max(starts) + count)  # PQC2
    total = starts[-1] + count
    weights = [_symbol("w", i, total) for i in range(total)]
    features = [_symbol("x", i, qubits) for i in range(qubits)]
    circuit = cirq.Circuit()
    for repeat, start in enumerate(starts):
        if repeat < reuploads:
            circuit += [
                cirq.ry(symbol)(qid)
                for symbol, qid in zip(features, block.qids, strict=True)
            ]
        own = iter(weights[start:])
        for layer in range(depth):
            words = block.ansatz if layer else block.first_layer
            circuit += layer_operations(words, block.qids, pairs, own)
    return CustomCircuit(
        circuit,
        tuple(cirq.Z(qid) for qid in block.qids[:readouts]),
        tuple(map(str, features)),
        tuple(map(str, weights)),
        scaling="identity",
    )


def _block(qubits, depth, distance, entangled, observables=()):
    changes = {"qubits": qubits, "depth": depth, "observables": observables}
    if entangled and qubits > 1:
        changes["distance"] = min(distance, qubits - 1)
    else:
        changes |= {"entanglement": "none", "distance": 1}
        changes |= {"ansatz": ("ry",), "first_layer": ("ry", "ry")}
    return preset("ionq", **changes)


def _symbol(prefix, index, count):
    """Zero-padded, so that the order of the names is that of the numbers."""
    width = len(str(max(count - 1, 0)))
    return sympy.Symbol(f"{prefix}_{index:0{width}d}")
