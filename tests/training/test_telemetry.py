"""What `Telemetry` reads, against a tape and the circuits by hand."""

import copy

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)

from tests.adapters import zoo
from tfq_hybrid.adapters import QuantumAdapter, adapt
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.layers import ControlledPQC, QuantumDense
from tfq_hybrid.training import Telemetry, gradient_groups
from tfq_hybrid.training.telemetry.readings import watched_circuits
from tfq_hybrid.training.telemetry.recorder import Capture, Replay, uninstall

FIRST, SECOND = "quantum/first/pqc", "quantum/second/pqc"


def make_model(**compile_options):
    spec = CircuitSpec(qubits=2)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            QuantumDense(4, spec, name="first"),
            QuantumDense(1, spec, name="second"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse", **compile_options)
    return model


def data(rows=8):
    generator = np.random.default_rng(0)
    values = generator.normal(size=(rows, 3)).astype("float32")
    return values, np.ones((rows, 1), "float32")


def read(folder):
    """All scalars of a log folder: a dict of a tag and (step, value) pairs."""
    events = EventAccumulator(str(folder / "telemetry"))
    events.Reload()
    result = {}
    for tag in events.Tags()["tensors"]:
        tensors = events.Tensors(tag)
        result[tag] = [
            (e.step, tf.make_ndarray(e.tensor_proto)) for e in tensors
        ]
    return result


def gradients_by_hand(model, inputs, targets):
    groups = gradient_groups(model)
    with tf.GradientTape() as tape:
        loss = keras.ops.mean((targets - model(inputs)) ** 2)
    variables = [v for group in groups.values() for v in group]
    grads = tape.gradient(loss, [v.value for v in variables])
    by_path = dict(zip((v.path for v in variables), grads, strict=True))
    return {
        name: np.concatenate([np.ravel(by_path[v.path]) for v in group])
        for name, group in groups.items()
    }


def test_groups_name_every_circuit():
    model = make_model()
    groups = gradient_groups(model)
    assert list(groups) == [FIRST, SECOND, "classical"]
    grouped = sum(len(variables) for variables in groups.values())
    assert grouped == len(model.trainable_variables)
    frozen = ControlledPQC(
        CircuitSpec(qubits=1).circuit,
        CircuitSpec(qubits=1).operators,
        trained_symbols=("w_0", "w_1"),
        name="frozen",
    )
    frozen.trainable = False
    model = keras.Sequential([keras.Input((1,)), frozen])
    assert gradient_groups(model) == {}
    assert [c.name for c in watched_circuits(model)] == ["quantum/frozen"]


@pytest.mark.parametrize(
    "options", [{}, {"jit_compile": True}, {"run_eagerly": True}], ids=str
)
def test_readings_are_those_of_the_step(tmp_path, options):
    model = make_model(**options)
    inputs, targets = data()
    expected = gradients_by_hand(model, inputs, targets)
    first, second = model.layers
    angles = first.angles(inputs).numpy()
    values = first.pqc(angles).numpy()
    outer = second.angles(first(inputs)).numpy()
    history = model.fit(
        inputs, targets, verbose=0, callbacks=[Telemetry(tmp_path, every=1)]
    ).history
    scalars = read(tmp_path)
    for name, gradient in expected.items():
        for quantity, value in (
            ("gradient_norm", np.linalg.norm(gradient)),
            ("gradient_variance", gradient.var()),
        ):
            tag = f"{quantity}/{name}"
            assert history[tag][0] == pytest.approx(value, rel=1e-4)
            ((step, logged),) = scalars[tag]
            assert step == 1
            assert logged == pytest.approx(value, rel=1e-4)
    for tag, value in (
        # The last RZ of a qubit turns phases that no Z sees.
        (f"gradient_zero_share/{FIRST}", 0.5),
        (f"angle_mean/{FIRST}", angles.mean()),
        (f"angle_std/{FIRST}", angles.std()),
        (f"angle_saturation/{FIRST}", np.mean(np.abs(angles) > 0.949 * np.pi)),
        (f"expectation_mean/{FIRST}", values.mean()),
        (f"expectation_std/{FIRST}", values.std()),
        (f"angle_mean/{SECOND}", outer.mean()),
    ):
        ((_, logged),) = scalars[tag]
        assert logged == pytest.approx(value, rel=1e-4, abs=1e-6), tag
    assert 0 < scalars[f"angle_saturation/{FIRST}"][0][1] < 1


def test_reads_every_few_steps_and_leaves_no_trace(tmp_path):
    model = make_model()
    before = type(model.optimizer).apply
    step = model.train_step
    model.fit(
        *data(),
        batch_size=1,
        verbose=0,
        callbacks=[Telemetry(tmp_path, every=3)],
    )
    scalars = read(tmp_path)
    for tag in ("gradient_norm/classical", f"angle_mean/{FIRST}"):
        assert [step for step, _ in scalars[tag]] == [1, 4, 7]
    assert model.optimizer.apply.__func__ is before
    assert model.train_step == step
    assert all(c.layer.observer is None for c in watched_circuits(model))
    history = model.fit(*data(), verbose=0).history
    assert not any("gradient" in name for name in history)


@pytest.mark.long
def test_validation_is_not_read(tmp_path):
    """Nothing that runs between the steps of a training is."""
    model = make_model()
    inputs, targets = data(4)
    far = 100 * np.ones_like(inputs), targets

    class Predict(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.predict(far[0], verbose=0)

    model.fit(
        inputs,
        targets,
        epochs=3,
        verbose=0,
        validation_data=far,
        callbacks=[Predict(), Telemetry(tmp_path, every=1)],
    )
    spread = [value for _, value in read(tmp_path)[f"angle_std/{FIRST}"]]
    assert len(spread) == 3
    assert min(spread) > 0.1  # that of equal rows is one of two columns


def test_does_not_change_the_training(tmp_path):
    weights = []
    # Shots draw seeds: the replay of the engine must draw none.
    for telemetry in (False, True):
        keras.utils.set_random_seed(0)
        spec = CircuitSpec(qubits=1)
        dense = QuantumDense(1, spec, repetitions=10, seed=1)
        model = keras.Sequential([keras.Input((3,)), dense])
        model.compile(keras.optimizers.SGD(0.1), "mse")
        callback = Telemetry(tmp_path, every=1, detail_every=2)
        callbacks = [callback] * telemetry
        model.fit(
            *data(), batch_size=1, epochs=1, verbose=0, callbacks=callbacks
        )
        weights.append(model.get_weights())
    assert "engine_share/model" in read(tmp_path)
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
    history = model.fit(
        ids, np.zeros((1, 1)), verbose=0, callbacks=[Telemetry(every=1)]
    ).history
    # Token 1 occurs three times: the gradient is (0, 3, 1, 0, 0).
    expected = pytest.approx(np.sqrt(10.0), rel=1e-5)
    assert history["gradient_norm/classical"][0] == expected


@pytest.mark.parametrize("steps", [2, 5])
def test_executions_of_several_steps(steps, tmp_path):
    model = make_model(steps_per_execution=steps)
    model.fit(
        *data(40), batch_size=1, verbose=0, callbacks=[Telemetry(tmp_path)]
    )
    scalars = read(tmp_path)["gradient_norm/classical"]
    assert [step for step, _ in scalars] == [1, 11, 21, 31]
    assert all(value > 0 for _, value in scalars)


@pytest.mark.long
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_scaled_losses_are_unscaled(policy):
    norms = []
    for scale in (None, 8.0):
        keras.utils.set_random_seed(0)
        keras.config.set_dtype_policy(policy)
        try:
            model = make_model()
        finally:
            keras.config.set_dtype_policy("float32")
        optimizer = keras.optimizers.SGD(0.1)
        if scale:
            optimizer = keras.optimizers.LossScaleOptimizer(
                optimizer, initial_scale=scale
            )
        model.compile(optimizer, "mse", auto_scale_loss=False)
        history = model.fit(
            *data(), verbose=0, callbacks=[Telemetry(every=1)]
        ).history
        norms.append(history["gradient_norm/classical"][0])
    tolerance = 1e-4 if policy == "float32" else 1e-2
    assert norms[0] == pytest.approx(norms[1], rel=tolerance)


@pytest.mark.long
def test_steps_are_batches_under_gradient_accumulation(tmp_path):
    model = make_model()
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=4)
    model.compile(optimizer, "mse")
    for _ in range(2):
        model.fit(
            *data(),
            batch_size=1,
            verbose=0,
            callbacks=[Telemetry(tmp_path, every=4)],
        )
    steps = [step for step, _ in read(tmp_path)["gradient_norm/classical"]]
    assert steps == [1, 5, 9, 13]


def test_a_layer_that_is_called_twice(tmp_path):
    """As in ALBERT: its gradient is the sum, its angles are those of both."""
    shared = QuantumDense(3, CircuitSpec(qubits=2), name="shared")
    inputs = keras.Input((3,))
    middle = shared(inputs)
    model = keras.Model(inputs, shared(middle))
    model.compile("sgd", "mse")
    values = data()[0]
    angles = np.concatenate(
        [shared.angles(values), shared.angles(shared(values))]
    )
    model.fit(
        values, values, verbose=0, callbacks=[Telemetry(tmp_path, every=1)]
    )
    scalars = read(tmp_path)
    ((_, mean),) = scalars["angle_mean/quantum/shared/pqc"]
    assert mean == pytest.approx(angles.mean(), rel=1e-4)
    ((_, buckets),) = scalars["angles/quantum/shared/pqc"]
    assert buckets[:, 2].sum() == 2 * 8 * 2


@pytest.mark.long
@pytest.mark.parametrize("circuit", [None, zoo.SPEC], ids=["qaa", "angles"])
def test_adapters_in_a_backbone(circuit, tmp_path):
    model = zoo.make_task("BERT")
    model = adapt(model, QuantumAdapter(circuit=circuit))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss)
    callback = Telemetry(tmp_path, every=1, detail_every=2)
    model.fit(
        zoo.tokens(model, 12),
        zoo.labels(model, 12),
        batch_size=2,
        verbose=0,
        callbacks=[callback],
    )
    scalars = read(tmp_path)
    circuits = [c.name for c in watched_circuits(model)]
    assert len(circuits) == 2
    for name in circuits:
        assert len(scalars[f"gradient_norm/{name}"]) == 6
        # The last projection is zero at first: nothing comes back through it.
        assert scalars[f"gradient_norm/{name}"][0][1] == 0
        assert scalars[f"gradient_norm/{name}"][-1][1] > 0
        assert f"expectations/{name}" in scalars
        assert (f"angles/{name}" in scalars) == (circuit is not None)
    assert scalars["engine_share/model"][-1][1] > 0


