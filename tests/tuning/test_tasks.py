"""Searches over trainings of other tasks than classes of single texts."""

import json

import numpy as np
import pytest

from tests.data.test_conllu import row
from tfq_hybrid.cli.main import main
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.tuning import SystemTrials, run_trial, space_of

WORDS = ("good", "bad", "film", "plot")


def examples(task):
    """The content of a file, its name, and the options that read it."""
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, 3)) for _ in range(24)]
    pairs = ["--text-columns", "a,b"]
    if task == "tokens":
        lines = [
            line
            for text in texts
            for line in [
                *(row(i + 1, w, w) for i, w in enumerate(text.split())),
                "",
            ]
        ]
        return "\n".join(lines), "rows.conllu", ["--task", "tokens"]
    rows = [
        {"a": text, "b": texts[0], "label": "good" in text} for text in texts
    ]
    for each in rows:
        each["label"] = {
            "pairs": str(each["label"]),
            "regression": each["a"].count("good") + 0.5,
            "multi-label": [w for w in WORDS if w in each["a"]],
        }[task]
    content = "\n".join(map(json.dumps, rows))
    if task == "pairs":
        return content, "rows.jsonl", pairs
    return content, "rows.jsonl", ["--task", task, "--text-column", "a"]


@pytest.mark.long
@pytest.mark.usefixtures("one_block")
@pytest.mark.parametrize(
    "task, objective, direction, without",
    [
        ("pairs", None, "max", "majority_accuracy"),
        ("regression", "val_spearman", "max", "baseline_mse"),
        ("multi-label", "val_macro_f1", "max", "baseline_loss"),
        ("tokens", None, "max", "majority_accuracy"),
    ],
)
def test_a_search(task, objective, direction, without, tmp_path, capsys):
    content, name, options = examples(task)
    (tmp_path / name).write_text(content)
    output = tmp_path / "tune"
    words = f"--data {tmp_path / name} --output {output} --baseline none "
    words += "--sequence-length 8 --batch-size 8 --max-trials 1 --only "
    words += "--space learning_rate=0.01 --json"
    if objective is not None:
        words += f" --objective {objective}"
    main(["tune", *words.split(), *options])
    found = json.loads(capsys.readouterr().out)
    [trial] = found["trials"]
    assert trial["status"] == "completed", trial["reason"]
    expected = objective or "val_accuracy"
    assert found["objectives"] == [{"name": expected, "direction": direction}]
    run = json.loads(
        (output / "trials" / trial["id"] / "run-0" / "metrics.json").read_text()
    )
    scored = run[f"validation_{expected.removeprefix('val_')}"]
    assert trial["metrics"][expected] == pytest.approx(scored)
    # Whether something was learned is known.
    reached = without.replace("majority_", "").replace("baseline_", "")
    learned = run[f"validation_{reached}"] - run[f"validation_{without}"]
    if reached != "accuracy":
        learned = -learned
    assert found["nothing_learned"] == ([] if learned > 5e-7 else ["0"])
    told = any("Nothing was learned" in line for line in found["remarks"])
    assert told == bool(found["nothing_learned"])


class Constant:
    """Trials of a regression whose answers are all the same."""

    epochs = 1

    def predict(self, values, max_bytes):
        from tfq_hybrid.tuning.trial import Prediction

        return Prediction(1.0, 1, 1.0, 1.0)

    def run(self, values, folder, parent):
        logs = {"val_loss": 1.0}
        scores = {"validation_mse": 2.0, "validation_spearman": None}
        return {"history": [logs], "best_epoch": 1, **scores}


def test_an_undefined_objective_is_said(tmp_path):
    def record_of(name, objectives):
        return run_trial(
            Constant(),
            name,
            {},
            tmp_path / name,
            report=lambda line: None,
            objectives=objectives,
        )

    found = record_of("0", ["val_spearman"])
    assert found["status"] == "failed"
    assert "val_spearman is undefined" in found["reason"]
    found = record_of("1", ["val_mse"])
    assert found["status"] == "completed"
    assert found["metrics"]["val_mse"] == 2.0


def test_objectives_of_tasks():
    def metrics(task, data="a.tsv"):
        return SystemTrials(TrainConfig(data, task=task)).metrics()

    assert {"val_spearman", "val_pearson", "val_mse"} < {*metrics("regression")}
    assert {"val_micro_f1", "val_exact"} < {*metrics("multi-label")}
    assert {"val_accuracy", "val_macro_f1"} < {*metrics("tokens", "a.conllu")}
    assert "val_accuracy" not in metrics("regression")


@pytest.mark.parametrize(
    "options, rate, values",
    [
        ({}, None, (1e-4, 1e-2)),
        ({"preset": "x", "adapter": {"method": "LoRA"}}, None, (1e-3, 1e-1)),
        (
            {"preset": "x", "adapter": {"method": "FullFineTuning"}},
            None,
            (5e-5, 5e-3),
        ),
        ({}, 3e-3, (3e-4, 3e-2)),
    ],
)
def test_rates_around_the_default(options, rate, values):
    given = {} if rate is None else {"learning_rate": rate}
    config = TrainConfig("embedded", options=options, **given)
    [dimension] = space_of(config, ["learning_rate"], only=True).dimensions
    assert dimension.values == pytest.approx(values)
    assert dimension.sampling == "log"
