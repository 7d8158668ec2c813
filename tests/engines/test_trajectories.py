"""Trajectories against density matrices."""

import cirq
import numpy as np
import pytest
import tensorflow as tf

from tests.engines.test_noise import CHANNELS
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.estimated import EstimatedEngine
from tfq_hybrid.engines.gradients import as_gradient_method
from tfq_hybrid.engines.noise.pauli_frames import (
    PauliTrajectoryEngine,
    make_trajectories,
)
from tfq_hybrid.engines.noise.trajectories import TrajectoryEngine
from tfq_hybrid.engines.shots import Terms

SEED = tf.constant([3, 4])
PAULI_CHANNELS = [
    cirq.depolarize(0.1),
    cirq.bit_flip(0.2),
    cirq.phase_flip(0.15),
    cirq.phase_damp(0.25),
    cirq.asymmetric_depolarize(0.1, 0.05, 0.2),
]


def noisy_program(channel):
    spec = CircuitSpec(qubits=2, depth=1, observables=("Z0", "X0*Y1"))
    noise = channel.on_each(*spec.qids)
    circuit = spec.circuit + noise + cirq.H.on_each(*spec.qids) + noise
    return Program(circuit, spec.operators, spec.features, spec.weights)


def inputs_of(program, batch):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(batch, len(program.features)))
    weights = generator.normal(size=len(program.weights))
    return tf.constant(features, tf.float32), tf.constant(weights, tf.float32)


@pytest.mark.parametrize(
    "kind,channel",
    [(TrajectoryEngine, channel) for channel in CHANNELS]
    + [(PauliTrajectoryEngine, channel) for channel in PAULI_CHANNELS],
    ids=str,
)
@pytest.mark.parametrize("sample_based", [False, True])
def test_means_equal_density_matrices(kind, channel, sample_based):
    program = noisy_program(channel)
    is_pauli = type(make_trajectories(program, 1)) is PauliTrajectoryEngine
    assert is_pauli == (channel in PAULI_CHANNELS)
    features, weights = inputs_of(program, batch=2)
    exact = BatchedEngine(program)(features, weights).numpy()
    sample = Terms(program.operators).sample if sample_based else None
    engine = tf.function(kind(program, 20_000, sample))
    result = engine(features, weights, seed=SEED).numpy()
    # No expectation spreads more than a sign: 5 sigma of 20,000 signs.
    assert np.max(np.abs(result - exact)) < 5 / np.sqrt(20_000)
    np.testing.assert_array_equal(engine(features, weights, seed=SEED), result)
    if sample_based:
        assert np.any(engine(features, weights, seed=SEED + 1) != result)


def test_no_noise_is_exact():
    program = noisy_program(cirq.depolarize(0.0))
    features, weights = inputs_of(program, batch=3)
    result = TrajectoryEngine(program, 3)(features, weights, seed=SEED)
    expected = BatchedEngine(program)(features, weights)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_any_number_of_trajectories():
    # Chunks of 2**18 amplitudes: 9 qubits and 3 examples run 170 at once.
    spec = CircuitSpec(qubits=9, depth=1, observables=("Z0",))
    circuit = spec.circuit + cirq.bit_flip(0.5)(spec.qids[0])
    one = cirq.PauliSum.wrap(cirq.PauliString())
    operators = (*spec.operators, one)
    program = Program(circuit, operators, spec.features, spec.weights)
    features, weights = inputs_of(program, batch=3)
    for kind in (TrajectoryEngine, PauliTrajectoryEngine):
        engine = tf.function(kind(program, 401))
        result = engine(features, weights, seed=SEED).numpy()
        assert np.max(np.abs(result[:, 0])) < 5 / 20
        np.testing.assert_allclose(result[:, 1], 1.0, atol=1e-5)


@pytest.mark.parametrize(
    "channel", [cirq.amplitude_damp(0.2), cirq.depolarize(0.2)], ids=str
)
def test_parameter_shift_along_trajectories_is_unbiased(channel):
    program = noisy_program(channel)
    features, weights = inputs_of(program, batch=2)
    engine = EstimatedEngine(
        program,
        as_gradient_method("parameter_shift"),
        repetitions=4000,
        trajectories=True,
        sample_based=False,
    )
    results = []
    for one in (BatchedEngine(program), engine):

        @tf.function
        def gradients(features, weights, one=one):
            with tf.GradientTape() as tape:
                tape.watch((features, weights))
                loss = tf.reduce_sum(one(features, weights, seed=SEED))
            return tape.gradient(loss, (features, weights))

        results.append(gradients(features, weights))
    for expected, actual in zip(*results, strict=True):
        np.testing.assert_allclose(actual, expected, atol=0.08)
