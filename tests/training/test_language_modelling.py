"""Training of language models: what it leaves, measures and resumes."""

import dataclasses
import json
import math

import keras
import numpy as np
import pytest

from tests.training.test_train import Kill, silent
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.data import encode_corpus, load_corpus
from tfq_hybrid.errors import TrainingDivergedError, UserError
from tfq_hybrid.training import (
    Checkpoint,
    RunFolder,
    TrainConfig,
    check_task,
    evaluate,
    load_trained,
)

LINES = ["The cat sat on the mat.", "The dog ran to the cat.", "Oh no!"]


@pytest.fixture
def quick(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(LINES * 20), "utf-8")
    return TrainConfig(
        str(text),
        model="hyqut",
        vocabulary_size=280,
        sequence_length=12,
        batch_size=8,
        epochs=2,
        gradient_every=2,
        options={
            "size": "tiny",
            "dropout": 0.1,
            "circuit": CircuitSpec(qubits=2),
        },
    )


def test_a_run_holds_what_it_needs(quick, tmp_path):
    config = dataclasses.replace(quick, learning_rate=0.01)
    metrics = silent(config, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    stored, values, names, vocabulary = folder.read()
    assert stored == config
    assert stored.optimizer == "adam"
    assert values == names == ()
    assert folder.facts() == {"format": "plain"}
    logs = metrics["history"][-1]
    assert logs["perplexity"] == pytest.approx(math.exp(logs["loss"]))
    assert logs["val_loss"] < metrics["history"][0]["val_loss"]
    # Each place that a circuit sits in is watched.
    for layer in (0, 1):
        path = f"hyqut/transformer_layer_{layer}/self_attention/query"
        name = f"quantum/{path}/replaced/quantum_dense/pqc"
        assert logs[f"gradient_norm/{name}"] > 0
    assert metrics["parameters"]["circuits"] == 2 * 4
    assert metrics["parameters"]["matrices"] == 2 * (17 * 2 + 4 + 3 * 16)
    model, _ = load_trained(tmp_path / "run")
    merges = model.preprocessor.tokenizer.merges
    assert list(merges) == vocabulary
    # What was measured is what is on disk, over the tokens of the end.
    corpus = load_corpus(config.data)
    end = tmp_path / "end.txt"
    end.write_text("".join(corpus.split(0.1)[1].rows))
    result = evaluate(tmp_path / "run", end)
    for name, value in result.items():
        assert metrics[f"validation_{name}"] == pytest.approx(value)
    json.dumps(result, allow_nan=False)


@pytest.mark.long
def test_measures_against_numpy(quick, tmp_path):
    silent(dataclasses.replace(quick, epochs=1), tmp_path / "run")
    dialogues = tmp_path / "talk.jsonl"
    rows = [("Hi", "The cat"), ("The dog", "Oh no! Oh!"), ("?", "The mat.")]
    rows = [{"prompt": asked, "answer": said} for asked, said in rows]
    dialogues.write_text("\n".join(map(json.dumps, rows)))
    result = evaluate(tmp_path / "run", dialogues)
    model, _ = load_trained(tmp_path / "run")
    data = encode_corpus(
        load_corpus(dialogues), model.preprocessor.tokenizer, 12, "talk"
    )
    model.preprocessor = None
    logits = np.float64(model.predict(data.inputs(3), verbose=0))
    shifted = logits - logits.max(-1, keepdims=True)
    probabilities = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    losses = -np.take_along_axis(probabilities, data.targets[..., None], -1)[
        ..., 0
    ]
    learned = data.weights > 0
    assert result["tokens"] == learned.sum() == data.learned
    assert result["loss"] == pytest.approx(losses[learned].mean(), rel=1e-5)
    assert result["perplexity"] == pytest.approx(np.exp(result["loss"]))
    hits = logits.argmax(-1) == data.targets
    assert result["accuracy"] == pytest.approx(hits[learned].mean())


def test_resumed_equals_uninterrupted(quick, tmp_path, monkeypatch):
    whole = silent(quick, tmp_path / "whole")
    fit = keras.Model.fit

    def interrupted(self, *args, callbacks, **kwargs):
        return fit(self, *args, callbacks=[*callbacks, Kill(1)], **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            silent(quick, tmp_path / "cut")
    assert Checkpoint(tmp_path / "cut" / "checkpoints").epoch == 1
    resumed = silent(quick, tmp_path / "cut", resume=True)
    assert resumed["history"] == whole["history"]
    for a, b in zip(
        load_trained(tmp_path / "whole")[0].get_weights(),
        load_trained(tmp_path / "cut")[0].get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_the_best_epoch_is_that_of_the_lowest_loss(tmp_path):
    checkpoint = Checkpoint(tmp_path, "val_loss", "min")
    history = [{"val_loss": loss} for loss in (3.0, 1.0, 2.0, 1.0)]
    checkpoint.state = {"epoch": 4, "history": history}
    assert checkpoint.best_epoch == 2


@pytest.mark.long
def test_nan_keeps_the_last_good_checkpoint(quick, tmp_path):
    config = dataclasses.replace(quick, learning_rate=1e30)
    with pytest.raises(TrainingDivergedError, match="learning rate below"):
        silent(config, tmp_path / "run")
    assert Checkpoint(tmp_path / "run" / "checkpoints").epoch == 0


@pytest.mark.long
def test_dialogues_are_trained_and_known_as_such(quick, real_data, tmp_path):
    config = dataclasses.replace(
        quick,
        data=str(real_data("zh_chatterbot.jsonl")),
        limit=40,
        epochs=1,
        sequence_length=24,
    )
    metrics = silent(config, tmp_path / "run")
    assert RunFolder(tmp_path / "run").facts() == {"format": "dialogue"}
    assert metrics["validation_tokens"] > 0
    check_task(tmp_path / "run", "generation")
    with pytest.raises(UserError, match="run of a text classifier"):
        check_task(tmp_path / "run", "classification")


@pytest.mark.parametrize(
    "name,value",
    [("split", "test"), ("label_column", "label"), ("data_dir", "data")],
)
def test_evaluate_refuses_what_it_would_not_heed(
    name, value, quick, tmp_path, monkeypatch
):
    monkeypatch.setattr(RunFolder, "read", lambda folder: (quick, (), (), []))
    with pytest.raises(UserError, match=f"no {name} for a run of hyqut"):
        evaluate(tmp_path, quick.data, **{name: value})


@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"options": {"size": "9m"}}, "Did you mean '8m'"),
        ({"options": {"targets": "wq"}}, "targets"),
        ({"options": {"layers": "x"}}, "layers"),
        ({"baseline": "ffn"}, "dense, bottleneck"),
    ],
)
def test_bad_arguments(arguments, message, quick):
    with pytest.raises(UserError, match=message):
        TrainConfig.from_dict({**quick.to_dict(), **arguments})


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments,message",
    [
        ({"data": "none.txt"}, "No such file"),
        ({"limit": 1}, "at least two lines"),
        ({"sequence_length": 500}, "more than sequence_length=500"),
        (
            {"options": {"size": "tiny", "layers": [2]}},
            "nearest valid value is 1",
        ),
    ],
)
def test_bad_input_writes_nothing(arguments, message, quick, tmp_path):
    config = TrainConfig.from_dict({**quick.to_dict(), **arguments})
    with pytest.raises(UserError, match=message):
        silent(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()
