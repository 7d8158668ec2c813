import concurrent.futures
import json
import signal
import socket
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from tests.training.pool import finish, free_ports, start, tiny_config
from tests.training.worker import watch_fit
from tfq_hybrid.cli.main import main
from tfq_hybrid.errors import UserError, WorkerLostError
from tfq_hybrid.models.hybrid_bert.losses import WeightedCrossEntropy
from tfq_hybrid.training import join, load_trained, train
from tfq_hybrid.training.cluster import (
    EXAMPLE,
    ended_by_alarm,
    meet,
    read_tf_config,
)
from tfq_hybrid.training.distribution import (
    build_symbolically,
    check_keras,
    share_batches,
)

# As the workers have it.
pytestmark = pytest.mark.usefixtures("one_block")


def train_both(config, folder, count, distribute):
    """Losses and run folders of a single device and of several."""
    folder.mkdir(parents=True, exist_ok=True)
    stop = watch_fit(steps=str(folder / "single.json"))
    try:
        single = folder / "single"
        train(config, single, verbose=0, report=lambda line: None)
    finally:
        stop()
    mirrored = distribute == "mirrored"
    devices, count = (count, 1) if mirrored else (1, count)
    tasks = [
        {
            "config": config.to_dict(),
            "output": str(folder / f"run-{rank}"),
            "steps": str(folder / f"{rank}.json"),
            "distribute": distribute,
            "devices": devices,
        }
        for rank in range(count)
    ]
    codes = finish(start(tasks, folder))
    logs = [(folder / f"worker-{i}.log").read_text() for i in range(count)]
    assert codes == [0] * count, logs
    read = [
        json.loads((folder / f"{name}.json").read_text())
        for name in ("single", *range(count))
    ]
    return read, single, folder / "run-0"


def check_equal(
    config,
    folder,
    count=2,
    steps=20,
    distribute="multi-worker",
    distinct=10,
):
    """Losses to 1e-5, and what is left of the training."""
    losses, single, several = train_both(config, folder, count, distribute)
    assert len(losses[0]) >= steps
    assert len(set(losses[0])) > distinct
    for found in losses[1:]:
        np.testing.assert_allclose(found, losses[0], atol=1e-5)
    # Where only the chief writes, the others' folders do not come to be.
    assert not list(folder.glob("run-[1-9]"))
    first, second = (load_trained(run)[0] for run in (single, several))
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-4)
    ends = [
        json.loads((r / "metrics.json").read_text()) for r in (single, several)
    ]
    for end in ends:
        assert end["epochs"] == config.epochs
    for one, other in zip(*(end["history"] for end in ends), strict=True):
        for name in other if distribute == "mirrored" else one:
            assert other[name] == pytest.approx(one[name], abs=2e-4), name


@pytest.mark.long
def test_two_workers_equal_one_process(tmp_path):
    check_equal(tiny_config(tmp_path), tmp_path)


def test_parts_make_up_the_whole():
    """Every row of every batch lies on one worker, whatever their number."""
    rows = np.arange(23)
    data = {"a": rows, "b": np.stack([rows, -rows], 1)}, rows * 10
    batches = tf.data.Dataset.from_tensor_slices(data).batch(8)
    for count in (1, 2, 3, 5, 8):
        parts = [
            [
                tf.nest.map_structure(np.asarray, batch)
                for batch in share_batches(batches, rank, count)
            ]
            for rank in range(count)
        ]
        for number, whole in enumerate(batches):
            found = [part[number] for part in parts]
            assert len({len(y) for _, y, _ in found}) == 1
            real = [weight > 0 for *_, weight in found]
            y = np.concatenate(
                [y[r] for (_, y, _), r in zip(found, real, strict=True)]
            )
            np.testing.assert_array_equal(y, whole[1])
            b = np.concatenate(
                [x["b"][r] for (x, *_), r in zip(found, real, strict=True)]
            )
            np.testing.assert_array_equal(b, whole[0]["b"])


def test_weights_of_tokens_are_kept():
    weights = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]], np.float32)
    data = np.arange(3), np.zeros((3, 2)), weights
    batches = tf.data.Dataset.from_tensor_slices(data).batch(3)
    (first,), (second,) = (share_batches(batches, r, 2) for r in range(2))
    np.testing.assert_array_equal(first[2], weights[:2])
    np.testing.assert_array_equal(second[2], [[1, 1], [-1, -1]])


def test_class_weights_of_parts():
    """Their means, weighted by `total_weight`, make up that of the whole."""
    loss = WeightedCrossEntropy([0.3, 2.0, 1.1])
    labels = np.array([0, 1, 1, 2, 0])
    logits = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    parts = [slice(0, 3), slice(3, 5)]
    totals = [float(loss.total_weight(labels[p])) for p in parts]
    assert totals == pytest.approx([4.3, 1.4])
    means = [float(loss(labels[p], logits[p])) for p in parts]
    assert np.average(means, weights=totals) == pytest.approx(
        float(loss(labels, logits)), rel=1e-6
    )


