"""Searches of a tiny model: what is recorded, kept and refused."""

import itertools
import json

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

from tfq_hybrid.errors import SearchStoppedError, UserError
from tfq_hybrid.tuning import (
    Choice,
    FunctionTrials,
    HybridHyperModel,
    Objective,
    Range,
    Space,
    Study,
    search,
)
from tfq_hybrid.tuning.tuner import TUNERS, check_state

INPUTS = np.linspace(-1.0, 1.0, 16, dtype="float32").reshape(8, 2)
TARGETS = INPUTS[:, :1] * INPUTS[:, 1:]
SPACE = Space([Choice("units", (1, 2)), Range("rate", 0.01, 0.1, "log")])
LOSS = Objective("val_loss")


def dense(values):
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(values["units"])]
    )
    optimizer = keras.optimizers.SGD(values["rate"])
    model.compile(optimizer, "mse", run_eagerly=True)
    return model


def trials(build=dense, epochs=1):
    data = (INPUTS, TARGETS)
    return FunctionTrials(build, data, data, epochs, batch_size=4, name="tiny")


def study(build=dense, space=SPACE, epochs=1, **options):
    options = {"objectives": [LOSS, Objective("parameters")], **options}
    return Study(trials(build, epochs), space, **options)


def quiet(line):
    assert "\n" not in line


@pytest.mark.long
@pytest.mark.parametrize("tuner", TUNERS)
def test_every_tuner_searches_and_goes_on(tuner, tmp_path):
    epochs = 3 if tuner == "hyperband" else 1
    output = tmp_path / "search"

    def run(max_trials):
        chosen = study(tuner=tuner, epochs=epochs)
        return search(chosen, output, max_trials, report=quiet)

    first = run(3)
    assert len(first["trials"]) == 3
    assert {t["status"] for t in first["trials"]} == {"completed"}
    best = min(first["trials"], key=lambda t: t["metrics"]["val_loss"])
    assert first["best"] == best["id"]
    assert best["id"] in first["pareto"]
    assert (output / "best" / "model.keras").is_file()
    stamps = {p: p.stat().st_mtime_ns for p in output.glob("trials/*/*.json")}
    assert run(3)["trials"] == first["trials"]
    more = run(5)
    assert len(more["trials"]) == 5
    assert more["trials"][:3] == first["trials"]
    for path, stamp in stamps.items():
        assert path.stat().st_mtime_ns == stamp
    values = [
        json.dumps(t["values"]) + str(t["epochs"]) for t in more["trials"]
    ]
    assert len(set(values)) == 5


@pytest.mark.long
def test_a_grid_is_whole_after_a_restart(tmp_path):
    choices = [Choice("units", (1, 2)), Choice("rate", (0.01, 0.03, 0.1))]
    for most in (2, 4, 30):
        chosen = study(space=Space(choices), tuner="grid")
        result = search(chosen, tmp_path / "s", most, report=quiet)
    tried = [tuple(t["values"].values()) for t in result["trials"]]
    wanted = itertools.product(*(choice.values for choice in choices))
    assert tried == list(wanted)


@pytest.mark.long
def test_the_same_seeds_find_the_same(tmp_path):
    one, other = (
        search(study(seed=7), tmp_path / name, 2, report=quiet)
        for name in ("one", "other")
    )
    for a, b in zip(one["trials"], other["trials"], strict=True):
        assert a["values"] == b["values"]
        assert a["curve"] == b["curve"]


def test_executions_are_averaged(tmp_path):
    chosen = study(
        executions=2, space=Space([Choice("units", (1,)), SPACE.dimensions[1]])
    )
    result = search(chosen, tmp_path / "s", 1, report=quiet)
    record = json.loads((tmp_path / "s/trials/0/trial.json").read_text())
    losses = [run["val_loss"] for run in record["runs"]]
    assert len(set(losses)) == 2
    mean = result["trials"][0]["metrics"]["val_loss"]
    assert mean == pytest.approx(sum(losses) / 2)


@pytest.mark.long
def test_bad_trials_are_recorded_and_the_search_goes_on(tmp_path):
    def build(values):
        kind = values["kind"]
        if kind == "breaks":
            raise ValueError("no such model")
        layers = [keras.Input((2,)), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        rate = 1e38 if kind == "diverges" else 0.1
        model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=True)
        return model

    kinds = ("works", "breaks", "diverges", "fine")
    chosen = study(
        build, Space([Choice("kind", kinds)]), tuner="grid", epochs=3
    )
    result = search(chosen, tmp_path / "s", 9, report=quiet)
    found = {t["values"]["kind"]: t for t in result["trials"]}
    assert {k: t["status"] for k, t in found.items()} == {
        "works": "completed",
        "breaks": "failed",
        "diverges": "failed",
        "fine": "completed",
    }
    assert "no such model" in found["breaks"]["reason"]
    [place] = (tmp_path / "s/trials").glob("*/traceback.txt")
    assert 'raise ValueError("no such model")' in place.read_text()
    assert found["works"]["predicted"]["bytes"] > 0
    text = (tmp_path / "s" / "report.md").read_text()
    assert "no such model" in text


