"""PennyLane's `default.qubit` on PyTorch, by back-propagation.

A broadcast circuit. It starts from a prepared zero state in complex64,
because the device's own is complex128 and up to twice as slow; its state is
read out by one matrix of signs.
"""

PACKAGES = ("pennylane", "torch")


def build(problem, fed, trained):
    import pennylane
    import torch
    from circuit import z_signs
    from pennylane_circuit import apply_circuit
    from torch_steps import eager

    qubits = problem["qubits"]
    device = pennylane.device("default.qubit", wires=qubits)
    signs = torch.from_numpy(z_signs(qubits))
    zero = torch.zeros(2**qubits, dtype=torch.complex64)
    zero[0] = 1

    @pennylane.qnode(device, interface="torch", diff_method="backprop")
    def state(fed, trained):
        pennylane.StatePrep(zero, wires=range(qubits), validate_norm=False)
        apply_circuit(problem, fed, trained)
        return pennylane.state()

    def expectations(fed, trained):
        amplitudes = state(fed, trained)
        return (amplitudes.real**2 + amplitudes.imag**2) @ signs

    return eager(expectations, fed, trained, problem["threads"])