@pytest.mark.parametrize(
    "text,message",
    [
        (None, "none set"),
        ("{", "such as"),
        ("[]", "such as"),
        ('{"cluster": {"worker": ["a:1"]}}', "such as"),
        (EXAMPLE.replace('"index": 0', '"index": 2'), "such as"),
        (EXAMPLE.replace('"index": 0', '"index": -1'), "such as"),
        (EXAMPLE.replace("host1:12345", "host1"), "such as"),
        (EXAMPLE.replace("host1", "host0"), "address of its own"),
        (EXAMPLE.replace('"worker"', '"ps"'), "jobs 'worker'"),
    ],
)
def test_bad_tf_config(text, message):
    with pytest.raises(UserError, match=message) as caught:
        read_tf_config(text)
    assert "\n" not in str(caught.value)


def test_a_port_in_use(monkeypatch):
    with socket.create_server(("", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        cluster = {"worker": [address, "127.0.0.1:1"]}
        task = {"type": "worker", "index": 0}
        text = json.dumps({"cluster": cluster, "task": task})
        monkeypatch.setenv("TF_CONFIG", text)
        message = f"free port.*{address}"
        with (
            pytest.raises(UserError, match=message),
            join("multi-worker"),
        ):
            pass


def test_a_worker_that_does_not_come():
    own, other = (f"127.0.0.1:{port}" for port in free_ports(2))
    message = f"Expected 2 workers within 0 s. No answer from {other}"
    with pytest.raises(WorkerLostError, match=message):
        meet([own, other], 0, 0)


def test_a_worker_that_comes_later():
    own, other = (f"127.0.0.1:{port}" for port in free_ports(2))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        met = pool.submit(meet, [other, own], 1, 60)
        with pytest.raises(concurrent.futures.TimeoutError):
            met.result(timeout=0.5)
        port = int(other.rpartition(":")[2])
        with socket.create_server(("", port)):
            assert met.result(timeout=60) is None


def test_an_alarm_leaves_signals_as_they_were():
    signals = signal.SIGALRM, signal.SIGTERM
    before = [signal.getsignal(s) for s in signals]
    with ended_by_alarm(60):
        assert signal.alarm(60) > 0
    assert signal.alarm(0) == 0
    assert [signal.getsignal(s) for s in signals] == before


def test_join_refuses_other_words(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(UserError, match="Did you mean 'multi-worker'"):
        join("multiworker").__enter__()
    with pytest.raises(UserError, match=r"none set.*its own index"):
        join("multi-worker").__enter__()


def test_keras_is_the_one_this_was_written_for():
    check_keras()
    with pytest.raises(UserError, match=r"Keras 3.15.*Received: Keras 3.16.0"):
        check_keras("3.16.0")


def test_canary_of_symbolic_build():
    """`_symbolic_build` makes the metrics' variables, and no update."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    count = sum(len(metric.variables) for metric in model.metrics)
    build_symbolically(model, (tf.ones([3, 2]), tf.zeros([3], tf.int32)))
    states = [v for metric in model.metrics for v in metric.variables]
    assert len(states) == count + 2
    assert all(float(v) == 0.0 for v in states)
    assert [m.name for m in model.metrics] == ["loss", "compile_metrics"]


@pytest.mark.parametrize("method", ["fit", "train_on_batch"])
def test_canary_of_what_keras_does_between_devices(method):
    """What `Steps.installed` sets on the instances is what Keras calls."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.MeanSquaredError())
    called = []

    def built(**batch):
        called.append("build")

    def summed(pairs):
        called.append("sum")
        return list(pairs)

    model._maybe_symbolic_build = built
    model.optimizer._all_reduce_sum_gradients = summed
    getattr(model, method)(tf.ones([3, 2]), tf.zeros([3, 2]))
    assert called == ["build", "sum"]


def test_canary_of_losses_between_devices(monkeypatch):
    """Keras divides by the devices, and rows of no weight weigh nothing."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.MeanSquaredError())
    x, y = tf.ones([3, 2]), tf.zeros([3, 2])
    whole = model.compute_loss(x, y, x)
    assert model.compute_loss(x, y, x, tf.zeros([3])) == 0.0
    strategy = types.SimpleNamespace(num_replicas_in_sync=4)
    monkeypatch.setattr(tf.distribute, "has_strategy", lambda: True)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: strategy)
    assert model.compute_loss(x, y, x) == whole / 4


def test_canary_of_the_coordination_service():
    """What `cluster._connect` sets is what TensorFlow reads later."""
    own = context.Context()
    assert own.coordination_service is None
    own.configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        heartbeat_timeout_in_ms=5,
    )
    made = own.coordination_service
    assert made.service_type == "standalone"
    assert made.heartbeat_timeout_in_ms == 5


def test_the_command_says_what_to_set(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    arguments = ["--data", "embedded", "--output", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--distribute", "multi-worker", *arguments])
    assert stopped.value.code == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "TF_CONFIG to be such as" in printed
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_a_batch_for_fewer_devices(tmp_path):
    """Found before anything is written, and told by all."""
    config = tiny_config(tmp_path, batch_size=1)
    task = {"config": config.to_dict(), "output": str(tmp_path / "run")}
    task |= {"distribute": "mirrored", "devices": 2}
    assert finish(start([task], tmp_path)) == [1]
    log = (tmp_path / "worker-0.log").read_text()
    assert "UserError: Expected a batch_size of at least 2" in log
    assert not (tmp_path / "run").exists()
