"""Order of qubits and symbols, filler, coefficients: known values."""

import itertools

import cirq
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import (
    Expectation,
    Sample,
    SampledExpectation,
    State,
    Unitary,
)

both = pytest.mark.parametrize("engine", ["batched", "tfq"])
Q = cirq.GridQubit.rect(1, 3)


@both
@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_the_first_qubit_is_the_leading_bit(engine, order):
    gates = {0: cirq.X, 1: cirq.I, 2: cirq.I}
    one = cirq.Circuit(gates[place](Q[place]) for place in order)
    [state] = State(engine=engine)(one).numpy()
    np.testing.assert_allclose(np.abs(state), np.eye(8)[4], atol=1e-6)
    [[row]] = Sample(engine=engine)(one, repetitions=1).to_list()
    assert row == [1, 0, 0]


@both
def test_qubits_are_sorted_by_number(engine):
    qubits = cirq.GridQubit.rect(1, 12)
    one = cirq.Circuit(cirq.I.on_each(*qubits), cirq.X(qubits[10]))
    [[row]] = Sample(engine=engine)(one, repetitions=1).to_list()
    assert row.index(1) == 10 and sum(row) == 1


@both
@pytest.mark.parametrize("prefix", ["w", "a"])
def test_symbols_go_by_their_names(engine, prefix):
    """And not by the order that sorting, as text or number, gives."""
    two, ten = f"{prefix}2", f"{prefix}10"
    one = cirq.Circuit(
        cirq.rx(sympy.Symbol(two))(Q[0]), cirq.rx(sympy.Symbol(ten))(Q[1])
    )
    for names, given in (([two, ten], [0.2, 1.0]), ([ten, two], [1.0, 0.2])):
        values = tf.constant([given])
        with tf.GradientTape() as tape:
            tape.watch(values)
            found = Expectation(engine=engine)(
                one,
                symbol_names=names,
                symbol_values=values,
                operators=[cirq.Z(Q[0]), cirq.Z(Q[1])],
            )
        np.testing.assert_allclose(found, [[0.980067, 0.540302]], atol=2e-6)
        gradient = tape.gradient(found, values)
        np.testing.assert_allclose(gradient, -np.sin([given]), atol=3e-5)
    state = State(engine=engine)(
        one, symbol_names=[ten, two], symbol_values=[[1.0, 0.2]]
    )
    weights = np.abs(state[0].numpy()) ** 2
    np.testing.assert_allclose(
        [weights[:2].sum(), weights[::2].sum()],
        [(1 + 0.980067) / 2, (1 + 0.540302) / 2],
        atol=2e-6,
    )


BACKENDS = ["noiseless", "noisy", cirq.Simulator()]


@pytest.mark.parametrize(
    "backend", BACKENDS, ids=["noiseless", "noisy", "Simulator"]
)
def test_an_empty_circuit_is_the_zero_state(backend):
    noisy = {"repetitions": 3} if backend == "noisy" else {}
    for batch in (
        [cirq.Circuit()],
        [cirq.Circuit(), cirq.Circuit(cirq.X(Q[0]))],
    ):
        wanted = [[1.0], [-1.0]][: len(batch)]
        options = {"operators": cirq.Z(Q[0]), **noisy}
        found = Expectation(backend)(batch, **options)
        np.testing.assert_allclose(found, wanted, atol=1e-6)
        options["repetitions"] = 3
        found = SampledExpectation(backend)(batch, **options)
        np.testing.assert_allclose(found, wanted, atol=1e-6)


@both
def test_an_empty_circuit_on_both_engines(engine):
    found = Expectation(engine=engine)(
        cirq.Circuit(), operators=[cirq.Z(Q[0]), cirq.Z(Q[1]) + 1.0]
    )
    np.testing.assert_allclose(found, [[1.0, 2.0]], atol=1e-6)
    assert Sample(engine=engine)(cirq.Circuit(), repetitions=2).to_list() == [
        [[], []]
    ]
    assert State(engine=engine)(cirq.Circuit()).to_list() == [[1.0]]
    assert Unitary(engine=engine)(cirq.Circuit()).to_list() == [[[1.0]]]


