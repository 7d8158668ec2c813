"""Ansatz layers: the gates that the words of an ansatz stand for.

A rotation is one gate with its own weight on every qubit, an entangler one
gate on every pair, a turning entangler an entangler and then a rotation of
its target, with its own weight, on every pair.
"""

import cirq

ROTATIONS = {"rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz}
ENTANGLERS = {"cnot": cirq.CNOT, "cz": cirq.CZ}
TURNING_ENTANGLERS = {"cnot_ry": (cirq.CNOT, cirq.ry)}
ANSATZ_GATES = (*ROTATIONS, *ENTANGLERS, *TURNING_ENTANGLERS)


def count_weights(words, qubits, pairs):
    """The number of weights in a layer.

    Args:
        words: sequence of str, from `ANSATZ_GATES`.
        qubits: int.
        pairs: int. The number of pairs that the layer couples.

    Returns:
        int.

    Example:

    >>> count_weights(("cnot_ry", "ry"), qubits=4, pairs=8)
    12
    """
    rotations = sum(word in ROTATIONS for word in words)
    turning = sum(word in TURNING_ENTANGLERS for word in words)
    return rotations * qubits + turning * pairs


def count_gates(words, qubits, pairs):
    """The number of gates in a layer.

    Args:
        words: sequence of str, from `ANSATZ_GATES`.
        qubits: int.
        pairs: int. The number of pairs that the layer couples.

    Returns:
        int.

    Example:

    >>> count_gates(("ry", "cnot", "cnot_ry"), qubits=4, pairs=3)
    13
    """
    rotations = sum(word in ROTATIONS for word in words)
    entanglers = sum(word in ENTANGLERS for word in words)
    turning = sum(word in TURNING_ENTANGLERS for word in words)
    return rotations * qubits + (entanglers + 2 * turning) * pairs


def layer_operations(words, qids, pairs, weights):
    """The operations of a layer, in order.

    Args:
        words: sequence of str, from `ANSATZ_GATES`.
        qids: sequence of `cirq.Qid`.
        pairs: list of (control, target), indices into `qids`.
        weights: iterator over symbols; as many are taken as
            `count_weights` says.

    Yields:
        `cirq.Operation`.
    """
    for word in words:
        if word in ROTATIONS:
            for qid in qids:
                yield ROTATIONS[word](next(weights))(qid)
        elif word in ENTANGLERS:
            for control, target in pairs:
                yield ENTANGLERS[word](qids[control], qids[target])
        else:
            entangler, rotation = TURNING_ENTANGLERS[word]
            for control, target in pairs:
                yield entangler(qids[control], qids[target])
                yield rotation(next(weights))(qids[target])
