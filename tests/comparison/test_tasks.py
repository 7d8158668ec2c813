"""`compare` of every task: metric, floor, parts, and what it refuses."""

import json
import shutil

import numpy as np
import pytest
import scipy.stats

from tests.comparison.inside import compare
from tests.presets import one_block, save_bert
from tfq_hybrid.comparison.parts import make_parts, read_from, write_parts
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.comparison.rows import read_rows
from tfq_hybrid.errors import UserError
from tfq_hybrid.reports import write_report
from tfq_hybrid.training import TASKS, TrainConfig

NOUNS = ("plot", "music", "film", "cast", "end")
VERBS = ("is", "was", "seems")
WORDS = {"awful": 0.5, "bad": 1.5, "fair": 3, "good": 4.25}
SMALL = {"epochs": 1, "batch_size": 16, "sequence_length": 12}


def sentences():
    for noun in NOUNS:
        for verb in VERBS:
            for word in WORDS:
                yield f"the {noun}", f"{verb} {word}", word


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Data of each task, and a preset."""
    folder = tmp_path_factory.mktemp("tasks")
    save_bert(folder / "bert", f"the {' '.join([*NOUNS, *VERBS, *WORDS])}")
    rows = [*sentences()]
    scored = [f"{a}\t{b}\t{WORDS[word]}" for a, b, word in rows]
    (folder / "scored.tsv").write_text(
        "one\ttwo\tscore\n" + "\n".join(scored) + "\n", "utf-8"
    )
    sets = [
        {"text": f"{a} {b}", "labels": [word] if WORDS[word] > 1 else []}
        for a, b, word in rows
    ]
    (folder / "sets.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in sets), "utf-8"
    )
    kinds = ("DET", "NOUN", "VERB", "ADJ")
    tagged = [
        "".join(
            f"{place}\t{word}\t_\t{kind}" + "\t_" * 6 + "\n"
            for place, (word, kind) in enumerate(
                zip(f"{a} {b}".split(), kinds, strict=True), start=1
            )
        )
        for a, b, _ in rows
    ]
    (folder / "tagged.conllu").write_text("\n".join(tagged), "utf-8")
    lines = [f"{a} {b}\r\n" for a, b, _ in rows] * 3
    (folder / "text.txt").write_text("".join(lines), "utf-8", newline="")
    return folder


COMPARISONS = {
    "regression": (
        "scored.tsv",
        ["head-only", "ridge"],
        {"text_columns": ("one", "two"), "label_column": "score"},
    ),
    "multi-label": (
        "sets.jsonl",
        ["head-only", "logistic-regression"],
        {"label_column": "labels"},
    ),
    "tokens": ("tagged.conllu", ["qffn-bert:baseline=ffn"], {}),
    "generation": (
        "text.txt",
        ["hyqut:size=tiny:baseline=dense"],
        {"vocabulary_size": 280},
    ),
}
FLOORS = {"regression": "mean", "generation": "unigram"}


def arguments_of(task, files):
    file, methods, more = COMPARISONS[task]
    shared = {"task": task, **SMALL, **more}
    if task in ("regression", "multi-label"):
        shared |= {"preset": str(files / "bert"), "pooling": "mean"}
    return methods, {"shared": shared, "data": files / file, "rates": 1}


def config_of(task, files):
    """The config of the first row."""
    methods, options = arguments_of(task, files)
    shared = {**options["shared"], "data": str(options["data"])}
    return read_rows(methods, task, "floor")[0].config(shared)


@pytest.fixture(scope="module", params=COMPARISONS)
def finished(request, files, tmp_path_factory):
    """A task, what was found, and the folder."""
    methods, options = arguments_of(request.param, files)
    folder = tmp_path_factory.mktemp("found") / request.param
    with one_block():
        found = compare(methods, output=folder, **options)
    return request.param, found, folder


@pytest.mark.long
def test_the_metric_is_the_tasks(finished):
    task, found, folder = finished
    metrics = [one.name for one in TASKS[task].metrics]
    floor = FLOORS.get(task, "majority")
    assert found.content["rows"][-1]["name"] == floor
    for row in found.content["rows"]:
        assert [*row["metrics"]] == metrics
        for one in row["metrics"].values():
            assert one["low"] <= one["value"] <= one["high"]
    metric = TASKS[task].metrics[0]
    assert f" has the {metric.best} {metric.label}, " in found.sentences[0]
    assert metric.axis in found.table()
    page = write_report(folder).page.read_text("utf-8")
    assert metric.axis in page and floor in page


def test_values_are_those_of_the_answers(finished):
    """The stored answers, by the reference that the task's own test has."""
    task, found, folder = finished
    results = Results(folder, {})
    row = found.content["rows"][0]
    name = row["name"].partition(":")[0].lower()
    stored = [
        results.arrays(path.stem)
        for path in sorted(results.jobs.glob(f"seeds-{name}-*.npz"))
    ]
    assert len(stored) == 2
    reference = {
        "regression": lambda a: (
            scipy.stats.spearmanr(a["predicted"], a["labels"]).statistic
        ),
        "multi-label": lambda a: 100 * f1_by_hand(a),
        "tokens": lambda a: 100 * np.mean(a["predicted"] == a["labels"]),
        "generation": lambda a: a["losses"].sum() / a["tokens"].sum(),
    }[task]
    first = TASKS[task].metrics[0].name
    expected = np.mean([reference(one) for one in stored])
    assert row["metrics"][first]["value"] == pytest.approx(expected)