@pytest.mark.parametrize(
    "options",
    [
        {"engine": "batched"},
        {"engine": "tfq"},
        {"backend": "noisy"},
        {"backend": cirq.Simulator()},
    ],
    ids=["batched", "tfq", "noisy", "Simulator"],
)
def test_no_filler_in_batches_of_different_sizes(options):
    batch = [
        cirq.Circuit(cirq.X(Q[0])),
        cirq.Circuit(cirq.X.on_each(*Q)),
        cirq.Circuit(),
    ]
    bits = Sample(**options)(batch, repetitions=4)
    assert bits.to_list() == [4 * [[1]], 4 * [[1, 1, 1]], 4 * [[]]]
    assert float(tf.reduce_mean(tf.cast(bits, tf.float32))) == 1.0
    sampled = SampledExpectation(**options)(
        batch, operators=cirq.Z(Q[0]), repetitions=4
    )
    np.testing.assert_allclose(sampled, [[-1.0], [-1.0], [1.0]], atol=1e-6)
    if options.get("backend") != "noisy":
        found = Expectation(**options)(batch, operators=cirq.Z(Q[0]))
        np.testing.assert_allclose(found, sampled, atol=1e-6)
        states = State(**options)(batch)
        chances = tf.abs(states) ** 2
        np.testing.assert_allclose(
            tf.reduce_sum(chances, axis=1), [1.0, 1.0, 1.0], atol=1e-6
        )
        assert [*states.row_lengths()] == [2, 8, 1]


def test_density_matrices_of_different_sizes():
    batch = [cirq.Circuit(cirq.H(Q[0])), cirq.Circuit(cirq.X.on_each(*Q))]
    found = State(cirq.DensityMatrixSimulator())(batch)
    for one, matrix in zip(batch, found, strict=True):
        state = one.final_state_vector()
        wanted = np.outer(state, state.conj())
        np.testing.assert_allclose(matrix.to_tensor(), wanted, atol=1e-6)


@both
@pytest.mark.parametrize("as_tensor", [False, True])
def test_complex_coefficients_are_refused(engine, as_tensor):
    operators: object = (0.2 + 0.7j) * cirq.Z(Q[0])
    if as_tensor:
        operators = tfq.convert_to_tensor([[operators]])
    one = cirq.Circuit(cirq.I(Q[0]))
    with pytest.raises(UserError, match="real coefficients"):
        Expectation(engine=engine)(one, operators=operators)
    with pytest.raises(UserError, match="real coefficients"):
        SampledExpectation(engine=engine)(
            one, operators=operators, repetitions=2
        )
    if as_tensor:
        layer = Expectation(engine=engine)
        run = tf.function(lambda one, x: layer(one, operators=x))
        with pytest.raises(tf.errors.OpError, match="real coefficients"):
            run(tfq.convert_to_tensor([one]), operators)


@pytest.mark.parametrize(
    "options",
    [{"engine": "batched"}, {"engine": "tfq"}, {"backend": cirq.Simulator()}],
    ids=["batched", "tfq", "Simulator"],
)
def test_identities_are_exact(options):
    one = cirq.Circuit(cirq.I.on_each(*Q[:2]))
    words = [0.5 * cirq.PauliString(), 0.25 * cirq.Z(Q[0]) * cirq.Z(Q[1])]
    for order in itertools.permutations(words):
        operator = sum(order[1:], cirq.PauliSum.wrap(order[0]))
        found = Expectation(**options)(one, operators=operator)
        sampled = SampledExpectation(**options)(
            one, operators=operator, repetitions=7
        )
        assert found.numpy().tolist() == sampled.numpy().tolist() == [[0.75]]
