"""The benchmark's circuit as PennyLane operations."""


def apply_circuit(problem, fed, trained):
    """Queues the gates; the last axis of both inputs holds the angles."""
    import pennylane
    from circuit import gates

    rotations = {"ry": pennylane.RY, "rz": pennylane.RZ}
    values = {"fed": fed, "trained": trained}
    for name, first, *rest in gates(problem["qubits"], problem["depth"]):
        if name == "cnot":
            pennylane.CNOT([first, rest[0]])
        else:
            source, index = rest
            rotations[name](values[source][..., index], wires=first)
