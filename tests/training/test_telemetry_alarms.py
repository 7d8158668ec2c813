"""Alarms, each provoked by a training that deserves it."""

import logging

import cirq
import keras
import numpy as np
import pandas as pd
import pytest
import sympy

from tests.training.test_telemetry import read
from tfq_hybrid.circuits import CustomCircuit
from tfq_hybrid.layers import ControlledPQC, QuantumDense
from tfq_hybrid.training import Telemetry
from tfq_hybrid.training.telemetry.readings import Alarms

BLIND = "quantum/blind/pqc"


def blind_circuit():
    """A weight that turns a phase which its observable cannot see."""
    qubit = cirq.GridQubit(0, 0)
    x, w = sympy.symbols("x w")
    return CustomCircuit(cirq.Circuit(cirq.ry(x)(qubit), cirq.rz(w)(qubit)))


def product_of_cosines(qubits):
    """RY(w) on each qubit, measured by Z on all: a known plateau.

    The expectation is prod cos(w_i), so that away from w = 0 it and its
    gradient fall exponentially with the number of qubits.
    """
    qids = cirq.GridQubit.rect(1, qubits)
    gates = [
        cirq.ry(sympy.Symbol(f"w_{i:02d}"))(qid) for i, qid in enumerate(qids)
    ]
    gates.append(cirq.rz(sympy.Symbol("x"))(qids[0]))
    word = cirq.PauliString(dict.fromkeys(qids, cirq.Z))
    trained = sorted(cirq.parameter_names(cirq.Circuit(gates[:-1])))
    return cirq.Circuit(gates), word, trained


def fit(model, folder, rows=8, epochs=1, **options):
    inputs = np.ones((rows, model.input_shape[-1]), "float32")
    model.fit(
        inputs,
        np.ones((rows, 1), "float32"),
        batch_size=1,
        epochs=epochs,
        verbose=0,
        callbacks=[Telemetry(folder, every=1, **options)],
    )


def alarms_in(caplog):
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "tfq_hybrid.telemetry"
    ]


# The engine leaves such a gate out, so that Keras finds no gradient.
@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_an_angle_that_no_observable_sees(tmp_path, caplog):
    layers = [
        keras.Input((2,)),
        QuantumDense(1, blind_circuit(), name="blind"),
    ]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(0.01), "mse")
    fit(model, tmp_path)
    unreached, line = alarms_in(caplog)  # once, though it goes on
    assert "No gradient reaches sequential/blind/pqc/parameters" in unreached
    assert line.startswith(f"Step 5: the gradient of {BLIND} vanishes")
    assert "\n" not in line
    ((step, text),) = read(tmp_path)[f"alarms/{BLIND}"]
    assert (step, text.item().decode()) == (5, line)
    table = pd.read_csv(tmp_path / "telemetry.csv")
    rows = table[table.quantity == "alarm_vanishing"]
    assert rows[["step", "layer", "value"]].values.tolist() == [[5, BLIND, 1]]
    shares = table[table.quantity == "gradient_zero_share"]
    assert set(shares.value) == {1.0}


@pytest.mark.parametrize("angle,is_flat", [(1.4, True), (0.1, False)])
def test_a_plateau(angle, is_flat, tmp_path, caplog):
    circuit, word, trained = product_of_cosines(8)
    start = keras.initializers.Constant(angle)
    pqc = ControlledPQC(
        circuit, word, trained_symbols=trained, initializer=start, name="pqc"
    )
    dense = keras.layers.Dense(1)
    inputs = keras.Input((1,))
    outputs = dense(inputs) + pqc(inputs)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.001), "mse")
    fit(model, tmp_path)
    assert any("vanishes" in line for line in alarms_in(caplog)) == is_flat
    first = read(tmp_path)["gradient_norm/quantum/pqc"][0][1]
    steep = 2 * np.sqrt(8) * np.sin(angle) * np.cos(angle) ** 7
    assert first < 10 * steep  # its scale is the formula's


@pytest.mark.parametrize("last,explodes", [(0.004, False), (4.0, True)])
def test_a_gradient_that_leaves_a_plateau_does_not_explode(last, explodes):
    alarms = Alarms()
    for step in range(5):
        assert not alarms.read(step, "pqc", np.full(16, 1e-5), 1e-5)
    found = alarms.read(5, "pqc", np.full(16, last), 1e-3)
    assert [name for name, _ in found] == ["exploding"] * explodes


class Raise(keras.callbacks.Callback):
    """Sets the learning rate at a step."""

    def __init__(self, step, rate):
        super().__init__()
        self.step = step
        self.rate = rate

    def on_train_batch_begin(self, batch, logs=None):
        if batch == self.step:
            self.model.optimizer.learning_rate = self.rate


