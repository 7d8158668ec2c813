"""SPSA and Rotosolve against the pitfalls of others, and against Adam."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tests.optimizers import problems
from tfq_hybrid.engines.gradients.parameter_shift import shifted_evaluations
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC, QuantumDense
from tfq_hybrid.optimizers import (
    frequencies_of,
    rotosolve_minimize,
    spsa_minimize,
)

A, B = cirq.LineQubit.range(2)
S, T = sympy.symbols("s t")


class Recorded:
    def __init__(self, function):
        self.function = function
        self.values = []

    def __call__(self, x):
        self.values.append(float(self.function(x)))
        return self.values[-1]


def expectation(circuit, operator=None):
    """Of a circuit's symbols, by Cirq in complex128."""
    operator = cirq.Z(A) * 1.0 if operator is None else operator
    names = sorted(cirq.parameter_names(circuit))
    simulator = cirq.Simulator(dtype=np.complex128)

    def function(x):
        [value] = simulator.simulate_expectation_values(
            circuit, [operator], dict(zip(names, x, strict=True))
        )
        return value.real

    return function


def parabola(x):
    return 10 * float((x**2).sum())


@pytest.mark.parametrize("seed", range(5))
def test_blocking_never_accepts_a_rise(seed):
    """Not even slowly, over two steps; so rates are far too large."""
    recorded = Recorded(parabola)
    found = spsa_minimize(
        recorded, [1.0], steps=60, rate=1.0, blocking=True, seed=seed
    )
    values, accepted = recorded.values, recorded.values[0]
    for trial in values[3::3]:  # after the pair of each step
        accepted = min(accepted, trial)
    assert found.value == accepted == parabola(found.position)
    assert found.evaluations == len(values) == 1 + 3 * 60


def test_blocking_compares_with_what_was_accepted_last():
    values = iter([1.0, 0, 0, 1.5, 0, 0, 1.4, 0, 0, 2.0, 0, 0, 1.9])
    found = spsa_minimize(
        lambda x: next(values),
        [0.0],
        steps=4,
        rate=0.1,
        blocking=True,
        allowed_increase=0.45,
    )
    # 1.5 is refused, 1.4 accepted; of 2.0 and 1.9 none is within 0.45 of 1.4.
    assert found.value == 1.4


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("rate", [None, 0.05])
def test_evaluations_are_calls(blocking, rate):
    recorded = Recorded(parabola)
    found = spsa_minimize(
        recorded, [1.0, 2.0], steps=7, rate=rate, blocking=blocking, seed=0
    )
    pairs = 7 + (5 if rate is None else 0)
    assert found.evaluations == len(recorded.values)
    assert found.evaluations == 2 * pairs + (8 if blocking else 1)


def test_each_objective_is_calibrated_anew():
    """A scale of the function is one of the rate: the way is the same."""
    small, large = (
        spsa_minimize(function, [1.0, -1.0], seed=2)
        for function in (
            lambda x: 1e-3 * parabola(x),
            lambda x: 1e3 * parabola(x),
        )
    )
    np.testing.assert_allclose(small.position, large.position, rtol=1e-6)
    assert small.value < 1e-3 * parabola(np.ones(2)) / 100


def test_a_flat_function():
    assert spsa_minimize(lambda x: 1.0, [0.5], steps=3).value == 1.0
    assert rotosolve_minimize(lambda x: 1.0, [0.5]).position == [0.5]


@pytest.mark.parametrize(
    ("gates", "frequencies"),
    [
        ([cirq.rx(S)(A), cirq.rx(S)(A)], [1, 2]),
        ([cirq.X(A) ** S], [np.pi]),
        ([cirq.X(A) ** S, cirq.rx(S)(A)], [1, np.pi - 1, np.pi, np.pi + 1]),
        ([cirq.X(B), cirq.rx(S)(A).controlled_by(B)], [0.5, 1]),
        ([cirq.rx(2 * S + 0.3)(A)], [2]),
    ],
)
def test_one_symbol_reaches_the_lowest_value(gates, frequencies):
    """A symbol in two gates starts at a maximum: the plain rule stays."""
    circuit = cirq.Circuit(gates)
    layer = PQC(circuit, cirq.Z(A))
    [found] = frequencies_of(layer)
    np.testing.assert_allclose(found, frequencies, atol=1e-6)
    function = expectation(circuit)
    best = rotosolve_minimize(function, [0.0], [found])
    assert best.value == function(best.position)
    grid = [function([x]) for x in np.linspace(-20, 20, 2001)]
    assert best.value < min(grid) + 1e-6 < -0.99
    if found == [np.pi]:
        assert abs(best.position[0]) == pytest.approx(1, abs=1e-6)


