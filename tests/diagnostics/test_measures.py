"""The measures, against values that are known analytically."""

import itertools

import cirq
import numpy as np
import pytest
import sympy

from tests.diagnostics.haar import haar_states
from tfq_hybrid.circuits import CircuitSpec, preset
from tfq_hybrid.diagnostics import (
    RandomCircuit,
    divergence,
    entangling_capability,
    expressibility,
    fidelities,
    gradient_variance,
    meyer_wallach,
    random_circuit,
)
from tfq_hybrid.diagnostics.entanglement import random_entanglement
from tfq_hybrid.diagnostics.expressibility import haar_log_masses
from tfq_hybrid.errors import UserError

QUBIT = cirq.GridQubit(0, 0)
A, B = sympy.symbols("a b")


def one_qubit(*gates):
    return RandomCircuit(cirq.Circuit(gate(QUBIT) for gate in gates))


# Expressibility. Sim et al. 2019, Fig. 1: about 4.30, 0.22, 0.02 and 0.007
# for the idle circuit, H RZ, H RZ RX, and a Haar-random gate.


def arcsine_divergence(bins):
    """Of H RZ(a): F = cos((a - b) / 2)**2, whose law is the arcsine one."""
    edges = np.arcsin(np.sqrt(np.linspace(0, 1, bins + 1))) * 2 / np.pi
    shares = np.diff(edges)
    return np.sum(shares * np.log(shares * bins))


def sphere_divergence(bins, points=160):
    """Of H RZ(a) RX(b): Bloch vectors (cos a, sin a cos b, sin a sin b)."""
    turn = (np.arange(points) + 0.5) * 2 * np.pi / points
    first, second, gap = np.meshgrid(turn, turn + 0.01, turn)
    inner = np.cos(first) * np.cos(second)
    inner += np.sin(first) * np.sin(second) * np.cos(gap)
    counts, _ = np.histogram((1 + inner) / 2, bins, (0, 1))
    shares = counts / counts.sum()
    return np.sum(shares * np.log(shares * bins))


def test_idle_circuit():
    found = expressibility(one_qubit(cirq.I), pairs=500)
    # All fidelities are 1, in a bin of Haar mass 1/75.
    assert found.value == pytest.approx(np.log(75))
    assert found.low == found.high == pytest.approx(np.log(75))
    idle = RandomCircuit(cirq.Circuit(cirq.I.on_each(*cirq.LineQubit.range(3))))
    assert expressibility(idle, 10).value == pytest.approx(7 * np.log(75))


def test_one_qubit_circuits_in_the_published_order():
    equator = expressibility(one_qubit(cirq.H, cirq.rz(A)), seed=1)
    assert equator.low < arcsine_divergence(75) < equator.high
    assert equator.value == pytest.approx(0.22, abs=0.02)
    sphere = expressibility(one_qubit(cirq.H, cirq.rz(A), cirq.rx(B)), seed=1)
    assert sphere.low < sphere_divergence(75) < sphere.high
    assert sphere.value == pytest.approx(0.02, abs=0.01)
    haar = [haar_states(1, 5000, seed) for seed in (1, 2)]
    random = divergence(fidelities(*haar), qubits=1)
    assert random.low == 0.0
    assert random.value < 0.003
    assert random.more["plug_in"] == pytest.approx(0.007, abs=0.003)
    idle = expressibility(one_qubit(cirq.I), pairs=100)
    assert random.high < sphere.low < sphere.high < equator.low
    assert equator.high < idle.low


def test_intervals_of_expressibility_hold_the_truth():
    exact = arcsine_divergence(20)
    circuit = one_qubit(cirq.H, cirq.rz(A))
    hits = 0
    for seed in range(100):
        found = expressibility(circuit, 500, seed, bins=20, resamples=200)
        hits += found.low <= exact <= found.high
    assert hits >= 86  # of 95 expected: below it once in 10,000


def test_bias_is_subtracted():
    """The mean over many small samples is the exact value."""
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, np.pi, (400, 200))
    found = [
        divergence(row, 1, bins=20, resamples=1) for row in np.cos(angles) ** 2
    ]
    plug_in = np.mean([one.more["plug_in"] for one in found])
    value = np.mean([one.value for one in found])
    exact = arcsine_divergence(20)
    assert plug_in > exact + 0.03
    assert value == pytest.approx(exact, abs=0.01)


