"""Readout inversion and zero-noise extrapolation against exact values."""

import cirq
import numpy as np
import pytest
import sympy

from tests.reference import density_matrix_expectations
from tfq_hybrid.errors import UserError
from tfq_hybrid.hardware import (
    Device,
    Misread,
    ReadoutInversion,
    ZeroNoise,
    fold,
    invert_readout,
)
from tfq_hybrid.layers import ControlledPQC

A, B = cirq.LineQubit.range(2)
X = sympy.Symbol("x")
CIRCUIT = cirq.Circuit(cirq.ry(X)(A), cirq.CNOT(A, B), cirq.rx(0.4)(B))
OPERATORS = [cirq.Z(A) * cirq.Z(B), cirq.X(A) + 0.5 * cirq.Z(B)]
VALUE = np.array([[0.8]])


def exact(circuit=CIRCUIT):
    values = {"x": VALUE.item()}
    return density_matrix_expectations(circuit, OPERATORS, values)


class Misreading(cirq.Sampler):
    """A simulator that reads 1 for 0, and 0 for 1, with two probabilities."""

    def __init__(self, one_for_zero, zero_for_one, seed=1):
        self.errors = one_for_zero, zero_for_one
        self.simulator = cirq.Simulator(seed=seed)
        self.random = np.random.default_rng(seed)

    def run_sweep(self, program, params, repetitions=1):
        found = self.simulator.run_sweep(program, params, repetitions)
        return [
            cirq.ResultDict(
                params=one.params,
                records={
                    key: self.misread(bits) for key, bits in one.records.items()
                },
            )
            for one in found
        ]

    def misread(self, bits):
        flip = np.where(bits == 1, self.errors[1], self.errors[0])
        return bits ^ (self.random.random(bits.shape) < flip)


class OnGates(cirq.NoiseModel):
    """Depolarizes the qubits of each gate, and no idle ones."""

    def noisy_operation(self, operation):
        if cirq.is_measurement(operation):
            return operation
        return [operation, cirq.depolarize(0.02).on_each(*operation.qubits)]


def noisy_sampler():
    return cirq.DensityMatrixSimulator(noise=OnGates(), seed=1)


def test_the_inverse_of_a_confusion_matrix():
    found = invert_readout([0.9, 0.1], Misread(0.1, 0.3))
    np.testing.assert_allclose(found, [1, 0], atol=1e-12)
    # Beyond 0 and 1, as unbiased means need it.
    beyond = invert_readout([0.95, 0.05], Misread(0.1, 0.3))
    np.testing.assert_allclose(beyond, [1.083333, -0.083333], atol=1e-6)


@pytest.mark.parametrize("repetitions", [20_000, (5_000, 45_000)])
def test_readout_inversion_gives_the_exact_means(repetitions):
    sampler = Misreading(0.1, 0.3)
    plain = ControlledPQC(
        CIRCUIT, OPERATORS, backend=sampler, repetitions=20_000
    )
    device = Device(sampler, mitigation=[ReadoutInversion(repetitions)])
    layer = ControlledPQC(
        CIRCUIT, OPERATORS, backend=device, repetitions=20_000
    )
    found = layer(VALUE).numpy()[0]
    np.testing.assert_allclose(found, exact(), atol=0.06)
    assert np.abs(plain(VALUE).numpy()[0] - exact()).max() > 0.2
    jobs = device.jobs
    layer(VALUE)
    assert device.jobs == jobs + 1  # calibrated once


def test_a_qubit_that_reads_nothing_is_refused():
    device = Device(Misreading(0.5, 0.5), mitigation=[ReadoutInversion(2_000)])
    layer = ControlledPQC(CIRCUIT, OPERATORS, backend=device, repetitions=10)
    with pytest.raises(UserError, match="tells 0 from 1"):
        layer(VALUE)


def test_folded_circuits_do_the_same_with_more_gates():
    circuit = cirq.testing.random_circuit(
        3,
        8,
        0.7,
        random_state=3,
        gate_domain={cirq.CZ: 2, cirq.T: 1, cirq.H: 1},
    )
    count = len([*circuit.all_operations()])
    twos = [o for o in circuit.all_operations() if len(o.qubits) == 2]
    for factor in (1, 1.7, 2, 3, 4.4, 5):
        found, reached = fold(circuit, factor)
        cirq.testing.assert_allclose_up_to_global_phase(
            cirq.unitary(found), cirq.unitary(circuit), atol=1e-8
        )
        assert len([*found.all_operations()]) == round(reached * count)
        assert abs(reached - factor) <= 1 / count + 1e-9
    found, _ = fold(circuit, 3)
    folded = [o for o in found.all_operations() if len(o.qubits) == 2]
    assert len(folded) == 3 * len(twos) > 0


