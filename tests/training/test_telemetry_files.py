"""What `Telemetry` writes: event files, CSV, pictures, the HParams row."""

import csv

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import (
    data_provider,
    plugin_event_multiplexer,
)
from tensorboard.backend.event_processing.event_accumulator import (
    EventAccumulator,
)
from tensorboard.context import RequestContext
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.backend_context import Context
from tensorboard.plugins.hparams.list_session_groups import Handler

from tests.training.test_telemetry import FIRST, data, make_model, read
from tfq_hybrid.training import Telemetry
from tfq_hybrid.training.telemetry.readings import Reading
from tfq_hybrid.training.telemetry.writers import ReadingWriter, shown


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of logs, and the weights before each step of the training."""
    folder = tmp_path_factory.mktemp("logs")
    keras.utils.set_random_seed(0)
    model = make_model()
    weights = []

    class Keep(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            weights.append(model.layers[0].pqc.parameters.numpy())

    callback = Telemetry(
        folder, every=2, detail_every=4, hparams={"circuit": {"qubits": 2}}
    )
    model.fit(*data(16), batch_size=2, verbose=0, callbacks=[Keep(), callback])
    return folder, weights, model


def test_the_csv_file_holds_what_tensorboard_shows(trained):
    folder, _, _ = trained
    table = pd.read_csv(folder / "telemetry.csv", float_precision="round_trip")
    assert list(table) == ["step", "layer", "quantity", "value", "low", "high"]
    scalars = read(folder)
    seen = 0
    for (quantity, layer), rows in table.groupby(["quantity", "layer"]):
        events = scalars.pop(f"{quantity}/{layer}")
        if rows.low.isna().all():
            assert [step for step, _ in events] == rows.step.tolist()
            values = [float(value) for _, value in events]
            assert values == rows.value.tolist()
        else:
            for step, buckets in events:
                here = rows[rows.step == step][["low", "high", "value"]]
                full = buckets[buckets[:, 2] > 0]
                np.testing.assert_array_equal(here.to_numpy(), full)
        seen += 1
    assert seen == 2 + 2 * (3 + 5 + 4) + 2
    # Only pictures and texts are in TensorBoard alone.
    assert {tag.partition("/")[0] for tag in scalars} == {"circuit", "diagram"}


def test_histograms(trained):
    folder, weights, _ = trained
    scalars = read(folder)
    events = scalars[f"weights/{FIRST}"]
    assert [step for step, _ in events] == [1, 5]
    _, buckets = events[-1]
    # The weights are those that the step left behind.
    counts, edges = np.histogram(weights[5], bins=30)
    np.testing.assert_allclose(buckets[:, 2], counts)
    np.testing.assert_allclose(buckets[:, 0], edges[:-1])
    for quantity, size in (
        ("gradients", 4),
        ("angles", 2 * 2),
        ("expectations", 2 * 2),
    ):
        _, buckets = scalars[f"{quantity}/{FIRST}"][-1]
        assert buckets[:, 2].sum() == size
    _, buckets = scalars[f"expectations/{FIRST}"][-1]
    assert -1 <= buckets[0, 0] <= buckets[-1, 1] <= 1


def test_shares(trained):
    folder, _, _ = trained
    scalars = read(folder)
    ((step, seconds),) = scalars["step_seconds/model"]
    ((_, share),) = scalars["engine_share/model"]
    assert step == 5
    assert seconds > 0
    assert share > 0


def test_circuits_as_text_and_picture(trained):
    folder, _, model = trained
    scalars = read(folder)
    # Both layers hold the same circuit: it is shown once.
    assert [tag for tag in scalars if "circuit" in tag] == [f"circuit/{FIRST}"]
    ((_, text),) = scalars[f"diagram/{FIRST}"]
    text = text.item().decode()
    assert "quantum/second/pqc" in text
    assert f"```\n{model.layers[0].circuit.diagram()}\n```" in text
    ((_, (width, height, png)),) = scalars[f"circuit/{FIRST}"]
    pixels = tf.io.decode_png(png).numpy()
    assert pixels.shape[:2] == (int(height), int(width))
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 10


def test_the_hparams_page(trained):
    """What TensorBoard's own page makes of the folder."""
    folder, _, model = trained
    multiplexer = plugin_event_multiplexer.EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = data_provider.MultiplexerDataProvider(multiplexer, str(folder))
    context = Context(base_plugin.TBContext(data_provider=provider))
    request = api_pb2.ListSessionGroupsRequest(slice_size=10)
    request.allowed_statuses.append(api_pb2.STATUS_UNKNOWN)
    request.col_params.add().metric.tag = "final/loss"
    handler = Handler(RequestContext(), context, "", request)
    response = handler.run()
    (group,) = response.session_groups
    assert group.hparams["circuit.qubits"].number_value == 2
    metrics = {m.name.tag: m.value for m in group.metric_values}
    loss = model.history.history["loss"][-1]
    assert metrics == {"final/loss": pytest.approx(loss)}