def test_haar_masses():
    for qubits in (1, 2, 5):
        size = 2**qubits
        masses = np.exp(haar_log_masses(qubits, 75))
        assert masses.sum() == pytest.approx(1)
        states = haar_states(qubits, 4000, 3)
        shares, _ = np.histogram(np.abs(states[:, 0]) ** 2, 75, (0, 1))
        assert np.abs(shares / 4000 - masses).max() < 0.02
        assert masses[0] == pytest.approx(1 - (74 / 75) ** (size - 1))
    # Beyond the smallest float.
    assert haar_log_masses(12, 75)[-1] == pytest.approx(-4095 * np.log(75))


def test_fidelities():
    states = haar_states(2, 6, 0)
    found = fidelities(states[:3], states[3:])
    expected = [
        cirq.fidelity(a, b) for a, b in zip(states[:3], states[3:], strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)


# Entanglement.


@pytest.mark.parametrize("qubits", [1, 2, 3, 6])
def test_product_states_have_none(qubits):
    spec = CircuitSpec(qubits=qubits, entanglement="none", depth=2)
    found = entangling_capability(RandomCircuit(spec), samples=50)
    assert found.value == pytest.approx(0, abs=1e-5)
    assert found.high < 1e-5


@pytest.mark.parametrize("qubits", [2, 3, 6])
def test_ghz_states_have_one(qubits):
    qids = cirq.LineQubit.range(qubits)
    circuit = cirq.Circuit(cirq.H(qids[0]))
    circuit += [cirq.CNOT(a, b) for a, b in itertools.pairwise(qids)]
    found = entangling_capability(RandomCircuit(circuit), samples=5)
    assert found.value == pytest.approx(1, abs=1e-5)


def test_w_state_and_half_entangled_registers():
    # Meyer and Wallach: W has Q = 8/9; a Bell pair beside a free qubit 2/3.
    w = np.zeros((1, 8))
    w[0, [1, 2, 4]] = 1 / np.sqrt(3)
    assert meyer_wallach(w) == pytest.approx(8 / 9)
    bell = np.array([1, 0, 0, 1]) / np.sqrt(2)
    pair = np.kron(bell, [0.6, 0.8j])[np.newaxis]
    assert meyer_wallach(pair) == pytest.approx(2 / 3)


def test_meyer_wallach_against_cirq():
    states = haar_states(4, 3, 5)
    for state, found in zip(states, meyer_wallach(states), strict=True):
        purity = [
            np.trace(np.linalg.matrix_power(rho, 2)).real
            for rho in (
                cirq.density_matrix_from_state_vector(state, [q])
                for q in range(4)
            )
        ]
        assert found == pytest.approx(2 * (1 - np.mean(purity)), abs=1e-6)


def test_mean_of_a_known_circuit():
    """RY(a), CNOT: cos|00> + sin|11>, so that Q = sin(a)**2, mean 1/2."""
    left, right = cirq.GridQubit.rect(1, 2)
    circuit = cirq.Circuit(cirq.ry(A)(left), cirq.CNOT(left, right))
    found = entangling_capability(RandomCircuit(circuit), 4000)
    assert found.low < 0.5 < found.high
    # A mean of numbers of variance 1/8.
    width = 2 * 1.96 * np.sqrt(1 / 8 / 4000)
    assert found.high - found.low == pytest.approx(width, rel=0.15)


def test_haar_mean():
    """(N - 2) / (N + 1) (Scott 2004, arXiv quant-ph/0310137)."""
    found = meyer_wallach(haar_states(3, 4000, 8)).mean()
    assert found == pytest.approx(6 / 9, abs=0.01)


# The circuits.


def test_states_against_cirq():
    spec = preset("qffn", qubits=3)
    found = RandomCircuit(spec).states(3, np.random.default_rng(0))
    angles = np.random.default_rng(0).uniform(
        0, 2 * np.pi, (3, len(spec.weights))
    )
    for state, weights in zip(found, angles, strict=True):
        values = dict.fromkeys(spec.features, 0.0)
        values |= dict(zip(spec.weights, weights, strict=True))
        final = cirq.Simulator().simulate(spec.circuit, values)
        assert cirq.fidelity(final.final_state_vector, state) > 1 - 1e-5


def test_features_are_drawn_only_when_asked():
    spec = CircuitSpec(qubits=2, ansatz=("rz",), entanglement="none")
    idle = expressibility(RandomCircuit(spec), 50)
    fed = expressibility(RandomCircuit(spec, "random"), 50)
    assert idle.value == pytest.approx(3 * np.log(75), rel=1e-5)
    assert fed.value < 2
    amplitudes = preset("qaa", qubits=2)
    states = RandomCircuit(amplitudes, "random").states(
        4000, np.random.default_rng(1)
    )
    # Real states are turned by RX only: all Haar means of |amplitude|**2.
    assert np.mean(np.abs(states) ** 2, axis=0) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("circuit", ["qffn", preset("qaa", qubits=3)])
def test_chunks_change_nothing(circuit, monkeypatch):
    circuit = RandomCircuit(circuit, "random")
    whole = circuit.states(7, np.random.default_rng(3))
    monkeypatch.setattr(RandomCircuit, "_chunk", lambda self, size: 3)
    parts = circuit.states(7, np.random.default_rng(3))
    np.testing.assert_allclose(whole, parts, atol=1e-6)


def test_batches_of_wide_circuits(monkeypatch):
    """States are dropped as soon as they are measured."""
    monkeypatch.setattr(random_circuit, "_BATCH_AMPLITUDES", 2**6)
    circuit = RandomCircuit("qffn")
    sizes = []
    states = circuit.states

    def counted(count, rng):
        sizes.append(count)
        return states(count, rng)

    monkeypatch.setattr(circuit, "states", counted)
    found = expressibility(circuit, pairs=9)
    assert sizes == [4, 4, 4, 4, 1, 1]
    assert found.low <= found.value <= found.high
    sizes.clear()
    assert 0 < entangling_capability(circuit, samples=6).value < 1
    assert sizes == [4, 2]


def test_adjoint_gradient_where_states_do_not_fit(monkeypatch):
    circuit = RandomCircuit(preset("qffn", qubits=3), "random")
    observable = cirq.Z(circuit.qids[0])
    kept = circuit.gradients(4, np.random.default_rng(2), observable)
    monkeypatch.setattr(random_circuit, "_CHUNK_BYTES", 2**10)
    walked = circuit.gradients(4, np.random.default_rng(2), observable)
    np.testing.assert_allclose(kept, walked, atol=1e-12)


@pytest.mark.parametrize(
    "make,message",
    [
        (lambda: RandomCircuit("qfn"), "Did you mean 'qffn'"),
        (lambda: RandomCircuit("qffn", "zeros"), "Did you mean 'zero'"),
        (lambda: RandomCircuit(cirq.Circuit()), "with qubits"),
        (lambda: one_qubit(cirq.measure), "without measurements"),
        (lambda: one_qubit(cirq.depolarize(0.1)), "channels"),
        (lambda: RandomCircuit(preset("qffn", qubits=50)), "nearest valid"),
        (lambda: expressibility(one_qubit(cirq.H), pairs=1), "pairs=1"),
        (lambda: expressibility(one_qubit(cirq.H), bins=1), "bins=1"),
        (lambda: divergence([0.5, 1.5], 1), "from 0 to 1"),
        (lambda: meyer_wallach(np.ones((1, 3))), "states of 3"),
        (lambda: gradient_variance(one_qubit(cirq.H)), "weights of the"),
        (lambda: gradient_variance(RandomCircuit("qffn"), "Z7"), "Z7"),
        (
            lambda: gradient_variance(RandomCircuit("qffn"), samples=1),
            "samples=1",
        ),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(UserError, match=message):
        make()


def test_random_states_have_the_entanglement_that_is_told():
    rng = np.random.default_rng(0)
    for qubits in (2, 3):
        size = 2**qubits
        states = rng.normal(size=(20000, size, 2)) @ [1, 1j]
        states /= np.linalg.norm(states, axis=1, keepdims=True)
        found = meyer_wallach(states).mean()
        assert found == pytest.approx(random_entanglement(qubits), abs=5e-3)


def test_a_product_state_has_no_entanglement():
    spec = preset("qffn", qubits=3, entanglement="none")
    states = RandomCircuit(spec).states(50, np.random.default_rng(0))
    assert not meyer_wallach(states).any()
