import dataclasses
import json
import pathlib

import h5py
import keras
import numpy as np
import pytest

from tests.presets import save_bert
from tfq_hybrid.archives import datasets
from tfq_hybrid.errors import TrainingDivergedError, UserError
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
from tfq_hybrid.training.splits import load_splits

QUICK = {
    "data": "embedded",
    "limit": 64,
    "sequence_length": 12,
    "batch_size": 16,
    "vocabulary_size": 128,
    "options": {"circuit": {"qubits": 2, "depth": 1}},
}


@pytest.fixture
def quick(data_dir):
    return TrainConfig(**QUICK, data_dir=str(data_dir))


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


def test_a_run_holds_what_it_needs(quick, tmp_path, monkeypatch):
    config = dataclasses.replace(
        quick, epochs=2, label_names=("bad", "good"), gradient_every=2
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
        name = f"qffn_bert/{path}/feed_forward/quantum_dense/pqc"
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
@pytest.mark.parametrize(
    "rate,batch_size", [(1e30, 16), (1e37, 64), (3.3e38, 64)]
)
def test_nan_keeps_the_last_good_checkpoint(quick, tmp_path, rate, batch_size):
    config = dataclasses.replace(
        quick, learning_rate=rate, epochs=1, batch_size=batch_size
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


def test_a_stopped_training_does_not_go_on(quick, tmp_path):
    config = dataclasses.replace(
        quick, epochs=30, patience=1, learning_rate=1e-9
    )
    metrics = silent(config, tmp_path / "run")
    # Killed between the last epoch and the end.
    (tmp_path / "run" / "metrics.json").unlink()
    again = silent(config, tmp_path / "run", resume=True)
    assert again["history"] == metrics["history"]


def test_resume_refuses_changed_data(tmp_path):
    data = tmp_path / "data.tsv"
    rows = ["a fine film\t1", "a bad film\t0"] * 20
    data.write_text("\n".join(["text\tlabel", *rows]))
    config = TrainConfig(**{**QUICK, "data": str(data), "limit": None})
    silent(config, tmp_path / "run")
    (tmp_path / "run" / "metrics.json").unlink()
    data.write_text("\n".join(["text\tlabel", *rows, "more\t1"]))
    with pytest.raises(UserError, match="changed since"):
        silent(config, tmp_path / "run", resume=True)


def test_arguments_have_effect(quick):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]
    for name, value, read in (
        ("xla", True, lambda model: model.jit_compile),
        ("weight_decay", 0.25, lambda model: model.optimizer.weight_decay),
        ("clipnorm", 0.5, lambda model: model.optimizer.global_clipnorm),
        ("dropout", 0.3, lambda model: model.backbone.dropout),
        ("tokens", "cls", lambda model: model.backbone.tokens),
        ("engine", "tfq", lambda model: model.backbone.engine),
    ):
        config = TrainConfig.from_dict({**quick.to_dict(), name: value})
        model = build_model(config, vocabulary, 2)
        compile_model(model, config, 4)
        assert read(model) == value


def test_paths_are_text_in_a_config():
    config = TrainConfig(pathlib.Path("a.tsv"), data_dir=pathlib.Path("b"))
    assert config == TrainConfig("a.tsv", data_dir="b")


def test_configs_of_version_0_1_still_load(quick):
    config = quick.to_dict()
    flat = {**config, **config.pop("options")}
    del flat["options"]
    assert TrainConfig.from_dict(flat) == quick
    with pytest.raises(UserError, match="Did you mean 'tokens'"):
        TrainConfig.from_dict({**flat, "token": "cls"})


def test_angles_have_a_learning_rate_of_their_own(quick):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]
    moves = {}
    for rate in (None, 1e-9, 1e-2):
        config = dataclasses.replace(
            quick,
            optimizer="adam",
            learning_rate=1e-3,
            quantum_learning_rate=rate,
            warmup=0.0,
        )
        keras.utils.set_random_seed(0)
        model = build_model(config, vocabulary, 2)
        compile_model(model, config, 1000)
        variables = model.trainable_variables
        before = [v.numpy() for v in variables]
        model.train_on_batch(np.array(["a b", "b"]), np.array([0, 1]))
        moves[rate] = [
            np.abs(v.numpy() - old).max()
            for v, old in zip(variables, before, strict=True)
        ]
    angles = [v.path.endswith("pqc/parameters") for v in variables]
    assert sum(angles) == 2
    for is_angle, *found in zip(angles, *moves.values(), strict=True):
        same, slow, fast = found
        # Adam's first step is the learning rate, whatever the gradient.
        assert fast == pytest.approx((10 if is_angle else 1) * same, rel=1e-3)
        if is_angle:
            assert same > 1e-4
            assert slow < 1e-6


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_the_angles_alone_train(optimizer, quick):
    config = dataclasses.replace(
        quick,
        optimizer=optimizer,
        weight_decay=0.5,
        learning_rate=0.0,
        quantum_learning_rate=1e-2,
        warmup=0.0,
    )
    keras.utils.set_random_seed(0)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]
    model = build_model(config, vocabulary, 2)
    compile_model(model, config, 1000)
    variables = model.trainable_variables
    before = [v.numpy() for v in variables]
    model.train_on_batch(np.array(["a b", "b"]), np.array([0, 1]))
    for variable, old in zip(variables, before, strict=True):
        move = np.abs(variable.numpy() - old).max()
        if variable.path.endswith("pqc/parameters"):
            assert 1e-4 < move < 1.01e-2
        else:
            assert move == 0.0
    again = type(model.optimizer).from_config(model.optimizer.get_config())
    assert (again.angle_rate, again.other_rate) == (1.0, 0.0)


def test_early_stopping_keeps_the_best_epoch(quick, tmp_path):
    config = dataclasses.replace(
        quick, epochs=30, patience=1, learning_rate=1e-9
    )
    metrics = silent(config, tmp_path / "run")
    scores = [logs["val_accuracy"] for logs in metrics["history"]]
    assert metrics["epochs"] < 30
    assert metrics["best_epoch"] == scores.index(max(scores)) + 1


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
        ({"model": "qffn_bert"}, "Did you mean 'qffn-bert'"),
        ({"classical": "fnn"}, "Did you mean 'ffn'"),
        ({"epochs": 0}, "epochs"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"options": {"dropout": 1.0}}, "dropout"),
        ({"options": {"circuit": {"qubits": 0}}}, "qubits"),
        ({"options": {"token": "cls"}}, "Did you mean 'tokens'"),
        ({"options": 3}, "QFFNBertOptions or a dict"),
        ({"optimizer": "adma"}, "Did you mean 'adam'"),
        ({"warmup": 1.0}, "warmup"),
        ({"clipnorm": 0.0}, "clipnorm"),
        ({"quantum_learning_rate": -1.0}, "quantum_learning_rate"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        TrainConfig(**{**QUICK, **arguments})


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
    with pytest.raises(UserError, match="--resume to go on or --overwrite"):
        silent(quick, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        RunFolder(tmp_path / "run").read()


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
