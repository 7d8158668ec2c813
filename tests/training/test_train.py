import dataclasses
import json

import h5py
import keras
import numpy as np
import pytest

from tests.presets import save_bert
from tests.training.conftest import QUICK
from tfq_hybrid.errors import TrainingDivergedError, UserError
from tfq_hybrid.files.hdf5 import datasets
from tfq_hybrid.training import (
    Checkpoint,
    RunFolder,
    TrainConfig,
    evaluate,
    load_trained,
    train,
)
from tfq_hybrid.training.build import build_model, compile_model
from tfq_hybrid.training.checkpoint import weights_in_memory
from tfq_hybrid.training.classification import load_splits


def silent(config, output, **options):
    return train(config, output, verbose=0, report=lambda line: None, **options)


class Kill(keras.callbacks.Callback):
    """Ends the process's work in the middle of an epoch, as a signal would."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch
        self.reached = False

    def on_epoch_begin(self, epoch, logs=None):
        self.reached = epoch == self.epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.reached and batch == 1:
            raise KeyboardInterrupt


def test_a_run_holds_what_it_needs(of_two_blocks, tmp_path, monkeypatch):
    config = dataclasses.replace(
        of_two_blocks,
        epochs=2,
        label_names=("bad", "good"),
        gradient_every=2,
    )
    traced = []
    step = keras.Model.train_step
    monkeypatch.setattr(
        keras.Model, "train_step", lambda *a: traced.append(1) or step(*a)
    )
    metrics = silent(config, tmp_path / "run")
    # Twice, where anything makes variables meanwhile; it takes seconds.
    assert len(traced) == 1
    folder = RunFolder(tmp_path / "run")
    assert folder.is_finished
    assert folder.metrics() == json.loads(json.dumps(metrics))
    stored, values, names, vocabulary = folder.read()
    assert stored == config
    assert values == ("negative", "positive")
    assert names == ("bad", "good")
    assert len(metrics["history"]) == 2
    logs = metrics["history"][0]
    for path in ("transformer_layer_0", "transformer_layer_1"):
        place = "feedforward_output_dense/replaced/feed_forward"
        name = f"qffn_bert/{path}/{place}/quantum_dense/pqc"
        assert logs[f"gradient_norm/quantum/{name}"] > 0
    assert logs["gradient_norm/classical"] > 0
    assert {p.name for p in folder.logs.iterdir()} == {
        "final",
        "telemetry",
        "telemetry.csv",
        "train",
        "validation",
    }
    # The model on disk is the one that was measured.
    model, _ = load_trained(tmp_path / "run")
    assert model.preprocessor.tokenizer.get_vocabulary() == vocabulary
    result = evaluate(tmp_path / "run", "embedded", split="validation")
    assert result["accuracy"] == pytest.approx(metrics["validation_accuracy"])
    assert result["loss"] == pytest.approx(metrics["validation_loss"], rel=1e-4)
    low, high = result["accuracy_interval"]
    assert low < result["accuracy"] < high


def test_resumed_equals_uninterrupted(quick, tmp_path, monkeypatch):
    config = dataclasses.replace(quick, epochs=3, patience=5)
    whole = silent(config, tmp_path / "whole")
    fit = keras.Model.fit

    def interrupted(self, *args, callbacks, **kwargs):
        return fit(self, *args, callbacks=[*callbacks, Kill(1)], **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            silent(config, tmp_path / "cut")
    assert not RunFolder(tmp_path / "cut").is_finished
    assert Checkpoint(tmp_path / "cut" / "checkpoints").epoch == 1
    with pytest.raises(UserError, match="unfinished"):
        evaluate(tmp_path / "cut", "embedded")
    resumed = silent(config, tmp_path / "cut", resume=True)
    assert resumed["history"] == whole["history"]
    for a, b in zip(
        load_trained(tmp_path / "whole")[0].get_weights(),
        load_trained(tmp_path / "cut")[0].get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


# At 1e30 the loss is NaN at the second step; with one step an epoch only the
# validation or the weights can tell.
@pytest.mark.long
@pytest.mark.parametrize(
    "rate,batch_size", [(1e30, 16), (1e37, 64), (3.3e38, 64)]
)
def test_nan_keeps_the_last_good_checkpoint(
    of_two_blocks, tmp_path, rate, batch_size
):
    config = dataclasses.replace(
        of_two_blocks, learning_rate=rate, epochs=1, batch_size=batch_size
    )
    with pytest.raises(TrainingDivergedError, match="learning rate below"):
        silent(config, tmp_path / "run")
    assert not RunFolder(tmp_path / "run").is_finished
    checkpoint = Checkpoint(tmp_path / "run" / "checkpoints")
    assert checkpoint.epoch == 0
    _, _, names, vocabulary = RunFolder(tmp_path / "run").read()
    model = build_model(config, vocabulary, len(names))
    compile_model(model, config, 4)
    checkpoint.restore(model)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_weights_in_memory_are_those_that_keras_saves(tmp_path):
    """The private names of Keras that checkpoints stand on."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((4, 3)), np.ones((4, 2)))
    own, public = tmp_path / "own.weights.h5", tmp_path / "public.weights.h5"
    own.write_bytes(weights_in_memory(model).getbuffer())
    model.save_weights(public)
    arrays = []
    for path in (own, public):
        with h5py.File(path, "r") as file:
            arrays.append({name: data[()] for name, data in datasets(file)})
    assert arrays[0].keys() == arrays[1].keys()
    assert len(arrays[0]) > 4  # the optimizer's too
    for name, array in arrays[0].items():
        np.testing.assert_array_equal(array, arrays[1][name])
    before = model.get_weights()
    model.set_weights([0 * weight for weight in before])
    model.load_weights(own)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.long
