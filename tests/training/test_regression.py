"""Regression, and pairs of texts, from a file to an export."""

import dataclasses
import json

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics

from tests.presets import one_block, save_bert
from tests.training.conftest import QUICK
from tfq_hybrid import training
from tfq_hybrid.cli.main import main
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import Answer, Predictor, answer_of, export
from tfq_hybrid.training import (
    TASKS,
    RunFolder,
    TrainConfig,
    evaluate,
    load_trained,
    train,
)
from tfq_hybrid.training.build import build_model, compile_model
from tfq_hybrid.training.regression import as_column, regression_scores

PAIRS = ("text_a", "text_b")
SMALL = {**QUICK, "batch_size": 8}


def write(path, rows):
    lines = ["\t".join(map(str, row)) for row in rows]
    path.write_text("\n".join(["text_a\ttext_b\tlabel", *lines]) + "\n")
    return path


def rows_of(count, seed):
    """The number is 1,000 and 10 for each "good", wherever it stands."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        words = generator.choice(["good", "bad"], 4)
        first, second = " ".join(words[:2]), " ".join(words[2:])
        yield first, second, 1000 + 10 * int((words == "good").sum())


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A finished run on pairs with numbers, its config and its test data."""
    folder = tmp_path_factory.mktemp("regression")
    config = TrainConfig(
        **{**SMALL, "data": str(write(folder / "a.tsv", rows_of(64, 0)))},
        task="regression",
        text_columns=PAIRS,
        baseline="none",
        epochs=5,
        learning_rate=0.002,
    )
    with one_block():
        train(config, folder / "run", verbose=0, report=lambda line: None)
    test = write(folder / "test.tsv", rows_of(40, 1))
    return folder / "run", config, test


@pytest.fixture(scope="module")
def asked(scored):
    """The model of that run, as `predict` asks it."""
    run, *_ = scored
    model, names = load_trained(run)
    assert names == ()
    return Predictor.of_model(model, answer=answer_of(run))


def pairs_of(path):
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return [(a, b) for a, b, _ in rows], [float(row[2]) for row in rows]


@pytest.mark.long
def test_scores_are_of_the_data_in_their_own_unit(scored, asked, capsys):
    run, _, test = scored
    main(["evaluate", str(run), "--data", str(test), "--json"])
    found = json.loads(capsys.readouterr().out)
    pairs, labels = pairs_of(test)
    values = np.array([answer["value"] for answer in asked(pairs)])
    assert found["mse"] == pytest.approx(
        np.mean((values - labels) ** 2), rel=1e-4
    )
    assert found["pearson"] == pytest.approx(
        np.corrcoef(values, labels)[0, 1], abs=1e-5
    )
    mean, _ = RunFolder(run).unit()
    assert found["baseline_mse"] == pytest.approx(
        np.mean((mean - np.array(labels)) ** 2)
    )
    assert found["mse"] < found["baseline_mse"] / 2
    assert found["undefined"] == []


def test_the_loss_is_of_rows_not_of_all_their_pairs(scored):
    """In the unit of the loss the same: no shape was broadcast."""
    run, *_ = scored
    metrics = RunFolder(run).metrics()
    _, scale = RunFolder(run).unit()
    assert metrics["validation_mse"] == pytest.approx(
        metrics["validation_loss"] * scale**2, rel=1e-4
    )
    assert metrics["validation_examples"] == 6
    assert "validation_accuracy" not in metrics
    assert not [key for key in metrics["history"][0] if "accuracy" in key]


def test_one_row(scored, tmp_path):
    run, *_ = scored
    path = write(tmp_path / "one.tsv", [("good good", "bad", 1020)])
    found = evaluate(run, str(path))
    assert found["examples"] == 1
    assert found["pearson"] is None
    assert found["undefined"] == ["pearson", "spearman"]
    assert np.isfinite(found["mse"])


