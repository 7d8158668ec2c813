"""Frozen symbols: their values stay, whatever the optimizer does."""

import cirq
import keras
import numpy as np
import pytest
import sympy
import tensorflow as tf

from tfq_hybrid.circuits import CircuitSpec, weights_by_layer
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import PQC, ControlledPQC, QuantumDense
from tfq_hybrid.optimizers import (
    LayerwiseTraining,
    QuantumNaturalGradient,
    Rotosolve,
)

SPEC = CircuitSpec(qubits=2, ansatz=("ry", "rx", "cnot"), depth=3)
X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = np.sin(X[:, :1])


def make(frozen, optimizer="adam", **options):
    keras.utils.set_random_seed(0)
    layer = QuantumDense(1, SPEC, frozen=frozen, **options)
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile(optimizer, "mse")
    return model, layer


def angles(layer):
    return dict(
        zip(layer.circuit.weights, layer.pqc.parameters.numpy(), strict=True)
    )


OPTIMIZERS = {
    "adam": lambda: keras.optimizers.Adam(0.1),
    "decay": lambda: keras.optimizers.AdamW(0.1, weight_decay=0.5),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "natural": lambda: QuantumNaturalGradient(0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_frozen_symbols_stay_and_the_others_train(name):
    model, layer = make(("w_00", "w_05"), OPTIMIZERS[name]())
    before = angles(layer)
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0)
    after = angles(layer)
    moved = {n for n in before if before[n] != after[n]}
    without = {layer.circuit.weights[i] for i in (0, 5)}
    felt = {*layer.circuit.weights} - {*layer.pqc.weights_without_effect}
    assert moved >= felt - without
    assert not moved & without


def test_gradients_of_frozen_symbols_are_zero_and_the_others_unchanged():
    _, plain = make(None)
    _, layer = make(("w_00",))
    gradients = []
    for one in (plain, layer):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(one(X) ** 2)
        gradients.append(tape.gradient(value, one.pqc.parameters.value))
    assert float(gradients[1][0]) == 0
    assert abs(float(gradients[0][0])) > 1e-3
    np.testing.assert_allclose(*[g[1:] for g in gradients], atol=1e-6)


def test_freezing_changes_while_it_trains():
    model, layer = make(())
    model.fit(X, Y, epochs=2, verbose=0)  # momentum of all
    layer.freeze(layer.circuit.weights[:8])
    before = angles(layer)
    model.fit(X, Y, epochs=2, verbose=0)
    moved = [n for n, v in angles(layer).items() if v != before[n]]
    assert moved
    assert {*moved} <= {*layer.circuit.weights[8:]}
    layer.freeze([])
    model.fit(X, Y, epochs=1, verbose=0)
    assert angles(layer)[layer.circuit.weights[0]] != before["w_00"]


def test_saved_and_loaded(tmp_path):
    model, _ = make(("w_01",))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(X), again(X))
    before = again.layers[0].pqc.parameters.numpy()
    again.fit(X, Y, epochs=2, verbose=0)
    after = again.layers[0].pqc.parameters.numpy()
    assert before[1] == after[1]
    assert before[0] != after[0]


def test_sweeps_leave_frozen_symbols():
    model, layer = make(("w_00",))
    before = angles(layer)
    model.fit(X, Y, verbose=0, callbacks=[Rotosolve(layer, X, Y)])
    after = angles(layer)
    assert before["w_00"] == after["w_00"]
    assert abs(before["w_01"] - after["w_01"]) > 0.05  # a move, no step


def test_a_constraint_of_the_user_holds_for_the_others():
    a, b, x = sympy.symbols("a b x")
    qubit = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.rx(x)(qubit), cirq.ry(a)(qubit))
    circuit += cirq.rx(b)(qubit)
    layer = ControlledPQC(
        circuit,
        cirq.Z(qubit),
        trained_symbols=["a", "b"],
        initializer=keras.initializers.Constant(-0.5),
        constraint="non_neg",
        frozen=["a"],
    )
    model = keras.Sequential([keras.Input((1,)), layer])
    model.compile("sgd", "mse")
    model.fit(X[:, :1], Y, verbose=0)
    assert layer.parameters.numpy().tolist()[0] == -0.5
    assert layer.parameters.numpy()[1] >= 0


def test_what_cannot_be_frozen_is_refused():
    with pytest.raises(UserError, match="frozen symbol='w_0'"):
        QuantumDense(1, SPEC, frozen=["w_0"])
    with pytest.raises(UserError, match="a list of names"):
        QuantumDense(1, SPEC, frozen="w_00")
    _, layer = make(None)
    with pytest.raises(UserError, match="made with frozen"):
        layer.freeze(["w_00"])
    with pytest.raises(UserError, match="made with frozen"):
        LayerwiseTraining(layer)
    qubit = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.rx(sympy.Symbol("w"))(qubit))
    with pytest.raises(UserError, match="groups of weights"):
        LayerwiseTraining(PQC(circuit, cirq.Z(qubit), frozen=()))
    _, layer = make(())
    with pytest.raises(UserError, match="each trained symbol once"):
        LayerwiseTraining(layer, groups=[["w_00"]])


def test_weights_by_layer():
    spec = CircuitSpec(
        qubits=2, ansatz=("cnot_ry",), first_layer=("rx",), depth=2, reuploads=1
    )
    assert weights_by_layer(spec) == [
        ("w_0", "w_1"),
        ("w_2",),
        ("w_3", "w_4"),
        ("w_5",),
    ]


class Watch(keras.callbacks.Callback):
    """The angles at the beginning of each epoch."""

    def __init__(self, layer):
        super().__init__()
        self.layer, self.seen = layer, []

    def on_epoch_begin(self, epoch, logs=None):
        self.seen.append(self.layer.pqc.parameters.numpy())

    on_train_end = on_epoch_begin


@pytest.mark.parametrize("window", [1, 2])
def test_layers_join_the_training_one_by_one(window):
    model, layer = make((), "sgd")
    watch = Watch(layer)
    layerwise = LayerwiseTraining(layer, epochs=2, window=window)
    callbacks = [layerwise, watch]
    model.fit(X, Y, epochs=8, verbose=0, callbacks=callbacks)
    seen = [angles.reshape(3, 4) for angles in watch.seen]
    assert np.all(seen[0][1:] == 0)
    changed = [
        [bool(np.any(a != b)) for a, b in zip(one, other, strict=True)]
        for one, other in zip(seen, seen[1:] + seen[-1:], strict=True)
    ][:8]
    two = window == 2
    assert changed == [
        *[[True, False, False]] * 2,
        *[[two, True, False]] * 2,
        *[[False, two, True]] * 2,
        *[[True, True, True]] * 2,
    ]
    assert not np.any(layer.pqc.held.numpy()[0])
