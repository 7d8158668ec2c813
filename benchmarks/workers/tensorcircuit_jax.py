"""TensorCircuit-NG on JAX: vmap, jit, state-vector readout, complex64.

The squared parts of the state times one matrix of signs is faster than
`expectation_ps` for each qubit, and than `abs(state) ** 2`.
"""

PACKAGES = ("tensorcircuit-ng", "jax")


def build(problem, fed, trained):
    import jax
    import tensorcircuit
    from circuit import gates, z_signs
    from jax_steps import compiled

    tensorcircuit.set_backend("jax")
    tensorcircuit.set_dtype("complex64")
    qubits = problem["qubits"]
    signs = z_signs(qubits)

    def one_example(fed, trained):
        circuit = tensorcircuit.Circuit(qubits)
        values = {"fed": fed, "trained": trained}
        for name, first, *rest in gates(qubits, problem["depth"]):
            if name == "cnot":
                circuit.cnot(first, rest[0])
            else:
                source, index = rest
                getattr(circuit, name)(first, theta=values[source][index])
        state = circuit.state()
        return (state.real**2 + state.imag**2) @ signs

    axes = (0, None if problem["shared"] else 0)
    return compiled(jax.vmap(one_example, axes), fed, trained)
