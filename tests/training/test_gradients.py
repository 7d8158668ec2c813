import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.layers import QuantumDense
from tfq_hybrid.training import GradientMonitor, gradient_groups


def make_model():
    spec = CircuitSpec(qubits=2)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            QuantumDense(4, spec, name="first"),
            QuantumDense(1, spec, name="second"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


DATA = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")


def test_groups_name_every_quantum_layer():
    model = make_model()
    groups = gradient_groups(model)
    assert list(groups) == [
        "quantum/first/pqc",
        "quantum/second/pqc",
        "classical",
    ]
    grouped = sum(len(variables) for variables in groups.values())
    assert grouped == len(model.trainable_variables)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_readings_are_the_gradients(tmp_path, jit_compile):
    model = make_model()
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=jit_compile)
    groups = gradient_groups(model)
    with tf.GradientTape() as tape:
        loss = keras.ops.mean((DATA[1] - model(DATA[0])) ** 2)
    expected = {}
    variables = [v for group in groups.values() for v in group]
    grads = dict(
        zip(
            (v.path for v in variables),
            tape.gradient(loss, [v.value for v in variables]),
            strict=True,
        )
    )
    for name, group in groups.items():
        flat = np.concatenate([np.ravel(grads[v.path]) for v in group])
        expected[name] = np.linalg.norm(flat), flat.var()
    monitor = GradientMonitor(tmp_path, every=1)
    history = model.fit(*DATA, verbose=0, callbacks=[monitor]).history
    events = EventAccumulator(str(tmp_path / "gradients"))
    events.Reload()
    for name, (norm, variance) in expected.items():
        for kind, value in (("norm", norm), ("variance", variance)):
            tag = f"gradient_{kind}/{name}"
            assert history[tag][0] == pytest.approx(value, rel=1e-4)
            (proto,) = events.Tensors(tag)
            logged = tf.make_ndarray(proto.tensor_proto)
            assert logged == pytest.approx(value, rel=1e-4)


def test_reads_every_few_steps_and_leaves_no_trace(tmp_path):
    model = make_model()
    before = type(model.optimizer).apply
    monitor = GradientMonitor(tmp_path, every=3)
    model.fit(*DATA, batch_size=1, verbose=0, callbacks=[monitor])
    events = EventAccumulator(str(tmp_path / "gradients"))
    events.Reload()
    steps = [e.step for e in events.Tensors("gradient_norm/classical")]
    assert steps == [1, 4, 7]
    assert model.optimizer.apply.__func__ is before
    assert not any("gradient" in k for k in model.fit(*DATA, verbose=0).history)


def test_does_not_change_the_training():
    weights = []
    for callbacks in ([], [GradientMonitor(every=1)]):
        keras.utils.set_random_seed(0)
        model = make_model()
        model.fit(*DATA, epochs=2, verbose=0, callbacks=callbacks)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_sparse_gradients_are_counted_once():
    model = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            keras.layers.Embedding(5, 1, embeddings_initializer="ones"),
            keras.layers.Flatten(),
            keras.layers.Dense(1, use_bias=False, kernel_initializer="ones"),
        ]
    )
    model.layers[-1].trainable = False
    model.compile("sgd", lambda y, p: keras.ops.mean(p))
    ids = np.array([[1, 1, 1, 2]], "int32")
    monitor = GradientMonitor(every=1)
    history = model.fit(
        ids, np.zeros((1, 1)), verbose=0, callbacks=[monitor]
    ).history
    # Token 1 occurs three times: the gradient is (0, 3, 1, 0, 0).
    expected = pytest.approx(np.sqrt(10.0), rel=1e-5)
    assert history["gradient_norm/classical"][0] == expected


@pytest.mark.parametrize("steps", [2, 5])
def test_reads_after_executions_of_several_steps(steps, tmp_path):
    model = make_model()
    model.compile(keras.optimizers.SGD(0.1), "mse", steps_per_execution=steps)
    data = np.ones((40, 3), "float32"), np.ones((40, 1), "float32")
    monitor = GradientMonitor(tmp_path)
    history = model.fit(*data, batch_size=1, verbose=0, callbacks=[monitor])
    assert history.history["gradient_norm/classical"][0] > 0
    events = EventAccumulator(str(tmp_path / "gradients"))
    events.Reload()
    assert len(events.Tensors("gradient_norm/classical")) == 4


def test_scaled_losses_are_unscaled():
    norms = []
    for wrap in (lambda o: o, keras.optimizers.LossScaleOptimizer):
        keras.utils.set_random_seed(0)
        model = make_model()
        model.compile(wrap(keras.optimizers.SGD(0.1)), "mse")
        history = model.fit(
            *DATA, verbose=0, callbacks=[GradientMonitor(every=1)]
        ).history
        norms.append(history["gradient_norm/classical"][0])
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