def test_early_stopping_keeps_the_best_epoch(quick, tmp_path):
    config = dataclasses.replace(
        quick, epochs=30, patience=1, learning_rate=1e-9
    )
    metrics = silent(config, tmp_path / "run")
    scores = [logs["val_accuracy"] for logs in metrics["history"]]
    assert metrics["epochs"] < 30
    assert metrics["best_epoch"] == scores.index(max(scores)) + 1
    # Killed between the last epoch and the end, it does not go on.
    (tmp_path / "run" / "metrics.json").unlink()
    again = silent(config, tmp_path / "run", resume=True)
    assert again["history"] == metrics["history"]


@pytest.mark.long
def test_resume_refuses_changed_data(quick, tmp_path):
    data = tmp_path / "data.tsv"
    rows = ["a fine film\t1", "a bad film\t0"] * 20
    data.write_text("\n".join(["text\tlabel", *rows]))
    config = dataclasses.replace(
        quick, data=str(data), data_dir=None, limit=None
    )
    silent(config, tmp_path / "run")
    (tmp_path / "run" / "metrics.json").unlink()
    data.write_text("\n".join(["text\tlabel", *rows, "more\t1"]))
    with pytest.raises(UserError, match="changed since"):
        silent(config, tmp_path / "run", resume=True)


def with_options(config, **changes):
    options = dataclasses.replace(config.options, **changes)
    return dataclasses.replace(config, options=options)


def losses_of(config, steps):
    """The losses of the first steps of a training."""
    keras.utils.set_random_seed(config.seed)
    training, _ = load_splits(config)
    from tfq_hybrid.training.build import make_vocabulary

    vocabulary = make_vocabulary(config, training.texts)
    model = build_model(config, vocabulary, 2)
    compile_model(model, config, steps)
    stream = training.shuffled_batches(config.batch_size, config.seed)
    return [
        float(model.train_on_batch(texts, labels, return_dict=True)["loss"])
        for texts, labels in stream.take(steps)
    ]


@pytest.mark.long
def test_engines_train_step_for_step(real_data):
    # The numbers: 512 sentences of SST-2, 20 steps, losses to 1e-4.
    config = TrainConfig(
        data=str(real_data("sst2_train.tsv")),
        validation_data=str(real_data("sst2_dev.tsv")),
        limit=512,
        batch_size=32,
        sequence_length=24,
    )
    batched = losses_of(config, 20)
    tfq = losses_of(with_options(config, engine="tfq"), 20)
    assert len(batched) == 20
    np.testing.assert_allclose(batched, tfq, atol=1e-4)
    assert len(set(batched)) > 10


@pytest.mark.parametrize(
    "arguments,message",
    [
        (
            {"options": {"preset": "bert_tiny_en_uncase"}},
            "mean 'bert_tiny_en_uncased'",
        ),
        (
            {"options": {"circuit": {"qubits": 40}}},
            "qubits=40.*nearest valid value is",
        ),
        ({"label_names": ("a", "b", "c")}, "2 different label names"),
        ({"label_names": ("a", "a")}, "2 different label names"),
        ({"limit": 1}, "at least two labels"),
        ({"validation_data": "no.tsv"}, "No such file"),
    ],
)
def test_bad_input_writes_nothing(arguments, message, tmp_path, data_dir):
    config = TrainConfig(**{**QUICK, **arguments}, data_dir=str(data_dir))
    with pytest.raises(UserError, match=message):
        silent(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_folders_are_guarded(quick, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    for options in ({}, {"overwrite": True}):
        with pytest.raises(UserError, match="something else"):
            silent(quick, other, **options)
    assert (other / "thesis.txt").exists()
    with pytest.raises(UserError, match="holds none"):
        silent(quick, other, resume=True)
    silent(quick, tmp_path / "run")
    with pytest.raises(UserError, match="a finished run"):
        silent(quick, tmp_path / "run")
    with pytest.raises(UserError, match="which is finished"):
        silent(quick, tmp_path / "run", resume=True)
    silent(quick, tmp_path / "run", overwrite=True)
    (tmp_path / "run" / "metrics.json").unlink()
    with pytest.raises(
        UserError, match="resume=True to go on or overwrite=True"
    ):
        silent(quick, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        RunFolder(tmp_path / "run").read()


@pytest.mark.long
def test_from_a_preset(quick, tmp_path):
    """A local preset brings its vocabulary and its weights."""
    preset = str(tmp_path / "bert")
    bert, vocabulary = save_bert(preset, "the plot music is was not good bad")
    config = with_options(quick, preset=preset)
    silent(config, tmp_path / "run")
    model, _ = load_trained(tmp_path / "run")
    assert model.preprocessor.tokenizer.get_vocabulary() == vocabulary
    assert model.backbone.hidden_dim == 8
    fresh = build_model(config, vocabulary, 2)
    np.testing.assert_array_equal(
        fresh.backbone.token_embedding.embeddings,
        bert.token_embedding.embeddings,
    )
    with pytest.raises(UserError, match="sequence_length of at most 12"):
        silent(dataclasses.replace(config, sequence_length=13), tmp_path / "no")
