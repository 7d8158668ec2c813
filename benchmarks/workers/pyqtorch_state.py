"""pyqtorch in complex64, by back-propagation, state-vector readout.

Faster than its `expectation` for each qubit and than its adjoint mode; its
merged single-qubit gates gained nothing.
"""

PACKAGES = ("pyqtorch", "torch")


def build(problem, fed, trained):
    import warnings

    import pyqtorch
    import torch
    from circuit import gates, z_signs
    from torch_steps import eager

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

    return eager(expectations, fed, trained, problem["threads"])
