"""Entanglement patterns: which pairs of qubits an ansatz layer couples.

A pattern is a function `(qubits, layer) -> pairs`, where `qubits` is a count,
`layer` the index of the ansatz layer within its block, and each pair is
(control, target). A single qubit has no pairs under any pattern.
"""


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


def full(qubits, layer):
    """Every pair (i, j) with i < j, in lexicographic order."""
    return [(i, j) for i in range(qubits) for j in range(i + 1, qubits)]


ENTANGLEMENTS = {
    "none": none,
    "linear": linear,
    "ring": ring,
    "alternating": alternating,
    "full": full,
}