def test_three_gates_at_factor_two():
    circuit = cirq.Circuit(cirq.X(A) ** 0.2 for _ in range(3))
    _, reached = fold(circuit, 2)
    assert reached in (pytest.approx(5 / 3), pytest.approx(7 / 3))
    factors = [1, reached, 3]
    means = [1 - 0.1 * one for one in factors]
    zero = ZeroNoise().extrapolate(factors, means, np.full(3, 0.01))
    assert zero.values == pytest.approx(1.0)


def test_measurements_keep_their_place():
    circuit = cirq.Circuit(
        cirq.X(A),
        cirq.measure(A, key="a"),
        cirq.X(B).with_classical_controls("a"),
        cirq.measure(A, B, key="b"),
    )
    found, reached = fold(circuit, 3)
    result = cirq.Simulator().run(found, repetitions=5)
    assert reached == 3
    np.testing.assert_array_equal(result.measurements["a"], [[1]] * 5)
    np.testing.assert_array_equal(result.measurements["b"], [[1, 1]] * 5)


@pytest.mark.parametrize("fit", ["linear", "richardson", "exponential"])
def test_zero_noise_is_nearer_to_the_exact_means(fit):
    sampler = noisy_sampler()
    plain = ControlledPQC(
        CIRCUIT, OPERATORS, backend=sampler, repetitions=40_000
    )
    device = Device(sampler, mitigation=[ZeroNoise(fit=fit)])
    layer = ControlledPQC(
        CIRCUIT, OPERATORS, backend=device, repetitions=40_000
    )
    found = layer(VALUE).numpy()[0] - exact()
    before = plain(VALUE).numpy()[0] - exact()
    assert np.abs(found).max() < 0.6 * np.abs(before).max()
    assert np.all(device.last_errors < 0.05)


def test_errors_are_those_of_repeated_runs():
    device = Device(noisy_sampler(), mitigation=[ZeroNoise()])
    layer = ControlledPQC(
        CIRCUIT, OPERATORS[0], backend=device, repetitions=200
    )
    found = [layer(VALUE).numpy().item() for _ in range(40)]
    assert np.std(found) == pytest.approx(device.last_errors.item(), rel=0.4)


@pytest.mark.parametrize("fit", ["linear", "richardson", "exponential"])
@pytest.mark.parametrize("constant", [0.7, -0.7])
def test_a_constant_stays(fit, constant):
    found = ZeroNoise(fit=fit).extrapolate(
        [1, 2, 3], np.full(3, constant), np.full(3, 0.01)
    )
    assert found.values == pytest.approx(constant)
    assert 0 < found.errors < 0.1


def test_an_exponential_whose_sign_is_not_clear_is_a_line():
    means = np.array([0.02, -0.01, 0.01])
    errors = np.full(3, 0.05)
    found = ZeroNoise(fit="exponential").extrapolate([1, 2, 3], means, errors)
    line = ZeroNoise().extrapolate([1, 2, 3], means, errors)
    assert found.values == pytest.approx(line.values)


@pytest.mark.parametrize(
    "factors, fit, message",
    [
        ((1,), "linear", "two factors"),
        ((1, 0.5), "linear", "from 1"),
        ((1, 3, 3), "linear", "different factors"),
        (tuple(np.linspace(1, 3, 20)), "richardson", "times as large"),
        ((1, 1.01), "linear", "times as large"),
        ((1, 3), "cubic", "fit"),
    ],
)
def test_factors_that_say_nothing_are_refused(factors, fit, message):
    with pytest.raises(UserError, match=message):
        ZeroNoise(factors, fit)


def test_both_together_under_known_noise():
    class Both(Misreading):
        def __init__(self):
            super().__init__(0.05, 0.1)
            self.simulator = cirq.DensityMatrixSimulator(
                noise=OnGates(), seed=2
            )

    device = Device(Both(), mitigation=[ReadoutInversion(40_000), ZeroNoise()])
    layer = ControlledPQC(
        CIRCUIT, OPERATORS, backend=device, repetitions=40_000
    )
    np.testing.assert_allclose(layer(VALUE).numpy()[0], exact(), atol=0.05)