@pytest.mark.long
def test_resumed_training_goes_on_in_the_same_files(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    weights = tmp_path / "at_4.weights.h5"

    class Save(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations) == 4:
                self.model.save_weights(weights, overwrite=True)

    inputs, targets = data(8)
    keras.utils.set_random_seed(0)
    model = make_model()
    for folder in (whole, cut):
        keras.utils.set_random_seed(0)
        model = make_model()
        model.fit(
            inputs,
            targets,
            batch_size=1,
            shuffle=False,
            verbose=0,
            callbacks=[Telemetry(folder, every=2), Save()],
        )
    # As after a kill: a row and an event that were not written to the end.
    with (cut / "telemetry.csv").open("a") as file:
        file.write("7,classical,gradient_no")
    (events,) = (cut / "telemetry").iterdir()
    with events.open("ab") as file:
        file.write(b"\x10\x00\x00")
    resumed = make_model()
    resumed.optimizer.build(resumed.trainable_variables)
    resumed.load_weights(weights)
    resumed.fit(
        inputs[4:],
        targets[4:],
        batch_size=1,
        shuffle=False,
        verbose=0,
        callbacks=[Telemetry(cut, every=2)],
    )
    tables = []
    for folder in (whole, cut):
        table = pd.read_csv(folder / "telemetry.csv")
        tables.append(table[table.layer != "model"].reset_index(drop=True))
        steps = [step for step, _ in read(folder)["gradient_norm/classical"]]
        assert steps == [1, 3, 5, 7]
        assert len(read(folder)[f"circuit/{FIRST}"]) == 1
    pd.testing.assert_frame_equal(*tables, rtol=1e-5)


@pytest.mark.long
def test_a_new_training_begins_new_files(tmp_path):
    for _ in range(2):
        callback = Telemetry(tmp_path, every=1)
        make_model().fit(*data(), verbose=0, callbacks=[callback])
    assert len(read(tmp_path)["gradient_norm/classical"]) == 1
    table = pd.read_csv(tmp_path / "telemetry.csv")
    rows = table[(table.quantity == "gradient_norm")]
    assert rows.step.tolist() == [1, 1, 1]


def test_nothing_is_written_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_model().fit(*data(), verbose=0, callbacks=[Telemetry(every=1)])
    assert not list(tmp_path.iterdir())


def test_tensorboard_reads_what_is_written_in_pure_python(tmp_path):
    """Canary for the writers of `summary_of`, against those of TensorFlow."""
    sample = np.random.default_rng(0).normal(size=100)
    writer = ReadingWriter(tmp_path / "own")
    key = ("layer", "quantity")
    writer.write(Reading(3, {key: 0.1}))
    writer.write(Reading(4, {key: np.nan}, {("layer", "sample"): sample}))
    writer.close()
    with tf.summary.create_file_writer(str(tmp_path / "theirs")).as_default():
        tf.summary.scalar("quantity/layer", 0.1, step=3)
        tf.summary.scalar("quantity/layer", np.nan, step=4)
        tf.summary.histogram("sample/layer", sample, step=4)
    loaded = []
    for folder in (tmp_path / "own" / "telemetry", tmp_path / "theirs"):
        events = EventAccumulator(str(folder))
        events.Reload()
        loaded.append(events)
    for tag in ("quantity/layer", "sample/layer"):
        own, theirs = (
            [(e.step, tf.make_ndarray(e.tensor_proto)) for e in of.Tensors(tag)]
            for of in loaded
        )
        for (step, value), (their_step, their_value) in zip(
            own, theirs, strict=True
        ):
            assert step == their_step
            np.testing.assert_allclose(value, their_value)
        own, theirs = (of.SummaryMetadata(tag) for of in loaded)
        assert own.plugin_data.plugin_name == theirs.plugin_data.plugin_name
    with (tmp_path / "own" / "telemetry.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[2] == ["4", "layer", "quantity", "nan", "", ""]


def test_flat_arguments():
    flat = shown({"a": {"b": {"c": True}}, "d": (1, 2), "e": None, "f": 0.5})
    assert flat == {"a.b.c": True, "d": "1, 2", "e": "none", "f": 0.5}
