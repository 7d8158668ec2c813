"""The peers on PyTorch, which runs them eagerly."""

PACKAGES = {
    "lightning": ("pennylane", "pennylane-lightning", "torch"),
    "pennylane": ("pennylane", "torch"),
    "pyqtorch": ("pyqtorch", "torch"),
}


def lightning(problem, fed, trained):
    """PennyLane's `lightning.qubit` in complex64, with its adjoint gradient.

    A broadcast circuit, which the device splits into one circuit an example:
    half the time of a loop over the examples, and the fastest of the forms
    tried (the device's own vector-Jacobian product took 1.7 times as long).
    """
    import numpy as np
    import pennylane
    import torch
    from circuit import apply_to_pennylane

    qubits = problem["qubits"]
    device = pennylane.device(
        "lightning.qubit", wires=qubits, c_dtype=np.complex64
    )

    @pennylane.qnode(device, interface="torch", diff_method="adjoint")
    def node(fed, trained):
        apply_to_pennylane(problem, fed, trained)
        return [pennylane.expval(pennylane.Z(q)) for q in range(qubits)]

    def expectations(fed, trained):
        return torch.stack(node(fed, trained), -1)

    return _eager(expectations, fed, trained, problem["threads"])


def pennylane(problem, fed, trained):
    """PennyLane's `default.qubit`, by back-propagation.

    A broadcast circuit. It starts from a prepared zero state in complex64,
    because the device's own is complex128 and up to twice as slow; its state
    is read out by one matrix of signs.
    """
    import pennylane
    import torch
    from circuit import apply_to_pennylane, z_signs

    qubits = problem["qubits"]
    device = pennylane.device("default.qubit", wires=qubits)
    signs = torch.from_numpy(z_signs(qubits))
    zero = torch.zeros(2**qubits, dtype=torch.complex64)
    zero[0] = 1

    @pennylane.qnode(device, interface="torch", diff_method="backprop")
    def state(fed, trained):
        pennylane.StatePrep(zero, wires=range(qubits), validate_norm=False)
        apply_to_pennylane(problem, fed, trained)
        return pennylane.state()

    def expectations(fed, trained):
        amplitudes = state(fed, trained)
        return (amplitudes.real**2 + amplitudes.imag**2) @ signs

    return _eager(expectations, fed, trained, problem["threads"])


def pyqtorch(problem, fed, trained):
    """pyqtorch in complex64, by back-propagation, state-vector readout.

    Faster than its `expectation` for each qubit and than its adjoint mode;
    its merged single-qubit gates gained nothing.
    """
    import warnings

    import pyqtorch
    import torch
    from circuit import gates, z_signs

    # PyTorch warns that complex modules are new.
    warnings.filterwarnings("ignore", message="Complex modules are")
    qubits = problem["qubits"]
    rotations = {"ry": pyqtorch.RY, "rz": pyqtorch.RZ}
    operations = [
        pyqtorch.CNOT(first, rest[0])
        if name == "cnot"
        else rotations[name](first, f"{rest[0]}{rest[1]}")
        for name, first, *rest in gates(qubits, problem["depth"])
    ]
    circuit = pyqtorch.QuantumCircuit(qubits, operations)
    circuit = circuit.to(dtype=torch.complex64)
    signs = torch.from_numpy(z_signs(qubits))

    def expectations(fed, trained):
        values = {
            f"{name}{i}": column
            for name, tensor in (("fed", fed), ("trained", trained))
            for i, column in enumerate(tensor.unbind(-1))
        }
        state = pyqtorch.run(circuit, values=values).reshape(2**qubits, -1)
        return (state.real**2 + state.imag**2).T @ signs

    return _eager(expectations, fed, trained, problem["threads"])


def _eager(expectations, fed, trained, threads):
    """Both functions of `expectations(fed, trained)` on tensors."""
    import torch

    torch.set_num_threads(threads)
    values = torch.from_numpy(fed), torch.from_numpy(trained)

    def forward():
        with torch.no_grad():
            return [expectations(*values).numpy()]

    def gradient():
        leaves = [value.clone().requires_grad_() for value in values]
        loss = expectations(*leaves).square().sum()
        loss.backward()
        return [x.numpy() for x in (loss.detach(), *(v.grad for v in leaves))]

    return forward, gradient
