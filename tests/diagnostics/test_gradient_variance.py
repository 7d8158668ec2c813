"""The gradient variance and its decay, against known values."""

import cirq
import numpy as np
import pytest
import sympy
from scipy import stats

from tests.diagnostics.haar import haar_states
from tests.reference import finite_difference
from tfq_hybrid.circuits import CircuitSpec, preset
from tfq_hybrid.diagnostics import (
    Estimate,
    RandomCircuit,
    fit_decay,
    gradient_variance,
)
from tfq_hybrid.diagnostics.gradient_variance import random_gradient_variance

QUBIT = cirq.GridQubit(0, 0)
A, B = sympy.symbols("a b")


def rotations(qubits):
    """RX with a weight of its own on every qubit."""
    qids = cirq.LineQubit.range(qubits)
    names = [sympy.Symbol(f"w{q}") for q in range(qubits)]
    turns = zip(names, qids, strict=True)
    return RandomCircuit(cirq.Circuit(cirq.rx(w)(q) for w, q in turns))


def projector(qids):
    """|0...0><0...0| = the product of (1 + Z) / 2."""
    total = cirq.PauliSum.from_pauli_strings([cirq.PauliString()])
    for qid in qids:
        total = total * (0.5 + 0.5 * cirq.Z(qid))
    return total


@pytest.mark.parametrize("qubits", [1, 3, 6])
def test_product_of_cosines(qubits):
    """<Z...Z> = prod cos(w): the gradient's variance is (1/2)**n.

    The mean of sin**2 is 1/2, and so is that of each cos**2.
    """
    found = gradient_variance(rotations(qubits), "global", 4000)
    assert found.low < 0.5**qubits < found.high
    assert found.more["weights"] == qubits


def test_published_plateau():
    """Cerezo et al. 2021, warm-up example: (1/8) (3/8)**(n - 1).

    Of 1 - |<0...0|psi>|**2 after a layer of RX.
    """
    found = {}
    for qubits in (1, 2, 3, 4):
        circuit = rotations(qubits)
        found[qubits] = gradient_variance(
            circuit, 1 - projector(circuit.qids), 4000, seed=qubits
        )
        exact = (1 / 8) * (3 / 8) ** (qubits - 1)
        assert found[qubits].low < exact < found[qubits].high
    fit = fit_decay(found)
    assert fit["low"] < np.log2(8 / 3) < fit["high"]
    assert fit["high"] - fit["low"] < 0.2


def test_local_observable_has_no_plateau():
    """<Z_0> = cos(w_0) whatever the number of qubits; one weight is felt."""
    found = {n: gradient_variance(rotations(n), "Z0", 2000) for n in (2, 4, 6)}
    assert all(one.more["weights"] == 1 for one in found.values())
    fit = fit_decay(found)
    assert fit["low"] <= fit["rate"] <= fit["high"]
    assert abs(fit["rate"]) < 0.02


def test_gradients_against_finite_differences():
    spec = preset("hybrid_bert", qubits=3, depth=2)
    circuit = RandomCircuit(spec)
    observable = cirq.Z(circuit.qids[0]) * cirq.X(circuit.qids[2])
    found = circuit.gradients(2, np.random.default_rng(4), observable)
    angles = np.random.default_rng(4).uniform(0, 2 * np.pi, found.shape)
    simulator = cirq.Simulator(dtype=np.complex128)

    def expectation(weights):
        values = dict.fromkeys(spec.features, 0.0)
        values |= dict(zip(spec.weights, weights, strict=True))
        return simulator.simulate_expectation_values(
            spec.circuit, [observable], cirq.ParamResolver(values)
        )[0].real

    expected = [finite_difference(expectation, row) for row in angles]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_fit_leaves_zeros_out():
    def exact(value):
        return Estimate(value, value, value, {"replicates": [value] * 5})

    fit = fit_decay({2: exact(0.25), 3: exact(0.0), 4: exact(0.0625)})
    assert fit["rate"] == pytest.approx(1)
    assert fit["qubits"] == [2, 4]
    assert fit["scatter"] is None  # two points lie on their line
    assert fit_decay({2: exact(0.25), 3: exact(0.0)}) is None
    # One halving above, two below, one above a line of slope 0.
    bent = fit_decay({2: exact(2.0), 3: exact(0.25), 4: exact(2.0)})
    assert bent["rate"] == pytest.approx(0)
    assert bent["scatter"] == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_gradient_variance_of_haar_circuits(qubits):
    size, count = 2**qubits, 20_000
    rest = np.eye(size // 2)
    word = np.kron(np.diag([1, -1]), rest)
    generator = np.kron(rest, [[0, 1], [1, 0]])
    after = stats.unitary_group.rvs(size, count, 1)
    turned = after.conj().swapaxes(1, 2) @ word @ after
    commutators = 0.5j * (generator @ turned - turned @ generator)
    states = haar_states(qubits, count, 2)
    gradients = np.einsum("si,sij,sj->s", states.conj(), commutators, states)
    expected = random_gradient_variance(qubits)
    assert np.var(gradients.real) == pytest.approx(expected, rel=0.05)


def test_starts_of_a_deep_circuit():
    """Uniform angles reach the Haar value, the other starts stay above it."""
    variances = {}
    for initialization in ("uniform", "small_angles", "identity_blocks"):
        spec = CircuitSpec(
            qubits=5,
            ansatz=("ry", "cnot", "rx"),
            depth=16,
            mirror=2,
            initialization=initialization,
        )
        circuit = RandomCircuit(spec, features="random")
        variances[initialization] = gradient_variance(circuit, samples=200)
    haar = random_gradient_variance(5)
    assert variances["uniform"].value == pytest.approx(haar, rel=0.15)
    assert variances["small_angles"].low > 1.5 * haar
    assert variances["identity_blocks"].low > 5 * haar
    # From the zero state, which Z leaves as it is, blocks have no gradient.
    still = gradient_variance(RandomCircuit(spec), samples=20)
    assert (still.value, still.more["weights"]) == (0, 0)
