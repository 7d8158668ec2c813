"""Two finished comparisons as one: their rows, and what keeps them apart."""

import json

import numpy as np
import pytest

from tests.cli.test_main import run
from tfq_hybrid.comparison import join
from tfq_hybrid.comparison.finished import found_of
from tfq_hybrid.comparison.found import content_of
from tfq_hybrid.comparison.jobs import Block, Job
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TASKS

LABELS = np.arange(40) % 2
TEXTS = [f"text {place}" for place in range(40)]


def job_of(row, seed, rate):
    kind = "floor" if row == "majority" else "train"
    config = {"data": "reviews.tsv", "learning_rate": rate}
    return Job(row, seed, {"kind": kind, "config": config}, 1.0)


def compared(folder, rows, seeds=2, data=("a", "b", "c"), config=None, **about):
    """A folder as `compare` leaves it; rows are right so often, by name."""
    trained = [row for row in rows if row != "majority"]
    costs = Block("costs", "", tuple(job_of(row, 0, 0.1) for row in trained))
    rates = Block(
        "rates",
        "",
        tuple(job_of(row, 0, rate) for row in trained for rate in (0.1, 0.3)),
    )
    jobs = [job_of(row, s, 0.3) for s in range(seeds) for row in rows]
    blocks = [costs, rates, Block("seeds", "", tuple(jobs))]
    config = {"kind": "comparison", "data": list(data), **(config or {})}
    results = Results(folder, config)
    for job in costs.jobs:
        results.add(costs.key(job), {"parameters": 7, "step_seconds": 0.5}, {})
    for job in rates.jobs:
        loss = job.arguments["config"]["learning_rate"]
        results.add(rates.key(job), {"validation_loss": -loss}, {})
    for number, job in enumerate(jobs):
        random = np.random.default_rng(number).random(40)
        predicted = np.where(random < rows[job.row], LABELS, 1 - LABELS)
        if job.row == "majority":
            predicted = np.zeros(40, int)
        found = {"validation_accuracy": 0.5, "parameters": {"trained": 0}}
        arrays = {"predicted": predicted, "labels": LABELS}
        results.add(blocks[2].key(job), found, arrays)
    results.write(blocks, {})
    found = [found_of(results, blocks, row) for row in rows]
    facts = {
        "source": "reviews.tsv",
        "task": "classification",
        "parts": [80, 20, 40],
        "dropped": 0,
        "label_names": ["bad", "good"],
        "batch_size": 8,
        "epochs": 1,
        "rates": 2,
        "seeds": list(range(seeds)),
        "skipped": {},
    }
    task = TASKS["classification"]
    content = content_of(
        task, task.metrics[0], found, TEXTS, facts | about, task.floor
    )
    (folder / "comparison.json").write_text(json.dumps(content), "utf-8")
    (folder / "data").mkdir()
    rows_of = zip(TEXTS, LABELS, strict=True)
    lines = [json.dumps({"text": t, "label": int(x)}) for t, x in rows_of]
    (folder / "data" / "test.jsonl").write_text("\n".join(lines), "utf-8")
    return folder


@pytest.fixture
def first(tmp_path):
    return compared(tmp_path / "one", {"LoRA": 0.95, "svm": 0.7, "majority": 0})


def test_rows_of_both(first, tmp_path):
    other = compared(tmp_path / "two", {"LoRA": 0.6, "IA3": 0.9, "majority": 0})
    content = join(first, other).content
    names = [row["name"] for row in content["rows"]]
    assert names == ["LoRA (one)", "svm", "LoRA (two)", "IA3", "majority"]
    alone = json.loads((first / "comparison.json").read_text("utf-8"))
    row = {**content["rows"][0], "name": "LoRA"}
    assert row == alone["rows"][0]
    assert row["rate"] == 0.3 and row["tried"] == {"0.1": -0.1, "0.3": -0.3}
    assert row["parameters"] == 7
    # Of ten pairs where there were three: the same difference, less certain.
    assert len(content["differences"]) == 10
    joined, before = content["differences"][0], alone["differences"][0]
    assert joined["value"] == before["value"]
    assert joined["low"] < before["low"] < before["high"] < joined["high"]
    ours, theirs = (
        content["rows"][place]["metrics"]["accuracy"]["value"]
        for place in (0, 3)
    )
    [found] = [d for d in content["differences"] if d["theirs"] == "IA3"][:1]
    assert found["value"] == pytest.approx(ours - theirs)
    assert set(content["differing"][0]["answers"]) == set(names[:-1])
    assert content["differing"][0]["text"] in TEXTS


def test_differences_are_no_larger_than_the_metric(tmp_path):
    """Of two seeds that disagree, an interval alone would be."""
    folder = compared(tmp_path / "one", {"a": 0.9, "b": 0.5, "majority": 0})
    content = json.loads((folder / "comparison.json").read_text("utf-8"))
    for found in content["differences"]:
        assert -100 <= found["low"] <= found["value"] <= found["high"] <= 100


def test_equal_rows_do_not_differ(first, tmp_path):
    """The same answers in both: examples and seeds are paired."""
    other = compared(
        tmp_path / "two", {"LoRA": 0.95, "svm": 0.7, "majority": 0}
    )
    content = join(first, other).content
    [found] = [
        d
        for d in content["differences"]
        if (d["ours"], d["theirs"]) == ("LoRA (one)", "LoRA (two)")
    ]
    assert (found["value"], found["low"], found["high"]) == (0, 0, 0)
    assert content["metrics"][0]["name"] == "accuracy"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 3}, "the same seeds. Received: .*one with 0, 1, "),
        ({"data": ("a", "b", "x")}, "the same test data"),
        ({"data": ("x", "b", "c")}, "the same training data"),
        ({"parts": [80, 21, 40]}, "the same validation data"),
        ({"label_names": ["no", "yes"]}, "same labels. Received: .* bad, good"),
        (
            {"config": {"beside": {"other": True}, "other": "0123456789"}},
            "same other data. Received: .* none, .* with 01234567",
        ),
        (
            {"config": {"beside": {"other": False, "answers": 3}}},
            "the same questions. Received: .* none, .* answers=3",
        ),
    ],
)
def test_what_differs_is_named(first, change, message, tmp_path, capsys):
    other = compared(tmp_path / "two", {"IA3": 0.9, "majority": 0}, **change)
    with pytest.raises(UserError, match=message):
        join(first, other)
    page = tmp_path / "page.html"
    code, out, err = run(capsys, "report", first, other, "--output", page)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert not page.exists()


def test_what_is_no_comparison(first, tmp_path):
    with pytest.raises(UserError, match=r"which has no results\.json"):
        join(first, tmp_path)
    with pytest.raises(UserError, match="each once"):
        join(first, first.parent / "." / "one")
    (first / "results.json").write_text('{"config": {"recipe": "qaa"}}')
    other = compared(tmp_path / "two", {"IA3": 0.9, "majority": 0})
    with pytest.raises(UserError, match="a finished comparison"):
        join(other, first)


def test_page_and_table(first, tmp_path, capsys):
    other = compared(tmp_path / "two", {"IA3": 0.9, "majority": 0}, epochs=3)
    page = tmp_path / "page.html"
    code, out, _ = run(capsys, "report", first, other, "--output", page)
    assert code == 0 and f"Page: {page}" in out
    text = page.read_text("utf-8")
    assert "IA3" in text and "svm" in text and "1; 3" in text
    code, out, _ = run(capsys, "report", first, other)
    assert code == 0 and "| IA3 |" in out and "## Quality" in out
