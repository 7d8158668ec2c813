"""A finished run that goes on with more epochs."""

import dataclasses
import json
import shutil

import keras
import pytest

from tests.presets import one_block
from tests.training.conftest import QUICK
from tests.training.test_train import Kill, silent
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import (
    Checkpoint,
    ResumableEarlyStopping,
    RunFolder,
    TrainConfig,
    evaluate,
    load_trained,
    train,
)
from tfq_hybrid.training.build import make_optimizer
from tfq_hybrid.verify import verify


@pytest.fixture(scope="module")
def finished(tmp_path_factory, data_dir):
    """A finished run of one epoch, its config and its metrics."""
    path = tmp_path_factory.mktemp("runs") / "run"
    config = TrainConfig(**QUICK, data_dir=str(data_dir), baseline="ffn")
    with one_block():
        return path, config, silent(config, path)


@pytest.fixture
def run(finished, tmp_path, one_block):
    """A copy of it."""
    path, config, metrics = finished
    return shutil.copytree(path, tmp_path / "run"), config, metrics


def files_of(path):
    return {p: p.read_bytes() for p in path.rglob("*") if p.is_file()}


@pytest.mark.long
def test_it_goes_on(run):
    path, config, before = run
    longer = dataclasses.replace(config, epochs=3)
    lines = []
    metrics = train(longer, path, resume=True, verbose=0, report=lines.append)
    assert metrics["epochs"] == 3 and len(metrics["history"]) == 3
    assert metrics["history"][0] == before["history"][0]
    stored, *_ = RunFolder(path).read()
    assert stored == longer
    assert RunFolder(path).extended() == [1]
    assert "extended" not in RunFolder(path).facts()
    assert verify(path).is_whole
    # It trains: the rate is that of three epochs from the second on.
    steps = -(-metrics["training_examples"] // config.batch_size)
    rate = float(make_optimizer(longer, steps)._learning_rate(steps))
    assert rate > 0.5 * config.learning_rate
    assert any(f"rate of {rate:.2g}" in line for line in lines)
    assert metrics["history"][2]["loss"] != before["history"][0]["loss"]
    scores = [logs["val_accuracy"] for logs in metrics["history"]]
    assert metrics["best_epoch"] == scores.index(max(scores)) + 1
    result = evaluate(path, "embedded", split="validation")
    assert result["accuracy"] == pytest.approx(max(scores))


@pytest.mark.long
def test_a_kill_meanwhile_resumes(run, tmp_path, monkeypatch):
    path, config, _ = run
    whole = shutil.copytree(path, tmp_path / "whole")
    longer = dataclasses.replace(config, epochs=3)
    fit = keras.Model.fit

    def interrupted(self, *args, callbacks, **kwargs):
        return fit(self, *args, callbacks=[*callbacks, Kill(2)], **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            silent(longer, path, resume=True)
    folder = RunFolder(path)
    assert not folder.is_finished
    assert Checkpoint(folder.checkpoints).epoch == 2
    assert folder.read()[0].epochs == 3
    ended = shutil.copytree(path, tmp_path / "ended")
    resumed = silent(longer, path, resume=True)
    assert resumed["history"] == silent(longer, whole, resume=True)["history"]
    # With as many as are done it ends there.
    shorter = dataclasses.replace(config, epochs=2)
    assert silent(shorter, ended, resume=True)["epochs"] == 2
    assert load_trained(ended)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"epochs": 1}, "more epochs in all than the 1"),
        ({"epochs": 2, "seed": 7}, "with other epochs alone"),
        ({"epochs": 2, "learning_rate": 0.1}, "with other epochs alone"),
    ],
)
def test_nothing_else_may_change(run, changes, message):
    path, config, _ = run
    before = files_of(path)
    with pytest.raises(UserError, match=message):
        silent(dataclasses.replace(config, **changes), path, resume=True)
    assert files_of(path) == before


def test_without_its_state_it_stays_as_it_is(run):
    path, config, _ = run
    longer = dataclasses.replace(config, epochs=2)
    [weights] = (path / "checkpoints").glob("*.h5")
    weights.write_bytes(weights.read_bytes()[:100])
    before = files_of(path)
    with pytest.raises(UserError):
        silent(longer, path, resume=True)
    assert files_of(path) == before
    shutil.rmtree(path / "checkpoints")
    with pytest.raises(UserError, match="with its checkpoints"):
        silent(longer, path, resume=True)
    assert RunFolder(path).is_finished


def test_fewer_epochs_than_are_done(run):
    path, config, _ = run
    content = json.loads((path / "config.json").read_text())
    content["config"]["epochs"] = 3
    (path / "config.json").write_text(json.dumps(content))
    (path / "metrics.json").unlink()
    state = path / "checkpoints" / "state.json"
    content = json.loads(state.read_text())
    content |= {"epoch": 2, "history": 2 * content["history"]}
    state.write_text(json.dumps(content))
    with pytest.raises(UserError, match="epochs of at least 2"):
        silent(config, path, resume=True)


def test_the_patience_counts_anew():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    history = [{"val_loss": loss} for loss in (1.0, 2.0, 2.0)]
    options = {"monitor": "val_loss", "mode": "min", "patience": 2}
    assert ResumableEarlyStopping.is_due(model, history, **options)
    assert not ResumableEarlyStopping.is_due(model, history, [3], **options)
    early = ResumableEarlyStopping(history, [3], **options)
    early.set_model(model)
    early.on_train_begin()
    for epoch, loss, stops in ((3, 1.5, False), (4, 1.5, True)):
        early.on_epoch_end(epoch, {"val_loss": loss})
        assert model.stop_training is stops