def test_a_symbol_without_effect_does_not_stop_the_search():
    """It is the last: a rule that looks at its change alone would stop."""
    circuit = cirq.Circuit(
        cirq.ry(sympy.Symbol("a"))(A),
        cirq.ry(sympy.Symbol("b"))(B),
        cirq.CZ(A, B),
        cirq.ry(sympy.Symbol("c"))(A),
        cirq.rz(sympy.Symbol("d"))(A),
    )
    operator = cirq.Z(A) + cirq.X(B) * 0.9 + cirq.Z(A) * cirq.Z(B) * 0.4
    layer = PQC(circuit, operator)
    assert frequencies_of(layer)[:3] == [[1.0]] * 3
    recorded = Recorded(expectation(circuit, operator))
    found = rotosolve_minimize(recorded, [0.3, 0.4, 0.5, 0.6])
    assert found.converged and found.iterations > 2
    assert found.evaluations == len(recorded.values)
    assert found.value == min(recorded.values)


def test_frequencies_of_squares_of_features_and_of_layers_around():
    circuit = cirq.Circuit(cirq.rx(T)(A), cirq.ry(S)(A), cirq.rz(S)(B))
    layer = ControlledPQC(circuit, cirq.Z(A), trained_symbols=["s"])
    assert frequencies_of(layer) == [[1.0]]  # rz(s) is not felt
    assert frequencies_of(layer, degree=2) == [[1.0, 2.0]]
    assert len(frequencies_of(QuantumDense(2, "qffn"))) == 16
    with pytest.raises(UserError, match="Received: Dense"):
        frequencies_of(keras.layers.Dense(1))


def test_rotosolve_of_a_loss_that_is_no_such_polynomial_never_rises():
    recorded = Recorded(lambda x: float(np.exp(np.sin(x).sum())))
    found = rotosolve_minimize(recorded, [0.1, 2.0], sweeps=5)
    assert found.value == min(recorded.values[0], found.value)
    assert found.value == recorded.function(found.position)


@pytest.mark.parametrize(
    ("minimize", "options", "message"),
    [
        (spsa_minimize, {"start": [[1.0]]}, "vector"),
        (spsa_minimize, {"start": [np.nan]}, "finite"),
        (spsa_minimize, {"steps": 0}, "steps"),
        (spsa_minimize, {"rate": 0.0}, "rate"),
        (spsa_minimize, {"allowed_increase": 0.1}, "blocking"),
        (spsa_minimize, {"function": lambda x: x}, "one finite number"),
        (rotosolve_minimize, {"frequencies": [[1.0]]}, "each of the 2"),
        (rotosolve_minimize, {"frequencies": [[1.0], [0.0]]}, "above 0"),
        (rotosolve_minimize, {"function": lambda x: np.inf}, "finite"),
    ],
)
def test_what_is_refused(minimize, options, message):
    options = {"function": parabola, "start": [1.0, 2.0], **options}
    with pytest.raises(UserError, match=message):
        minimize(**options)


def test_each_reaches_the_ground_state_that_adam_reaches():
    """To 5 % of the energy, in circuits that a device would run.

    Of 14 weights Rotosolve moves one with 3 circuits, SPSA all with 2.
    """
    layer = problems.layer(initializer="zeros")
    row = tf.zeros([1, 1])
    first = problems.start(len(layer.program.weights))
    goal = 0.95 * problems.ground_energy()
    run = tf.function(lambda x: layer.engine_choice.engine(row, x)[0, 0])

    def energy(x):
        return float(run(tf.constant(x, tf.float32)))

    def executed(minimize, *arguments, **options):
        """Circuits until the goal is first seen."""
        recorded = Recorded(energy)
        found = minimize(recorded, first, *arguments, **options)
        assert found.value < goal
        assert found.evaluations == len(recorded.values)
        return int(np.argmax(np.array(recorded.values) < goal)) + 1

    weights = tf.Variable(first, dtype=tf.float32)
    adam = keras.optimizers.Adam(0.1)
    adam.build([weights])
    by_adam, each = 0, 1 + shifted_evaluations(layer.program)
    while energy(weights.numpy()) > goal:
        with tf.GradientTape() as tape:
            value = run(weights)
        adam.apply([tape.gradient(value, weights)], [weights])
        by_adam += each
        assert by_adam < 100 * each
    by_rotosolve = executed(rotosolve_minimize, frequencies_of(layer))
    by_spsa = [executed(spsa_minimize, steps=2000, seed=s) for s in range(3)]
    print("circuits:", by_adam, by_rotosolve, by_spsa)
    assert by_rotosolve < by_adam and max(by_spsa) < 4011
