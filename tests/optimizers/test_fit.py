"""SPSA and Rotosolve under `model.fit`, and Adam on the same problem."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.optimizers import problems
from tfq_hybrid.errors import UserError
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.optimizers import SPSA, Rotosolve, with_method

ROWS = np.linspace(-0.2, 0.2, 8, dtype="float32").reshape(8, 1)
GOAL = 0.9  # of the ground energy; x moves the state away from it


def mean(targets, predictions):
    return keras.ops.mean(predictions, axis=-1)


def energies():
    """A model of four qubits, whose loss is the energy itself."""
    layer = problems.layer(initializer="zeros")
    model = keras.Sequential([keras.Input((1,)), layer])
    layer.parameters.assign(problems.start(len(layer.program.weights)))
    executions = tf.Variable(0)
    layer.observer = lambda *_: executions.assign_add(1)
    return model, layer, executions


def energy(model):
    return float(np.mean(model.predict(ROWS, verbose=0)))


def fit(model, epochs, rate=0.1, **options):
    model.compile(keras.optimizers.Adam(rate), mean)
    y = np.zeros((8, 1))
    return model.fit(ROWS, y, batch_size=8, epochs=epochs, verbose=0, **options)


def test_adam_spsa_and_rotosolve_reach_one_loss():
    goal = GOAL * problems.ground_energy()
    model, _, executions = energies()
    fit(model, 60)
    assert int(executions) == 60 and energy(model) < goal

    model, _, executions = energies()
    guided = with_method(model, SPSA(seed=0))
    losses = fit(guided, 400).history["loss"]
    assert int(executions) == 2 * 400 and energy(model) < goal
    assert energy(guided) == energy(model)
    assert losses[-1] < losses[0]

    model, layer, executions = energies()
    layer.trainable = False
    sweeps = Rotosolve(layer, ROWS, np.zeros((8, 1)), degree=1)
    head = keras.Sequential([model, keras.layers.Dense(1)])
    head.layers[-1].trainable = False
    head.build((None, 1))
    head.layers[-1].set_weights([np.ones((1, 1)), np.zeros(1)])
    with pytest.warns(UserWarning, match="trainable"):
        fit(head, 5, callbacks=[sweeps])
    assert int(executions) == 5 + sweeps.evaluations
    assert sweeps.evaluations <= 5 * (1 + 3 * 14)
    assert energy(model) < goal


@pytest.mark.parametrize("jit", [False, True])
def test_spsa_is_the_gradient_on_average_and_restores_weights(jit):
    layer = QuantumDense(1, "qffn", seed=0)
    model = keras.Sequential([keras.Input((3,)), layer])
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    y = np.ones((8, 1), "float32")
    guided = with_method(model, SPSA(perturbation=0.01, draws=2, seed=1))
    guided.compile(
        keras.optimizers.SGD(0.0), "mse", metrics=["mae"], jit_compile=jit
    )
    before = [w.copy() for w in model.get_weights()]
    logs = guided.fit(x, y, epochs=2, verbose=0).history
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    loss = np.mean((model.predict(x, verbose=0) - y) ** 2)
    np.testing.assert_allclose(logs["loss"], loss, rtol=0.05)
    assert sorted(logs) == ["loss", "mae"]

    many = SPSA(perturbation=0.01, seed=2)

    @tf.function
    def forward():
        predictions = model(x)
        return tf.reduce_mean((predictions - y) ** 2), predictions

    with tf.GradientTape() as tape:
        loss, _ = forward()
    exact = tape.gradient(loss, model.trainable_variables)
    exact = np.concatenate([np.ravel(part) for part in exact])
    found = []
    for _ in range(200):
        slopes = many.gradients(guided, forward)[2]
        found.append(np.concatenate([np.ravel(part) for part in slopes]))
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert np.all(abs(np.mean(found, axis=0) - exact) < 5 * error + 1e-3)


def test_rotosolve_never_raises_another_loss():
    layer = QuantumDense(2, "qffn", seed=0)
    model = keras.Sequential([keras.Input((3,)), layer, keras.layers.Softmax()])
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    y = np.arange(8) % 2
    losses = [model.evaluate(x, y, verbose=0)]
    for _ in range(2):
        model.fit(x, y, verbose=0, callbacks=[Rotosolve(layer, x, y)])
        losses.append(model.evaluate(x, y, verbose=0))
    assert losses[0] > losses[1] >= losses[2] - 1e-6


def test_what_is_refused(tmp_path):
    model, _, _ = energies()
    with pytest.raises(UserError, match=r"guided\.model"):
        with_method(model, SPSA()).get_config()
    with pytest.raises(UserError, match="perturbation"):
        SPSA(perturbation=0.0)
    with pytest.raises(UserError, match="draws"):
        SPSA(draws=0)
    with pytest.raises(UserError, match="with a circuit"):
        Rotosolve(keras.layers.Dense(1), ROWS, ROWS)
