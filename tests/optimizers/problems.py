"""A four-qubit problem: the ground energy of an Ising chain."""

import itertools

import cirq
import numpy as np
import sympy

from tfq_hybrid.layers import ControlledPQC

QUBITS = cirq.LineQubit.range(4)


def hamiltonian():
    terms = [-cirq.Z(a) * cirq.Z(b) for a, b in itertools.pairwise(QUBITS)]
    return sum(terms, cirq.PauliSum()) - sum(map(cirq.X, QUBITS))


def ground_energy():
    return np.linalg.eigvalsh(hamiltonian().matrix(QUBITS)).min()


def ansatz():
    """Two layers of rotations and gates that entangle: 14 weights."""
    circuit = cirq.Circuit(cirq.rx(sympy.Symbol("x"))(QUBITS[0]))
    for layer in range(2):
        for place, qubit in enumerate(QUBITS):
            circuit += cirq.ry(sympy.Symbol(f"w{layer}_{place}"))(qubit)
        for place, pair in enumerate(itertools.pairwise(QUBITS)):
            angle = sympy.Symbol(f"w{layer}_zz{place}")
            circuit += cirq.ZZPowGate(exponent=angle / np.pi)(*pair)
            circuit += cirq.CNOT(*pair)
    return circuit


def layer(**arguments):
    circuit = ansatz()
    trained = sorted(cirq.parameter_names(circuit) - {"x"})
    arguments = {"engine": "batched", **arguments}
    return ControlledPQC(
        circuit, hamiltonian(), trained_symbols=trained, **arguments
    )


def start(count):
    return np.random.default_rng(3).uniform(-0.5, 0.5, count)
