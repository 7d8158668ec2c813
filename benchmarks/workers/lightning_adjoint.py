"""PennyLane's `lightning.qubit` in complex64, with its adjoint gradient.

A broadcast circuit, which the device splits into one circuit an example: half
the time of a loop over the examples, and the fastest of the forms tried
(the device's own vector-Jacobian product took 1.7 times as long).
"""

PACKAGES = ("pennylane", "pennylane-lightning", "torch")


def build(problem, fed, trained):
    import numpy as np
    import pennylane
    import torch
    from pennylane_circuit import apply_circuit
    from torch_steps import eager

    qubits = problem["qubits"]
    device = pennylane.device(
        "lightning.qubit", wires=qubits, c_dtype=np.complex64
    )

    @pennylane.qnode(device, interface="torch", diff_method="adjoint")
    def node(fed, trained):
        apply_circuit(problem, fed, trained)
        return [pennylane.expval(pennylane.Z(q)) for q in range(qubits)]

    def expectations(fed, trained):
        return torch.stack(node(fed, trained), -1)

    return eager(expectations, fed, trained, problem["threads"])
