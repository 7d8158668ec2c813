"""The benchmark's circuit in plain words, and its readout, for the peers.

It must be `CircuitSpec(qubits, depth, entanglement="ring")` of this project,
which the peers' environment does not hold; the outputs are compared.
"""

import numpy as np


def gates(qubits, depth):
    """Yields ("ry" | "rz", qubit, "fed" | "trained", index), ("cnot", a, b).

    RY(x) on each qubit, then `depth` layers of RY and RZ on each qubit and
    CNOT around the ring (for two qubits: one CNOT).
    """
    for qubit in range(qubits):
        yield "ry", qubit, "fed", qubit
    weight = 0
    for _ in range(depth):
        for gate in ("ry", "rz"):
            for qubit in range(qubits):
                yield gate, qubit, "trained", weight
                weight += 1
        for qubit in range(qubits - 1):
            yield "cnot", qubit, qubit + 1
        if qubits > 2:
            yield "cnot", qubits - 1, 0


def z_signs(qubits):
    """Eigenvalues of Z on each qubit, shape (2**qubits, qubits), float32.

    The first qubit is the leading bit, so that probabilities times this
    matrix are the expectations.
    """
    index = np.arange(2**qubits)[:, None]
    bits = (index >> np.arange(qubits - 1, -1, -1)) & 1
    return (1 - 2 * bits).astype("float32")


def apply_to_pennylane(problem, fed, trained):
    """Queues the gates; the last axis of both inputs holds the angles."""
    import pennylane

    rotations = {"ry": pennylane.RY, "rz": pennylane.RZ}
    values = {"fed": fed, "trained": trained}
    for name, first, *rest in gates(problem["qubits"], problem["depth"]):
        if name == "cnot":
            pennylane.CNOT([first, rest[0]])
        else:
            source, index = rest
            rotations[name](values[source][..., index], wires=first)
