"""What every implementation is asked to compute, and the right answer.

The circuit is RY(x) on each qubit and `depth` layers of RY, RZ and a ring of
CNOT; the outputs are Z on each qubit. The gradient is that of the sum of all
squared outputs, with respect to inputs and weights. A sum and no mean:
TensorFlow Quantum's adjoint gradient leaves out terms whose coefficient is
below 1e-5, as those of a mean over a large batch are.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from benchmarks.workers.circuit import gates, z_signs


@dataclasses.dataclass(frozen=True)
class Problem:
    """One size of the benchmark's circuit.

    Args:
        qubits: In the circuit.
        depth: Layers of the ansatz.
        batch: Examples in one call.
        shared: Whether the batch shares the ansatz's angles, as trained
            weights are; else every example has its own.
        execution: `"exact"`, `"shots"` (1,024 for each output) or
            `"noise"` (depolarizing, 0.01 on every qubit after every moment;
            TensorFlow Quantum averages 1,024 trajectories).

    Example:

    >>> Problem(qubits=4, depth=2, batch=512).title
    '4 qubits, depth 2, batch 512'
    """

    qubits: int
    depth: int
    batch: int
    shared: bool = True
    execution: str = "exact"

    @property
    def title(self):
        """The sizes in words."""
        fed = "" if self.shared else ", every value fed"
        kind = "" if self.execution == "exact" else f", {self.execution}"
        return (
            f"{self.qubits} qubits, depth {self.depth}, "
            f"batch {self.batch:,}{fed}{kind}"
        )

    def values(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and weights: angles in radians, standard normal, float32.

        Of shape (batch, qubits) and (weights,), the latter (batch, weights)
        where nothing is shared.
        """
        generator = np.random.default_rng(seed)
        weights = 2 * self.qubits * self.depth
        shape = weights if self.shared else (self.batch, weights)
        return tuple(
            generator.normal(size=size).astype("float32")
            for size in ((self.batch, self.qubits), shape)
        )


def reference(
    problem: Problem,
    fed: np.ndarray,
    trained: np.ndarray,
    examples: Sequence[int],
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs and input gradients of some examples, in float64 by NumPy.

    The gradient by the parameter-shift rule of a rotation: half the
    difference of the outputs at angles a half pi up and down (Mitarai et
    al. 2018, arXiv 1803.00745). Both are of shape (examples, qubits).
    """
    fed = fed[examples].astype("float64")
    trained = trained.astype("float64")
    trained = trained if problem.shared else trained[examples]
    noisy = problem.execution == "noise"
    expectations = _noisy_expectations if noisy else _expectations
    outputs = expectations(problem, fed, trained)
    gradient = np.zeros_like(fed)
    for qubit in range(problem.qubits):
        shift = np.zeros(problem.qubits)
        shift[qubit] = math.pi / 2
        up = expectations(problem, fed + shift, trained)
        down = expectations(problem, fed - shift, trained)
        gradient[:, qubit] = np.sum(outputs * (up - down), axis=1)
    return outputs, gradient


def _noisy_expectations(problem, fed, trained):
    """The same by Cirq's density matrices."""
    import cirq

    from benchmarks.workers.on_tensorflow import make_circuit, make_spec

    fields = dataclasses.asdict(problem)
    spec, circuit = make_spec(fields), make_circuit(fields)
    simulator = cirq.DensityMatrixSimulator(dtype=np.complex128)
    result = []
    for row in fed:
        values = dict(zip(spec.features, row.tolist(), strict=True))
        values |= dict(zip(spec.weights, trained.tolist(), strict=True))
        matrix = simulator.simulate(circuit, values).final_density_matrix
        probabilities = np.diagonal(matrix).real
        result.append(probabilities @ z_signs(problem.qubits))
    return np.array(result)


def _expectations(problem, fed, trained):
    """Expectations of Z on each qubit, gate by gate on the state vector."""
    qubits, index = problem.qubits, np.arange(2**problem.qubits)
    state = np.zeros((len(fed), 2**qubits), complex)
    state[:, 0] = 1
    values = {"fed": fed, "trained": trained}
    for name, first, *rest in gates(qubits, problem.depth):
        if name == "cnot":
            control = (index >> (qubits - 1 - first)) & 1
            state = state[:, index ^ (control << (qubits - 1 - rest[0]))]
            continue
        source, number = rest
        half = values[source][..., number] / 2
        half = np.reshape(half, (-1, 1, 1))  # one for each example, or one
        view = state.reshape(len(fed), 2**first, 2, -1)
        zero, one = view[:, :, 0], view[:, :, 1]
        if name == "ry":
            cos, sin = np.cos(half), np.sin(half)
            rows = cos * zero - sin * one, sin * zero + cos * one
        else:
            phase = np.exp(1j * half)
            rows = zero / phase, one * phase
        state = np.stack(rows, axis=2).reshape(len(fed), -1)
    return np.abs(state) ** 2 @ z_signs(qubits)