@pytest.mark.long
def test_an_export_answers_as_the_run(scored, asked, tmp_path, capsys):
    run, _, test = scored
    pairs, _ = pairs_of(test)
    model, _ = load_trained(run)
    path = export(model, tmp_path / "name", answer=answer_of(run))
    loaded = Predictor(path)
    assert loaded.takes_pairs and asked.takes_pairs
    expected = asked(pairs)
    for answer, other in zip(loaded(pairs), expected, strict=True):
        assert answer["value"] == pytest.approx(other["value"], abs=1e-2)
        assert 900 < answer["value"] < 1100
    assert loaded(pairs[:1])[0].keys() == {"text", "second_text", "value"}
    for ask in (loaded, asked):
        with pytest.raises(UserError, match="pairs of texts"):
            ask(["good"])
    assert "exported for regression" in (path / "MODEL_CARD.md").read_text()
    # The command line takes two texts for each pair.
    main(["predict", str(path), *pairs[0], *pairs[1], "--json"])
    told = json.loads(capsys.readouterr().out)
    assert [a["value"] for a in told] == pytest.approx(
        [a["value"] for a in expected[:2]], abs=1e-2
    )
    main(["predict", str(path), *pairs[0]])
    value, text = capsys.readouterr().out.split("  ", 1)[0:2]
    assert " | ".join(pairs[0]) in value + text
    with pytest.raises(SystemExit) as stop:
        main(["predict", str(path), "good"])
    assert stop.value.code == 2
    assert "two of each pair" in capsys.readouterr().err


def test_the_command_line_tells_scores(monkeypatch, capsys):
    found = regression_scores([0, 1, 2, 3], [1, 1, 1, 1])
    monkeypatch.setattr(training, "evaluate", lambda *_, **__: found)
    main(["evaluate", "run", "--data", "test.tsv"])
    assert capsys.readouterr().out == (
        "MSE 1.5000 (the mean alone: 1.2500), Pearson undefined, Spearman "
        "undefined, on 4 examples.\n"
        "The model knows nothing of these data: the MSE, 1.5000, is not "
        "below 1.2500, that of always answering the mean of the training.\n"
    )


def test_a_classifier_of_one_class_is_none(scored):
    model, _ = load_trained(scored[0])
    with pytest.raises(UserError, match="two classes or more"):
        Predictor.of_model(model)
    with pytest.raises(UserError, match="one of: classification, regression"):
        Answer("regresion")


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"text_column": "text_a"}, "Expected text_columns"),
        ({"text_columns": ("text_a", "x")}, "one of: text_a, text_b, label"),
    ],
)
def test_a_run_on_pairs_takes_pairs(scored, columns, message):
    run, _, test = scored
    with pytest.raises(UserError, match=message):
        evaluate(run, str(test), **columns)


