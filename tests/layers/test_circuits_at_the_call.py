"""Layers whose circuits come with the call, against Cirq."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf
import tensorflow_quantum as tfq

from tests.reference import finite_difference
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import (
    AddCircuit,
    Expectation,
    Sample,
    SampledExpectation,
    State,
    Unitary,
)

ENGINES = ["batched", "tfq"]
both = pytest.mark.parametrize("engine", ENGINES)
Q = cirq.GridQubit.rect(1, 3)
A, B = sympy.symbols("a b")
NAMES = ["b", "a"]
VALUES = np.array([[0.3, -0.8], [1.1, 0.4], [2.0, 0.7]])


def circuit(turns=0.3):
    """Two symbols, entangled; `turns` is a number and no symbol."""
    return cirq.Circuit(
        cirq.ry(A)(Q[0]),
        cirq.X(Q[1]) ** B,
        cirq.CNOT(*Q[:2]),
        cirq.PhasedXPowGate(phase_exponent=turns, exponent=0.7 * A)(Q[1]),
        cirq.FSimGate(turns, B)(*Q[:2]),
        cirq.rx(-turns)(Q[0]),
    )


SMALL = cirq.Circuit(cirq.rx(2 * B)(Q[0]))
BATCH = [circuit(0.3), SMALL, circuit(0.45)]
OPERATORS = [
    cirq.X(Q[0]),
    0.5 * cirq.Z(Q[1]) * cirq.Y(Q[0]) - 2.0 * cirq.Z(Q[0]),
]


def resolved(one, values):
    return cirq.resolve_parameters(one, dict(zip(NAMES, values, strict=True)))


def expected(batch=BATCH, values=VALUES, operators=OPERATORS):
    """By `cirq.Simulator` in complex128: (batch, operators)."""
    simulator = cirq.Simulator(dtype=np.complex128)
    qids = sorted(set(Q).union(*(one.all_qubits() for one in batch)))
    rows = [
        simulator.simulate_expectation_values(
            resolved(one, row), operators, qubit_order=qids
        )
        for one, row in zip(batch, values, strict=True)
    ]
    return np.real(rows)


def call(layer, batch, values=VALUES, operators=OPERATORS, **options):
    return layer(
        batch,
        symbol_names=NAMES,
        symbol_values=values,
        operators=operators,
        **options,
    )


@both
@pytest.mark.parametrize("form", ["list", "tensor", "graph"])
def test_expectations(engine, form):
    layer = Expectation(engine=engine)
    batch = BATCH if form == "list" else tfq.convert_to_tensor(BATCH)
    if form == "graph":
        run = tf.function(lambda batch, values: call(layer, batch, values))
        found = run(batch, tf.constant(VALUES))
    else:
        found = call(layer, batch)
    np.testing.assert_allclose(found, expected(), atol=3e-6)


@both
def test_operators_of_each_row(engine):
    rows = [OPERATORS, OPERATORS[::-1], 2 * OPERATORS[:1]]
    found = call(Expectation(engine=engine), BATCH, operators=rows)
    wanted = [
        expected([one], [values], row)[0]
        for one, values, row in zip(BATCH, VALUES, rows, strict=True)
    ]
    np.testing.assert_allclose(found, wanted, atol=3e-6)
    operators = tfq.convert_to_tensor(rows)
    again = call(Expectation(engine=engine), BATCH, operators=operators)
    np.testing.assert_array_equal(again, found)


@both
def test_gradients(engine):
    layer = Expectation(engine=engine)
    batch = tfq.convert_to_tensor(BATCH)
    values = tf.constant(VALUES, tf.float32)

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(values)
            loss = tf.reduce_sum(tf.sin(call(layer, batch, values)))
        return tape.gradient(loss, values)

    def loss(values):
        return np.sin(expected(values=values)).sum()

    wanted = finite_difference(loss, VALUES)
    np.testing.assert_allclose(gradient(), wanted, atol=3e-5)


def test_a_bare_circuit_is_run_for_each_row():
    """On the batched engine inside of a graph, also with `"auto"`."""
    layer = Expectation()
    run = tf.function(lambda values: call(layer, circuit(), values))
    traced = run.get_concrete_function(tf.TensorSpec([None, 2], tf.float32))
    kinds = {one.type for one in traced.graph.get_operations()}
    assert not any(kind.startswith("Tfq") for kind in kinds)
    wanted = expected(3 * [circuit()])
    found = run(tf.constant(VALUES, tf.float32))
    np.testing.assert_allclose(found, wanted, atol=3e-6)
    np.testing.assert_allclose(call(layer, circuit()), wanted, atol=3e-6)


def test_large_batches_run_by_structure():
    """Circuits that differ in numbers alone share a program."""
    layer = Expectation()
    batch = [circuit(turns) for turns in np.linspace(0.1, 0.2, 33)]
    values = np.tile(VALUES[:1], (33, 1))
    found = call(layer, batch, values)
    np.testing.assert_allclose(found, expected(batch, values), atol=5e-6)
    assert len(layer._batches._kept) == 1


@both
def test_samples_of_both_engines(engine):
    layer = SampledExpectation(engine=engine, seed=3)
    wanted, errors = expected(), []
    for _ in range(3):
        found = call(layer, BATCH, repetitions=4000)
        errors.append(np.abs(found - wanted).max())
    assert max(errors) < 5 * 2.5 / np.sqrt(4000)
    assert len(set(errors)) == 3


def test_a_seed_repeats_the_shots():
    found = [
        call(SampledExpectation(seed=7), circuit(), repetitions=20)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*found)
    bits = [
        Sample(seed=7)(circuit(0.2)[5:], repetitions=20).to_list()
        for _ in range(2)
    ]
    assert bits[0] == bits[1]


@both
def test_states_and_unitaries(engine):
    given = {"symbol_names": NAMES, "symbol_values": VALUES}
    states = State(engine=engine)(BATCH, **given)
    matrices = Unitary(engine=engine)(BATCH, **given)
    assert states.dtype == matrices.dtype == tf.complex64
    for one, values, state, matrix in zip(
        BATCH, VALUES, states, matrices, strict=True
    ):
        matrix = matrix.to_tensor().numpy()
        wanted = cirq.unitary(resolved(one, values))
        # Up to the precision of float32, the global phase included.
        np.testing.assert_allclose(matrix, wanted, atol=2e-6)
        np.testing.assert_allclose(state, wanted[:, 0], atol=2e-6)


def test_a_symbol_in_a_controlled_gate_is_shifted_rightly():
    """TensorFlow Quantum shifts it as if it had no control."""
    one = cirq.Circuit(
        cirq.H(Q[0]), cirq.ry(A)(Q[1]).controlled_by(Q[0]), cirq.ry(B)(Q[1])
    )
    with pytest.raises(UserError, match="controlled gate"):
        call(SampledExpectation(engine="tfq"), one, repetitions=2)
    for inputs in (one, 3 * [one]):  # "auto" does not give them to it
        layer = SampledExpectation()
        assert call(layer, inputs, repetitions=2).shape == (3, 2)
    layer = Expectation(engine="batched", differentiator="parameter_shift")
    values = tf.constant(VALUES, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(values)
        loss = tf.reduce_sum(call(layer, one, values))
    wanted = finite_difference(
        lambda values: expected(3 * [one], values).sum(), VALUES
    )
    np.testing.assert_allclose(tape.gradient(loss, values), wanted, atol=2e-5)


def test_managed_weights():
    layer = Expectation()
    options = {"operators": OPERATORS, "initializer": "ones"}
    found = layer(circuit(), symbol_names=[A, B], **options)
    np.testing.assert_allclose(
        found, expected([circuit()], np.ones((1, 2))), atol=3e-6
    )
    assert layer.symbol_values() == {A: 1.0, B: 1.0}
    layer.set_weights([np.array([0.3, 1.1])])  # of a and b
    for names in ([A, B], [B, A]):
        found = layer(BATCH, symbol_names=names, **options)
        wanted = expected(BATCH, np.tile([1.1, 0.3], (3, 1)))
        np.testing.assert_allclose(found, wanted, atol=3e-6)
    with pytest.raises(UserError, match="weights for: a, b"):
        layer(circuit(), symbol_names=["a", "c"], **options)


def test_angles_train():
    layer = Expectation()
    optimizer = keras.optimizers.SGD(1.0)
    one = cirq.Circuit(cirq.rx(A)(Q[0]))
    options = {"symbol_names": [A], "operators": cirq.Z(Q[0])}
    for _ in range(12):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(one, initializer="ones", **options))
        gradients = tape.gradient(loss, layer.trainable_weights)
        optimizer.apply(gradients, layer.trainable_weights)
    assert float(loss) < -0.99


def models():
    """A functional model for each layer, with the values that it takes."""
    strings = keras.Input((), dtype="string")
    floats = keras.Input((2,))
    values = {"symbol_names": NAMES, "symbol_values": floats}
    several = {"operators": OPERATORS, **values}
    both_inputs = [strings, floats]
    yield (
        "Expectation",
        keras.Model(both_inputs, Expectation(engine="tfq")(strings, **several)),
    )
    yield (
        "managed",
        keras.Model(
            strings,
            Expectation(differentiator="central_difference")(
                strings,
                symbol_names=NAMES,
                operators=[OPERATORS, OPERATORS, OPERATORS],
                initializer=keras.initializers.RandomNormal(seed=3),
            ),
        ),
    )
    yield "bare", keras.Model(floats, Expectation()(circuit(), **several))
    yield (
        "sampled",
        keras.Model(
            floats,
            SampledExpectation(engine="batched", seed=4)(
                circuit(), repetitions=[9, 9], **several
            ),
        ),
    )
    longer = AddCircuit()(strings, append=cirq.Circuit(cirq.H(Q[0])))
    longer = AddCircuit()(longer, prepend=cirq.Circuit(cirq.S(Q[0])))
    yield "State", keras.Model(both_inputs, State()(longer, **values))
    yield "Unitary", keras.Model(both_inputs, Unitary()(strings, **values))
    yield (
        "Sample",
        keras.Model(both_inputs, Sample()(strings, repetitions=2, **values)),
    )


@pytest.mark.parametrize("name,model", list(models()))
def test_models_save_and_load(name, model, tmp_path):
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.models.load_model(path)
    given = {1: [], 2: []}
    for one in model.inputs:
        is_text = one.dtype == "string"
        value = tfq.convert_to_tensor(BATCH) if is_text else VALUES
        given[len(model.inputs)].append(tf.convert_to_tensor(value))
    inputs = given[2] or given[1][0]
    found, again = model(inputs), loaded(inputs)
    if isinstance(found, tf.RaggedTensor):
        assert found.shape.rank == len(model.output_shape)
        assert found.row_lengths().numpy().tolist() == (
            again.row_lengths().numpy().tolist()
        )
        if name == "Sample":
            return
        found, again = found.flat_values, again.flat_values
    np.testing.assert_array_equal(found, again)
    assert [w.path for w in loaded.weights] == [w.path for w in model.weights]


@pytest.mark.parametrize(
    "layer",
    [
        AddCircuit(name="one"),
        Expectation("noisy", tfq.differentiators.ParameterShift(), name="one"),
        Expectation(differentiator="spsa", engine="batched", seed=3),
        SampledExpectation(seed=5, dtype="float64"),
        Sample(seed=5),
        State(engine="tfq"),
        Unitary(engine="batched"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_configs(layer):
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config


def test_a_cirq_back_end_is_not_saved():
    with pytest.raises(UserError, match="cannot be written down"):
        Expectation(cirq.Simulator()).get_config()


def test_added_circuits():
    before, after = cirq.Circuit(cirq.X(Q[0])), cirq.Circuit(cirq.Y(Q[0]))
    for name, wanted in (
        ("append", before + after),
        ("prepend", after + before),
    ):
        for inputs in (
            before,
            [before, before],
            tfq.convert_to_tensor([before]),
        ):
            for found in tfq.from_tensor(AddCircuit()(inputs, **{name: after})):
                assert found == wanted


def test_circuits_are_added_in_fit():
    """A functional model hands `training` to each of its layers."""
    strings = keras.Input((), dtype="string")
    longer = AddCircuit()(strings, append=cirq.Circuit(cirq.ry(A)(Q[0])))
    outputs = Expectation()(
        longer, symbol_names=[A], operators=cirq.Z(Q[0]), initializer="zeros"
    )
    model = keras.Model(strings, outputs)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    batch = tfq.convert_to_tensor([cirq.Circuit(cirq.rx(0.3)(Q[0]))] * 2)
    history = model.fit(batch, np.zeros((2, 1)), verbose=0).history
    np.testing.assert_allclose(history["loss"], np.cos(0.3) ** 2, atol=1e-5)


@pytest.mark.parametrize(
    "engine,message",
    [("batched", "Could not find symbol"), ("tfq", "Could not find symbol")],
)
def test_a_symbol_without_a_value(engine, message):
    with pytest.raises(Exception, match=message):
        Expectation(engine=engine)([circuit()], operators=OPERATORS)


def test_noise_is_not_for_the_batched_engine():
    with pytest.raises(UserError, match="engine='tfq'"):
        Expectation("noisy", engine="batched")