def one_block(**options):
    layers = [keras.Input((2,)), QuantumDense(1, "qffn", name="block")]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.SGD(1e-3), "mse", **options)
    return model


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_huge_learning_rate(jit_compile, tmp_path, caplog):
    model = one_block(jit_compile=jit_compile)
    inputs = np.random.default_rng(0).normal(size=(30, 2))
    targets = 10 * np.ones((30, 1))
    model.fit(
        inputs,
        targets,
        batch_size=1,
        verbose=0,
        callbacks=[Raise(8, 1e3), Telemetry(tmp_path, every=1)],
    )
    lines = alarms_in(caplog)
    assert "explodes" in lines[0]
    assert lines[0].startswith(("Step 9", "Step 10", "Step 11"))
    # At last the weights leave the range of numbers; that is told once.
    assert sum("NaN" in line for line in lines) == 1
    assert sum("explodes" in line for line in lines) == 1


def test_nan_between_two_readings(tmp_path, caplog):
    model = one_block()
    inputs = np.ones((8, 2), "float32")
    targets = np.ones((8, 1), "float32")
    targets[3] = np.nan
    model.fit(
        inputs,
        targets,
        batch_size=1,
        shuffle=False,
        verbose=0,
        callbacks=[Telemetry(tmp_path, every=100)],
    )
    (line,) = alarms_in(caplog)
    assert (
        line
        == "Step 4: the gradient of quantum/block/pqc holds NaN or infinity"
    )
    table = pd.read_csv(tmp_path / "telemetry.csv")
    norms = table[table.quantity == "gradient_norm"]
    assert sorted(set(norms.step)) == [1, 4]
    assert norms[norms.step == 4].value.isna().all()
    # Keras's logs keep to what is finite.
    assert np.isfinite(model.history.history["gradient_norm/classical"]).all()


def test_a_loss_scale_that_skips_for_ever(tmp_path, caplog):
    model = one_block()
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    model.compile(optimizer, "mse")
    model.fit(
        np.ones((8, 2)),
        np.full((8, 1), np.nan),
        batch_size=1,
        verbose=0,
        callbacks=[Telemetry(tmp_path, every=1)],
    )
    (line,) = alarms_in(caplog)
    assert line.startswith("Step 5: gradients hold NaN or infinity")
    assert "alarms/model" in read(tmp_path)


def test_a_healthy_training_is_quiet(tmp_path, caplog):
    fit(one_block(), tmp_path, rows=20)
    assert alarms_in(caplog) == []


def test_an_event_that_comes_again_is_told_again(caplog):
    alarms = Alarms()
    zero, one = np.zeros(3), np.ones(3)
    told = []
    for step, gradient in enumerate([zero] * 7 + [one] + [zero] * 6):
        told += [step for _ in alarms.read(step, "a", gradient, 1.0)]
    assert told == [4, 12]
    assert [r.levelno for r in caplog.records] == [logging.WARNING] * 2


def test_thresholds():
    small = np.full(4, 0.9e-3)
    for classical, is_told in ((1.0, True), (0.5, False)):
        alarms = Alarms()
        found = [alarms.read(i, "a", small, classical) for i in range(5)]
        assert bool(found[-1]) == is_told
    # Without classical parameters the circuit is its own measure.
    alarms = Alarms()
    assert not alarms.read(0, "a", np.ones(4))
    found = [alarms.read(1 + i, "a", small) for i in range(5)]
    assert [name for name, _ in found[-1]] == ["vanishing"]
    # A gradient may be zero at first, as behind an adapter's zero weights.
    alarms = Alarms()
    for step, size in enumerate((0.0, 1.0, 2.0, 2.0, 1.0, 199.0)):
        assert not alarms.read(step, "a", np.full(4, size), 1.0)
    found = alarms.read(6, "a", np.full(4, 201.0), 1.0)
    assert [name for name, _ in found] == ["exploding"]


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_weights_that_no_gradient_reaches_are_named(caplog):
    class Unused(keras.layers.Dense):
        def call(self, inputs):
            return inputs

    model = keras.Sequential(
        [keras.Input((1,)), Unused(1, name="unused"), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    fit(model, None, epochs=3)
    said = [text for text in alarms_in(caplog) if "No gradient" in text]
    assert len(said) == 1
    assert "unused/kernel, " in said[0] and "dense" not in said[0]


@pytest.mark.long
def test_weights_without_effect():
    blind = ControlledPQC(
        blind_circuit().circuit,
        cirq.Z(cirq.GridQubit(0, 0)),
        trained_symbols=["w"],
    )
    assert blind.weights_without_effect == ["w"]
    qids = cirq.GridQubit.rect(1, 3)
    a, b, c, x = sympy.symbols("a b c x")
    circuit = cirq.Circuit(
        cirq.ry(a)(qids[0]),  # felt
        cirq.CNOT(*qids[:2]),
        cirq.ry(b)(qids[1]),  # after all that reaches the operator
        cirq.ry(x)(qids[2]),
        cirq.rz(c)(qids[0]),  # felt by X alone
    )
    operators = {"Z": ["b", "c"], "X": ["b"], "Y": ["b"]}
    for name, idle in operators.items():
        layer = ControlledPQC(
            circuit,
            getattr(cirq, name)(qids[0]),
            trained_symbols=["a", "b", "c"],
        )
        assert layer.weights_without_effect == idle
