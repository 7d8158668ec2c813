"""The peers on JAX: jitted, differentiated by back-propagation."""

import numpy as np

PACKAGES = {
    "pennylane": ("pennylane", "jax"),
    "tensorcircuit": ("tensorcircuit-ng", "jax"),
}


def tensorcircuit(problem, fed, trained):
    """TensorCircuit-NG: vmap, jit, state-vector readout, complex64.

    The squared parts of the state times one matrix of signs is faster than
    `expectation_ps` for each qubit, and than `abs(state) ** 2`.
    """
    import jax
    import tensorcircuit
    from circuit import gates, z_signs

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
    return _compiled(jax.vmap(one_example, axes), fed, trained)


def pennylane(problem, fed, trained):
    """PennyLane's `default.qubit`.

    The faster of two forms: below six qubits a broadcast circuit whose
    probabilities meet one matrix of signs, from there on `jax.vmap` over one
    example and its expectations (at eight qubits 40 against 72 ms).
    """
    import jax
    import jax.numpy as jnp
    import pennylane
    from circuit import apply_to_pennylane, z_signs

    qubits = problem["qubits"]
    device = pennylane.device("default.qubit", wires=qubits)
    node = pennylane.qnode(device, interface="jax", diff_method="backprop")

    @node
    def probabilities(fed, trained):
        apply_to_pennylane(problem, fed, trained)
        return pennylane.probs(wires=range(qubits))

    @node
    def expectations(fed, trained):
        apply_to_pennylane(problem, fed, trained)
        return [pennylane.expval(pennylane.Z(q)) for q in range(qubits)]

    if qubits < 6:
        signs = z_signs(qubits)
        return _compiled(
            lambda fed, trained: probabilities(fed, trained) @ signs,
            fed,
            trained,
        )
    axes = (0, None if problem["shared"] else 0)
    one_example = lambda fed, trained: jnp.stack(expectations(fed, trained))  # noqa: E731
    return _compiled(jax.vmap(one_example, axes), fed, trained)


def _compiled(expectations, fed, trained):
    """Both functions of a traceable `expectations(fed, trained)`, jitted."""
    import jax
    import jax.numpy as jnp

    values = jnp.asarray(fed), jnp.asarray(trained)
    outputs = jax.jit(expectations)
    gradients = jax.jit(
        jax.value_and_grad(
            lambda fed, trained: jnp.sum(expectations(fed, trained) ** 2),
            argnums=(0, 1),
        )
    )

    def forward():
        return [np.asarray(outputs(*values))]

    def gradient():
        loss, parts = gradients(*values)
        return [np.asarray(x) for x in (loss, *parts)]

    return forward, gradient