def f1_by_hand(answers):
    said, there = answers["predicted"], answers["labels"]
    hits = (said & there).sum(axis=0)
    return np.mean(2 * hits / np.maximum((said.sum(0) + there.sum(0)), 1))


def test_the_floor(files, finished):
    task, found, _ = finished
    floor = found.content["rows"][-1]["metrics"]
    training, _, test, _ = make_parts(config_of(task, files))
    if task == "regression":
        assert floor["spearman"]["value"] == 0
        assert found.content["rows"][-1]["undefined"] == 2
        expected = np.mean((test.labels - training.labels.mean()) ** 2)
        assert floor["mse"]["value"] == pytest.approx(expected)
        assert "is undefined, and counts as 0" in found.table()
    elif task == "tokens":
        assert floor["accuracy"]["value"] == 25  # each has four kinds
    elif task == "multi-label":
        assert floor["exact"]["value"] == pytest.approx(
            100 * np.mean(~test.labels.astype(bool).any(axis=1)), abs=40
        )
    else:
        assert 2 < floor["loss"]["value"] < np.log(280)
        expected = np.exp(floor["loss"]["value"])
        assert floor["perplexity"]["value"] == pytest.approx(expected)


@pytest.mark.parametrize("task", COMPARISONS)
def test_written_parts_are_read_back(task, files, tmp_path):
    config = config_of(task, files)
    parts = make_parts(config)
    paths = write_parts(parts, tmp_path)
    again = read_from(config, paths, seed=1)
    for name, path in paths.items():
        part = getattr(parts, name)
        read = TASKS[task].read(again, path, name)
        if task != "generation":
            read = TASKS[task].labelled_as(parts.training, read, path)
        assert read.fingerprint() == part.fingerprint()
    sizes = [len(part) for part in parts[:3]]
    assert sum(sizes) + parts.dropped == (180 if task == "generation" else 60)
    assert sizes[1:] == ([27, 27] if task == "generation" else [9, 9])


def test_the_test_data_is_the_end_of_a_text(files):
    config = TrainConfig(str(files / "text.txt"), model="hyqut")
    training, validation, test, _ = make_parts(config)
    whole = [*training.rows, *validation.rows, *test.rows]
    assert "".join(whole) == (files / "text.txt").read_bytes().decode()


def test_dialogues_of_other_parts_are_dropped(tmp_path):
    rows = [
        {"instruction": f"count to {i % 30}", "output": "one"}
        for i in range(40)
    ]
    path = tmp_path / "dialogues.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    parts = make_parts(TrainConfig(str(path), model="hyqut"))
    assert parts.dropped > 0
    paths = write_parts(parts, tmp_path / "data")
    config = read_from(TrainConfig(str(path), model="hyqut"), paths, 0)
    training, validation = TASKS["generation"].load(config)
    assert training.rows == parts.training.rows
    assert validation.fingerprint() == parts.validation.fingerprint()