def test_what_cannot_be_learned(scored, tmp_path):
    _, config, _ = scored
    same = write(tmp_path / "same.tsv", [("a", "b", 3.5)] * 4)
    one = write(tmp_path / "one.tsv", [("a", "b", 3.5)])
    for path in (same, one):
        wrong = dataclasses.replace(config, data=str(path))
        with pytest.raises(UserError, match="two different numbers"):
            train(wrong, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """The folder of a tiny BERT, and its vocabulary."""
    folder = tmp_path_factory.mktemp("preset") / "bert"
    _, vocabulary = save_bert(folder, "good bad")
    return str(folder), vocabulary


@pytest.mark.parametrize(
    "task, outputs", [("regression", 1), ("multi-label", 3)]
)
@pytest.mark.parametrize(
    "model, baseline, options",
    [
        ("hybrid-bert", None, {}),
        ("quantum-head", None, {"qubits": 4}),
        ("quantum-head", "mlp", {"qubits": 4}),
        ("adapted", None, {"adapter": {"method": "LoRA"}}),
    ],
)
def test_every_head_gives_what_the_task_takes(
    preset, model, baseline, options, task, outputs
):
    folder, vocabulary = preset
    config = TrainConfig(
        "a.tsv",
        model=model,
        baseline=baseline,
        task=task,
        text_columns=PAIRS,
        sequence_length=8,
        options={**options, "preset": folder},
    )
    built = build_model(config, vocabulary, outputs)
    compile_model(built, config, 1, training=object())  # not the own loss
    tokens = built.preprocessor((["good bad"] * 2, ["bad", "good good bad"]))
    answers = np.array(built(tokens))
    assert answers.shape == (2, outputs)
    assert np.isfinite(answers).all()
    loss = TASKS[task].objective()["loss"]
    assert type(built.loss) is type(loss)


@pytest.mark.parametrize(
    "model, task", [("hyqut", "regression"), ("qaa", "classification")]
)
def test_systems_without_the_task(model, task):
    with pytest.raises(UserError, match=f"a task of {model}: generation"):
        TrainConfig("a.tsv", model=model, task=task)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"text_column": "a", "text_columns": ("a", "b")}, "Received: both"),
        ({"text_columns": ("a",)}, "two columns"),
        ({"text_columns": ("a", "a")}, "two columns"),
        ({"text_columns": ("a", "b", "c")}, "two columns"),
        ({"text_columns": ("a", "b"), "sequence_length": 4}, "from 5"),
        ({"task": "regresion"}, "Did you mean 'regression'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UserError, match=message):
        TrainConfig("a.tsv", **arguments)


def test_what_a_regression_does_not_use():
    config = TrainConfig("a.tsv", model="hybrid-bert", task="regression")
    reasons = {"label_names": "task=regression", "loss": "task=regression"}
    assert reasons.items() <= config.unused().items()
    assert TrainConfig.from_dict(config.to_dict()) == config
    usual = TrainConfig("a.tsv", model="hybrid-bert")
    assert usual.task == "classification"
    assert not {*reasons} & {*usual.unused()}


def test_decimal_labels_name_the_option(tmp_path, capsys):
    path = write(tmp_path / "a.tsv", [("a", "b", 0.5), ("c", "d", 1.5)])
    words = f"train --data {path} --text-columns text_a,text_b --output"
    with pytest.raises(SystemExit) as stop:
        main([*words.split(), str(tmp_path / "run")])
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert "--task regression" in told and len(told.splitlines()) == 1
    assert not (tmp_path / "run").exists()


class TestScores:
    """The values that others give, and what is undefined."""

    def test_a_column_is_not_broadcast(self):
        labels = np.arange(4.0)
        found = regression_scores(labels, labels[:, None])
        assert found["mse"] == 0  # n x n differences would give 2.5
        assert found["spearman"] == pytest.approx(1)
        assert as_column([[2.0]]).shape == (1,)
        assert as_column([2.0]).shape == (1,)
        for wrong in (2.0, [[1.0, 2.0]], [[[1.0]]]):
            with pytest.raises(UserError, match="shape"):
                as_column(wrong)
        with pytest.raises(UserError, match="as many"):
            regression_scores(labels, [[1.0]])

    def test_against_scipy_and_sklearn(self):
        generator = np.random.default_rng(0)
        labels = generator.integers(0, 6, 50).astype(float)
        predicted = labels + generator.normal(size=50)
        found = regression_scores(labels, predicted)
        assert found["mse"] == pytest.approx(
            sklearn.metrics.mean_squared_error(labels, predicted)
        )
        for name in ("pearson", "spearman"):
            expected = getattr(scipy.stats, f"{name}r")(labels, predicted)[0]
            assert found[name] == pytest.approx(expected)

    @pytest.mark.parametrize(
        "predicted", [[2.0] * 4, [2.0, 2.0, 2.0, 2.0000002], [0.0] * 4]
    )
    def test_constant_answers_have_no_correlation(self, predicted):
        found = regression_scores([1, 2, 3, 4], predicted)
        assert found["pearson"] is None and found["spearman"] is None
        assert found["undefined"] == ["pearson", "spearman"]
        assert found["examples"] == 4
        json.dumps(found, allow_nan=False)

    def test_what_is_no_number(self):
        with pytest.raises(UserError, match="finite"):
            regression_scores([1, 2], [np.nan, 1])