def test_too_much_memory_is_infeasible(tmp_path):
    with pytest.raises(SearchStoppedError, match="at most 10 B"):
        search(study(), tmp_path / "s", 2, max_bytes=10, report=quiet)
    result = json.loads((tmp_path / "s" / "search.json").read_text())
    assert [t["status"] for t in result["trials"]] == ["infeasible"] * 2
    assert result["best"] is None


def test_a_folder_of_something_else_is_refused(tmp_path):
    output = tmp_path / "search"
    search(study(), output, 1, report=quiet)
    before = {p: p.read_bytes() for p in output.rglob("*") if p.is_file()}
    wider = Space([Choice("units", (1, 2, 3)), SPACE.dimensions[1]])
    for other, named in (
        (study(space=wider), "space.0.values"),
        (study(tuner="bayesian"), "tuner"),
        (study(seed=1), "seed"),
        (study(objectives=[LOSS]), "objectives"),
    ):
        with pytest.raises(UserError, match=named):
            search(other, output, 1, report=quiet)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("all of it")
    with pytest.raises(UserError, match="something else"):
        search(study(), tmp_path / "full", 1, report=quiet)
    after = {p: p.read_bytes() for p in output.rglob("*") if p.is_file()}
    assert after == before


def test_an_objective_that_no_metric_has(tmp_path):
    chosen = study(objectives=[Objective("val_los", "min")])
    with pytest.raises(UserError, match="Did you mean 'val_loss'"):
        search(chosen, tmp_path / "s", 1, report=quiet)


@pytest.mark.long
def test_an_interrupt_keeps_what_is_there(tmp_path):
    """The trial that was cut short runs again, and no other."""
    calls = []

    def build(values):
        calls.append(values)
        if len(calls) == 4:  # the second trial's training
            raise KeyboardInterrupt
        return dense(values)

    output = tmp_path / "s"
    with pytest.raises(KeyboardInterrupt):
        search(study(build), output, 3, report=quiet)
    result = json.loads((output / "search.json").read_text())
    assert len(result["trials"]) == 1
    del calls[:]
    again = search(study(), output, 3, report=quiet)
    assert len(again["trials"]) == 3
    assert again["trials"][0] == result["trials"][0]


def test_hyperparameters_for_tensorboard(tmp_path):
    from tensorboard.backend.event_processing import event_accumulator

    result = search(study(), tmp_path / "s", 1, report=quiet)
    folder = tmp_path / "s" / "tensorboard"
    events = event_accumulator.EventAccumulator(str(folder / "0"))
    events.Reload()
    (event,) = events.Tensors("final/val_loss")
    value = float(tf.make_ndarray(event.tensor_proto))
    metrics = result["trials"][0]["metrics"]
    assert value == pytest.approx(metrics["val_loss"], rel=1e-6)
    plugin = events.summary_metadata["_hparams_/session_start_info"].plugin_data
    assert b"units" in plugin.content and b"rate" in plugin.content


@pytest.mark.filterwarnings("ignore:(currentThread|getName)")
def test_keras_tuners_own_tuners_take_the_space(tmp_path):
    tuner = keras_tuner.RandomSearch(
        HybridHyperModel(trials(), SPACE),
        objective="val_loss",
        max_trials=2,
        seed=0,
        directory=tmp_path,
        project_name="own",
    )
    data = (INPUTS, TARGETS)
    tuner.search(*data, validation_data=data, epochs=1, verbose=0)
    found = [
        SPACE.decode(trial.hyperparameters.values)
        for trial in tuner.oracle.trials.values()
    ]
    assert len(found) == 2 and found[0] != found[1]
    for values in found:
        assert values["units"] in (1, 2) and 0.01 <= values["rate"] <= 0.1


def test_canary_of_keras_tuners_files(tmp_path):
    """The private names that make its files whole."""
    search(study(), tmp_path / "s", 1, report=quiet)
    oracle = tmp_path / "s" / "oracle"
    for name in ("oracle.json", "tuner0.json", "trial_0/trial.json"):
        text = (oracle / name).read_text()
        json.loads(text)
        # As `write_json` indents, not as keras-tuner does.
        assert text == "{}" or text.startswith("{\n  ")


WRITER = "keras_hub>compute_word_piece_vocabulary"
LAMBDA = {"class_name": "Lambda", "module": "keras.layers", "config": {}}


@pytest.mark.parametrize(
    "change",
    [
        {"hyperparameters": {"space": [LAMBDA], "values": {}}},
        {"hyperparameters": {"space": [{"class_name": WRITER, "config": {}}]}},
        {"space": [{"class_name": "Int", "registered_name": WRITER}]},
        {"conditions": [WRITER]},
        {"trial_id": "../../elsewhere"},
        {"values": {"tuner/trial_id": "/etc"}},
        {"trial_id": 3},
    ],
    ids=str,
)
def test_a_search_from_elsewhere_names_hyperparameters_alone(change, tmp_path):
    """keras-tuner would build any class that is registered with Keras."""
    output = tmp_path / "search"
    search(study(tuner="random"), output, 1, report=quiet)
    path = next((output / "oracle").glob("trial_*/trial.json"))
    check_state(path)
    content = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match="it names"):
        search(study(tuner="random"), output, 2, report=quiet)