SHORT = {"limit": 20, "sequence_length": 64}


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        ("regression", {"metric": "accuracy"}, "metric of regression"),
        ("multi-label", {"metric": "mcc"}, "metric of multi-label"),
        ("regression", {"methods": ["svm"]}, "method for regression"),
        ("tokens", {"methods": ["ridge"]}, "method for tokens"),
        ("regression", {"methods": ["hybrid-bert", "qaa"]}, "a task of qaa"),
        ("generation", {"methods": ["qaa", "qffn-bert"]}, "a task of qffn"),
        ("tokens", {"methods": ["hybrid-bert"]}, "a task of hybrid-bert"),
        ("regression", {"limit": 6}, "enough examples for validation"),
        ("multi-label", {"limit": 6}, "enough examples for validation"),
        ("tokens", {"limit": 6}, "enough examples for validation"),
        ("generation", {"limit": 3}, "enough lines for validation"),
        ("generation", SHORT, "than sequence_length=64"),
        ("regression", {"label_column": "points"}, "points"),
        ("multi-label", {"label_column": "tags"}, "tags"),
        ("tokens", {"label_column": "tags"}, "tags"),
        ("regression", {"data": "constant.tsv"}, "two different numbers"),
        ("multi-label", {"data": "empty.jsonl"}, "a label among"),
        ("tokens", {"data": "one.conllu"}, "at least two labels"),
        ("classification", {"methods": ["lora"]}, "take --task regression"),
        ("sentiment", {}, "task"),
    ],
)
def test_bad_input(files, task, changes, message, tmp_path):
    """One line, and nothing is written."""
    one = "1\tthe\t_\tDET" + "\t_" * 6 + "\n"
    (files / "one.conllu").write_text("\n".join([one] * 40), "utf-8")
    (files / "constant.tsv").write_text(
        "one\ttwo\tscore\n" + "a\tb\t1.5\n" * 40, "utf-8"
    )
    (files / "empty.jsonl").write_text(
        "".join(
            json.dumps({"text": f"film {i}", "labels": []}) + "\n"
            for i in range(40)
        ),
        "utf-8",
    )
    known = task if task in COMPARISONS else "regression"
    methods, options = arguments_of(known, files)
    options["shared"]["task"] = task
    changes = {**changes}
    methods = changes.pop("methods", methods)
    options["metric"] = changes.pop("metric", None)
    options["data"] = files / changes.pop("data", options["data"])
    options["shared"] |= changes
    with pytest.raises(UserError, match=message) as caught:
        compare(methods, output=tmp_path / "none", **options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "none").exists()


def test_rows_of_another_tokenizer(files, tmp_path):
    _, options = arguments_of("generation", files)
    del options["shared"]["vocabulary_size"]
    methods = ["hyqut:size=tiny:vocabulary_size=270", "qaa:size=tiny"]
    with pytest.raises(UserError, match="rows with one vocabulary"):
        compare(methods, output=tmp_path / "none", **options)
    assert not (tmp_path / "none").exists()


@pytest.mark.long
@pytest.mark.parametrize("finished", ["regression"], indirect=True)
def test_the_same_command_gives_the_same_table(files, finished, tmp_path):
    """All is computed anew; seconds and memory stay out of it."""
    task, found, folder = finished
    methods, options = arguments_of(task, files)
    again = compare(methods, output=tmp_path / "again", **options)
    assert again.content == found.content
    one, other = (write_report(f) for f in (folder, tmp_path / "again"))
    assert one.table.read_text("utf-8") == other.table.read_text("utf-8")


@pytest.mark.parametrize("finished", ["regression"], indirect=True)
def test_another_metric(files, finished, tmp_path):
    """The same answers are told apart by another metric of the task."""
    task, found, folder = finished
    methods, options = arguments_of(task, files)
    copy = shutil.copytree(folder, tmp_path / "copy")
    again = compare(methods, output=copy, metric="MSE", **options)
    assert again.content["metrics"][0]["name"] == "mse"
    assert "has the lowest mean squared error" in again.sentences[0]
    values = [row["metrics"]["mse"] for row in found.content["rows"]]
    assert values == [row["metrics"]["mse"] for row in again.content["rows"]]
