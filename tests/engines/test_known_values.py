"""Values that other libraries got wrong, worked out by hand."""

import itertools

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.engines import Execution, Program, make_engine
from tfq_hybrid.engines.gradients import GRADIENTS
from tfq_hybrid.errors import UserError

A, B = QUBITS = cirq.GridQubit.rect(1, 2)
X = sympy.Symbol("x")
SEED = tf.constant([3, 4])


def expectation(circuit, operator, value=0.0, dtype="float64", **options):
    """The expectation and its derivative with respect to x."""
    execution = Execution(**options)
    program = Program(circuit, (operator,), ("x",))
    engine = make_engine(program, "batched", execution)
    fed = tf.constant([[value]], dtype)
    with tf.GradientTape() as tape:
        tape.watch(fed)
        result = engine(fed, tf.zeros([0], dtype), seed=SEED)
    slope = tape.gradient(result, fed, unconnected_gradients="zero")
    return float(result[0, 0]), float(slope[0, 0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_small_fixed_angle_is_not_rounded_away(dtype):
    circuit = cirq.Circuit(cirq.rx(1e-7)(A), cirq.rz(X)(B))
    value, _ = expectation(circuit, cirq.Y(A), dtype=dtype)
    assert value == pytest.approx(-1e-7, rel=1e-5)


def test_measurements_inside_a_circuit_are_refused():
    for gate in (cirq.measure(A), cirq.measure(A, invert_mask=(True,))):
        circuit = cirq.Circuit(cirq.H(A), gate, cirq.H(A), cirq.rx(X)(B))
        with pytest.raises(UserError, match="in moment 1"):
            Program(circuit, (cirq.Z(A),), ("x",))


def test_an_observable_keeps_its_imaginary_part_or_is_refused():
    operator = (0.2 + 0.7j) * cirq.Z(A)
    with pytest.raises(UserError, match="real coefficients"):
        Program(cirq.Circuit(cirq.rx(X)(A)), (operator,), ("x",))


@pytest.mark.parametrize("options", [{}, {"repetitions": 50}])
def test_words_of_identities_count(options):
    circuit = cirq.Circuit(cirq.rz(X).on_each(A, B))
    terms = [0.5 * cirq.PauliString(), 0.25 * cirq.Z(A) * cirq.Z(B)]
    for order in itertools.permutations(terms):
        operator = cirq.PauliSum.from_pauli_strings(list(order))
        value, slope = expectation(circuit, operator, 0.3, **options)
        assert value == pytest.approx(0.75, abs=1e-12)
        assert slope == pytest.approx(0.0, abs=1e-9)
    alone = cirq.PauliSum.from_pauli_strings(terms[:1])
    assert expectation(circuit, alone, **options)[0] == 0.5


@pytest.mark.parametrize("name", ["backprop", "adjoint", "parameter_shift"])
def test_a_controlled_rotation_has_two_frequencies(name):
    circuit = cirq.Circuit(cirq.H(A), cirq.rx(X)(B).controlled_by(A))
    method = GRADIENTS[name]()
    value, slope = expectation(
        circuit, cirq.X(A), np.pi / 2, differentiator=method
    )
    assert value == pytest.approx(np.cos(np.pi / 4))
    assert slope == pytest.approx(-0.353553, abs=1e-6)


@pytest.mark.parametrize("name", ["backprop", "adjoint", "parameter_shift"])
def test_a_symbol_that_occurs_twice(name):
    circuit = cirq.Circuit(cirq.rx(X)(A), cirq.rx(X)(A))
    method = GRADIENTS[name]()
    value, slope = expectation(circuit, cirq.Z(A), 0.3, differentiator=method)
    assert value == pytest.approx(np.cos(0.6))
    assert slope == pytest.approx(-1.129285, abs=1e-6)


@pytest.mark.parametrize("name", ["backprop", "adjoint", "parameter_shift"])
def test_hessians_are_symmetric(name):
    y = sympy.Symbol("y")
    circuit = cirq.Circuit(cirq.rx(X)(A), cirq.CNOT(A, B), cirq.ry(X + y)(B))
    program = Program(circuit, (cirq.Z(B),), ("x", "y"))
    execution = Execution(differentiator=GRADIENTS[name]())
    engine = make_engine(program, "batched", execution)
    fed = tf.constant([[0.3, -0.8]], tf.float64)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(fed)
        with tf.GradientTape() as inner:
            inner.watch(fed)
            value = engine(fed, tf.zeros([0], tf.float64))
        slopes = inner.gradient(value, fed)[0]
        slopes = [slopes[0], slopes[1]]
    hessian = np.array([outer.gradient(one, fed)[0] for one in slopes])
    # Z is cos(x) cos(x + y).
    x, total = 0.3, -0.5
    product = np.cos(x) * np.cos(total)
    mixed = np.sin(x) * np.sin(total) - product
    twice = 2 * np.sin(x) * np.sin(total) - 2 * product
    np.testing.assert_allclose(
        hessian, [[twice, mixed], [mixed, -product]], atol=1e-9
    )
