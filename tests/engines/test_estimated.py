import cirq
import numpy as np
import pytest
import scipy.stats
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.engines import Program
from tfq_hybrid.engines.batched.engine import BatchedEngine
from tfq_hybrid.engines.batched.estimated import EstimatedEngine
from tfq_hybrid.engines.gradients import (
    GRADIENTS,
    SPSA,
    CentralDifference,
    as_gradient_method,
)
from tfq_hybrid.engines.gradients.parameter_shift import (
    gate_frequencies,
    parameter_shift,
)
from tfq_hybrid.errors import UserError

SEED = tf.constant([1, 2])


def many_gates_program():
    """Gates with one, two and more frequencies, symbols in several gates."""
    q = cirq.LineQubit.range(3)
    x, y, w, v = sympy.symbols("x y w v")
    circuit = cirq.Circuit(
        cirq.H.on_each(*q),
        cirq.rx(x)(q[0]),
        cirq.rz(0.5 * x + 0.2)(q[1]),
        cirq.CNOT(q[0], q[1]) ** w,
        cirq.SWAP(q[1], q[2]) ** (0.7 * y),
        cirq.FSimGate(w, 0.3 * v)(q[0], q[2]),
        cirq.PhasedXPowGate(phase_exponent=y, exponent=0.4)(q[2]),
        cirq.ry(v)(q[1]).controlled_by(q[0]),
        cirq.ISWAP(q[1], q[2]) ** x,
    )
    operators = (
        cirq.Z(q[0]) * cirq.X(q[1]),
        0.5 * cirq.Y(q[2]) - 2.0 * cirq.Z(q[1]) + 0.25,
    )
    return Program(circuit, operators, ("x", "y"), ("v", "w"))


def values(program, batch, dtype=tf.float64):
    generator = np.random.default_rng(0)
    features = generator.normal(size=(batch, len(program.features)))
    weights = generator.normal(size=len(program.weights))
    return tf.constant(features, dtype), tf.constant(weights, dtype)


@tf.function
def gradients(engine, inputs, **options):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        result = engine(*inputs, **options)
        weights = tf.range(1, result.shape[1] + 1, dtype=result.dtype)
        loss = tf.reduce_sum(weights * result)
    return result, *tape.gradient(loss, inputs)


@pytest.mark.long
@pytest.mark.parametrize(
    "method,tolerance",
    [
        ("parameter_shift", 1e-9),
        ("central_difference", 1e-4),
        ("forward_difference", 3e-2),
        ("straight_through", 1e-12),
    ],
)
def test_exact_estimates_equal_backprop(method, tolerance):
    check_method(many_gates_program(), method, tolerance)


def test_parameter_shift_of_a_noisy_circuit():
    spec = CircuitSpec(qubits=2, depth=1, reuploads=1)
    circuit = spec.circuit + cirq.ISWAP(*spec.qids) ** sympy.Symbol("w_0")
    circuit = circuit.with_noise(cirq.depolarize(0.05))
    program = Program(circuit, spec.operators, spec.features, spec.weights)
    check_method(program, "parameter_shift", 1e-9)


def check_method(program, method, tolerance):
    inputs = values(program, batch=3)
    exact = gradients(BatchedEngine(program), inputs)
    engine = EstimatedEngine(program, as_gradient_method(method))
    for one, other in zip(gradients(engine, inputs), exact, strict=True):
        np.testing.assert_allclose(one, other, atol=tolerance)


@pytest.mark.long
def test_the_step_counts():
    program = many_gates_program()
    inputs = values(program, batch=2)
    exact = gradients(BatchedEngine(program), inputs)[1]
    errors = []
    for step in (0.2, 0.1):
        method = CentralDifference(step)
        result = gradients(EstimatedEngine(program, method), inputs)[1]
        errors.append(np.max(np.abs(result - exact)))
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


@pytest.mark.long
def test_spsa_is_right_on_average():
    program = many_gates_program()
    inputs = values(program, batch=2)
    exact = gradients(BatchedEngine(program), inputs)
    engine = EstimatedEngine(program, SPSA(draws=600))
    result = gradients(engine, inputs, seed=SEED)
    np.testing.assert_allclose(result[0], exact[0], atol=1e-12)
    for one, other in zip(result[1:], exact[1:], strict=True):
        np.testing.assert_allclose(one, other, atol=0.6)


def test_rule_of_unequal_frequencies():
    # The rule's derivative at random points, against NumPy's own.
    frequencies = [0.5, 1.5, 2.0]
    rule = parameter_shift(frequencies)
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=(2, 3))

    def function(x):
        waves = np.multiply(frequencies, x)
        return 0.3 + a @ np.cos(waves) + b @ np.sin(waves)

    waves = np.multiply(frequencies, 0.7)
    expected = (-a * frequencies) @ np.sin(waves)
    expected += (b * frequencies) @ np.cos(waves)
    found = sum(s.weight * function(0.7 + s.amount) for s in rule)
    assert found == pytest.approx(expected, abs=1e-10)
    program = many_gates_program()
    engine = BatchedEngine(program)
    _, own, _ = engine.with_own_symbols()
    counts = [len(gate_frequencies(g, engine.register)) for g in own.gates]
    assert max(counts) >= 2