def test_captures_sample_evenly():
    rows = np.arange(10_000, dtype="float32")[:, None]
    capture = Capture(tf.constant(rows), None, tf.constant(rows))
    capture.record(tf.constant(rows), None, tf.constant(rows))
    assert capture.rows == 10_000
    kept = capture.inputs[:, 0]
    assert len(kept) == 4096
    assert set(np.diff(kept)) == {2.0, 3.0}
    capture.record(tf.constant(rows[:5]), None, tf.constant(2 * rows[:5]))
    assert capture.inputs[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert capture.expectations[:, 0].tolist() == [0, 2, 4, 6, 8]


def test_the_replay_runs_the_whole_batch(monkeypatch):
    model = make_model()
    (circuit, _) = watched_circuits(model)
    seen = []
    real = circuit.layer.replay

    def replay(fed, states):
        tf.py_function(lambda n: seen.append(int(n)), [tf.shape(fed)[0]], [])
        return real(fed, states)

    monkeypatch.setattr(circuit.layer, "replay", replay)
    fed = tf.random.normal([5000, 2])
    capture = Capture(fed, None, fed)
    capture.record(fed, None, fed)
    assert Replay(model).seconds(circuit, [capture]) > 0
    assert set(seen) == {5000}


@pytest.mark.long
def test_what_is_left_by_a_training_that_was_cut(tmp_path):
    model = make_model()

    class Cut(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        callbacks = [Telemetry(tmp_path / "a", every=1), Cut()]
        model.fit(*data(), verbose=0, callbacks=callbacks)
    # What was read is on the disk, and another training is read once.
    assert len(read(tmp_path / "a")["gradient_norm/classical"]) == 1
    callback = Telemetry(tmp_path / "b", every=1)
    model.fit(*data(), verbose=0, callbacks=[callback])
    assert len(read(tmp_path / "b")["gradient_norm/classical"]) == 1
    assert "train_step" not in vars(model)
    uninstall(model)


def test_keras_tuner_can_copy_it():
    callback = Telemetry("logs", every=3, hparams={"a": 1})
    baseline = copy.deepcopy(callback)
    assert vars(baseline) == vars(callback)


@pytest.mark.parametrize("name", ["every", "detail_every"])
def test_bad_intervals(name):
    with pytest.raises(ValueError, match=f"{name}=0. The nearest"):
        Telemetry(**{name: 0})


@pytest.mark.long
def test_keras_traces_what_a_model_calls_train_step():
    """Canary: that a step on the instance is the one that is traced."""
    model = make_model()
    calls = []
    inner = model.train_step
    model.train_step = lambda batch: calls.append(1) or inner(batch)
    model.make_train_function(force=True)
    model.fit(*data(), verbose=0)
    assert calls
    # And that `apply_gradients` looks `apply` up on the instance.
    apply = model.optimizer.apply
    model.optimizer.apply = lambda *args: calls.append(2) or apply(*args)
    model.optimizer.apply_gradients(
        [(tf.zeros(v.shape), v) for v in model.weights]
    )
    assert calls[-1] == 2