def test_shots_have_the_right_mean_and_variance():
    spec = CircuitSpec(qubits=2, depth=1, observables=("Z0", "X0*Y1"))
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    features, weights = values(program, batch=1, dtype=tf.float32)
    features = tf.repeat(features, 4000, axis=0)
    engine = EstimatedEngine(
        program, as_gradient_method("parameter_shift"), repetitions=50
    )
    exact = BatchedEngine(program)(features[:1], weights).numpy()[0]
    result = engine(features, weights, seed=SEED).numpy()
    spread = np.sqrt((1 - exact**2) / 50)
    error = spread / np.sqrt(4000)
    assert np.all(np.abs(result.mean(axis=0) - exact) < 5 * error)
    np.testing.assert_allclose(result.std(axis=0), spread, rtol=0.1)
    # Words are measured apart, so their errors are independent.
    assert abs(np.corrcoef(result.T)[0, 1]) < 0.08
    again = engine(features, weights, seed=SEED).numpy()
    np.testing.assert_array_equal(result, again)
    other = engine(features, weights, seed=tf.constant([1, 3])).numpy()
    assert np.any(result != other)


def test_shots_follow_the_binomial_law():
    qubit = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.ry(sympy.Symbol("x"))(qubit))
    program = Program(circuit, (cirq.Z(qubit),), ("x",))
    engine = EstimatedEngine(
        program, as_gradient_method("straight_through"), repetitions=6
    )
    features = tf.fill([6000, 1], 1.1)
    result = engine(features, tf.zeros([0]), seed=SEED).numpy()[:, 0]
    ups = np.round((result + 1) / 2 * 6).astype(int)
    probability = np.cos(0.55) ** 2
    expected = scipy.stats.binom.pmf(range(7), 6, probability) * len(ups)
    counts = np.bincount(ups, minlength=7)
    rare = expected < 5  # merged, for the test to hold
    pairs = [counts[~rare].tolist(), expected[~rare].tolist()]
    pairs[0].append(counts[rare].sum())
    pairs[1].append(expected[rare].sum())
    assert scipy.stats.chisquare(*pairs).pvalue > 1e-3


@pytest.mark.long
def test_gradient_from_shots_is_unbiased():
    program = many_gates_program()
    features, weights = values(program, batch=1, dtype=tf.float32)
    many = tf.repeat(features, 3000, axis=0)
    engine = EstimatedEngine(
        program, as_gradient_method("parameter_shift"), repetitions=20
    )
    exact = gradients(BatchedEngine(program), (features, weights))
    result = gradients(engine, (many, weights), seed=SEED)
    by_features = result[1].numpy()
    error = by_features.std(axis=0) / np.sqrt(3000)
    assert np.all(np.abs(by_features.mean(axis=0) - exact[1][0]) < 5 * error)
    by_weights = result[2].numpy() / 3000
    # One example's estimate spreads by about 1.6: five standard errors.
    np.testing.assert_allclose(by_weights, exact[2], atol=0.15)


def test_bits_follow_the_probabilities():
    spec = CircuitSpec(qubits=3, depth=2)
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    features, weights = values(program, batch=2, dtype=tf.float32)
    engine = BatchedEngine(program)
    probabilities = engine.probabilities(features, weights)
    bits = engine.samples(features, weights, 4000, SEED).numpy()
    assert bits.shape == (2, 4000, 3)
    outcomes = bits @ [4, 2, 1]
    # SciPy wants equal sums to 1.5e-8, which float32 cannot give.
    probabilities = probabilities.numpy().astype(np.float64)
    for row, probability in zip(outcomes, probabilities, strict=True):
        counts = np.bincount(row, minlength=8)
        expected = probability / probability.sum() * 4000
        assert scipy.stats.chisquare(counts, expected).pvalue > 1e-3


def test_readout_error_equals_flipped_bits():
    spec = CircuitSpec(qubits=2, depth=1, observables=("Z0", "Z0*X1"))
    program = Program(spec.circuit, spec.operators, spec.features, spec.weights)
    inputs = values(program, batch=3)
    engine = EstimatedEngine(
        program,
        as_gradient_method("straight_through"),
        readout_error=(0.1, 0.3),
    )
    # Reading 1 for 0 is damping towards |1>, 0 for 1 towards |0>: channels
    # right before the readout, after X1 is turned to Z.
    noise = cirq.KrausChannel(
        [
            np.sqrt(0.9) * np.diag([1, 0]),
            np.sqrt(0.1) * np.array([[0, 0], [1, 0]]),
            np.sqrt(0.7) * np.diag([0, 1]),
            np.sqrt(0.3) * np.array([[0, 1], [0, 0]]),
        ]
    )
    a, b = spec.qids
    circuit = spec.circuit + cirq.Circuit(cirq.H(b), noise.on_each(a, b))
    flipped = Program(
        circuit,
        (cirq.Z(a), cirq.Z(a) * cirq.Z(b)),
        spec.features,
        spec.weights,
    )
    np.testing.assert_allclose(
        engine(*inputs), BatchedEngine(flipped)(*inputs), atol=1e-10
    )


def test_arguments_without_effect_may_have_their_default():
    """As in files that hold the arguments of all methods."""
    everything = {"step": None, "draws": 1}
    for name, kind in GRADIENTS.items():
        assert as_gradient_method({"name": name, **everything}) == kind()
        assert as_gradient_method(kind().to_dict()) == kind()


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"name": "adjoint", "steps": 1}, "Did you mean 'step'"),
        ({"name": "parameter-shift"}, "Did you mean 'parameter_shift'"),
        ({"name": "adjoint", "step": 0.1}, "takes none"),
        ({"name": "spsa", "step": 0.0}, "above 0"),
        ({"name": "spsa", "draws": 0}, "draws"),
        ({"name": "adjoint", "draws": 2}, "takes none"),
    ],
)
def test_bad_methods_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        as_gradient_method(arguments)
