"""The runner: what it keeps, what it leaves out, what it writes."""

import dataclasses
import json
import sys

import numpy as np
import pytest

from tests.comparison.written import written
from tfq_hybrid.cli.reproduce import parse_minutes
from tfq_hybrid.comparison.jobs import Block, Job, Scale
from tfq_hybrid.comparison.reporting.measures import ACCURACY
from tfq_hybrid.comparison.reporting.report import Goal
from tfq_hybrid.comparison.reporting.tables import comparison, curves
from tfq_hybrid.comparison.reproduce import RECIPES, reproduce
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.comparison.runner import _Clock, run
from tfq_hybrid.comparison.work.trained import few_shot_file
from tfq_hybrid.errors import UserError
from tfq_hybrid.models.qffn_bert import recipe as qffn_bert
from tfq_hybrid.reports import write_report


def block_of(rows, seeds):
    jobs = tuple(
        Job(row, seed, {}, 1.0) for seed in range(seeds) for row in rows
    )
    return Block("part", "Which?", jobs)


def fill(results, block, seeds):
    for job in block.jobs:
        if job.seed < seeds:
            right = np.arange(40) % (4 if job.row == "ours" else 3) > 0
            found = {"parameters": {"circuits": 8}}
            arrays = {"scores": right.astype("float32")}
            results.add(block.key(job), found, arrays)


def test_fewer_seeds_do_where_no_more_are_planned(tmp_path):
    results = Results(tmp_path, {})
    block = block_of(["ours", "theirs"], 1)
    table = comparison(ACCURACY, ("theirs",))
    assert table(block, results)[0].note == "Not run."
    fill(results, block, 1)
    [section] = table(block, results)
    assert "(1 seed)" in section.header[1] and section.picture


def test_no_table_below_three_seeds(tmp_path):
    block = block_of(["ours", "theirs"], 4)
    results = Results(tmp_path, {})
    fill(results, block, 2)
    table = comparison(ACCURACY, ("theirs",))
    [section] = table(block, results)
    assert not section.rows and "2 complete of the 3 seeds" in section.note
    fill(results, block, 3)
    [section] = table(block, results)
    assert section.rows[0][0] == "ours"
    assert section.rows[0][2].startswith("+")
    assert section.rows[1][2] == "–"
    assert "3 seeds" in section.header[1]


def test_goals_need_five_seeds(tmp_path):
    block = block_of(["ours", "theirs"], 5)
    results = Results(tmp_path, {})
    fill(results, block, 4)
    more = Goal("More", "part", lambda block, results: ("+1", True))
    fewer = Goal("More", "part", lambda block, results: ("-1", False))
    open_yet = ("More", "4 of 5 seeds are complete", "open")
    assert more.row([block], results) == open_yet
    assert more.row([], results)[1:] == ("0 of 5 seeds are complete", "open")
    fill(results, block, 5)
    assert more.row([block], results) == ("More", "+1", "met")
    assert fewer.row([block], results) == ("More", "-1", "missed")


def test_one_short_job_does_not_stand_for_all():
    clock = _Clock(2)
    assert clock.expected(600) == 300
    clock.took(1.0, 10.0)
    assert 300 < clock.expected(600) < 350


def test_a_seed_counts_where_every_row_has_it(tmp_path):
    block = block_of(["ours", "theirs"], 3)
    results = Results(tmp_path, {})
    fill(results, block, 1)
    results.add(block.key(block.jobs[2]), {}, {})  # one row of seed 1
    assert results.complete_seeds(block) == [0]


def test_only_what_is_not_finished_is_left_out(tmp_path):
    done, other = block_of(["a"], 1), block_of(["b"], 1)
    other = dataclasses.replace(other, name="other")
    results = Results(tmp_path, {})
    fill(results, done, 1)
    lines = []
    skipped = run(
        None,  # nothing is sent to the processes
        qffn_bert.RECIPE.perform,
        [done, other],
        {},
        results,
        0.0,
        1,
        lines.append,
        lines.append,
    )
    assert list(skipped) == ["other"]


def test_the_order_is_seed_by_seed():
    jobs = (Job("a", 1, {}, 1), Job("a", 0, {}, 1), Job("b", 1, {}, 1))
    assert [job.seed for job in Block("x", "", jobs).by_seed()] == [1, 1, 0]


def test_another_reproduction_is_not_overwritten(tmp_path):
    results = Results.open(tmp_path, {"recipe": "a", "seeds": 3})
    results.write([], {})
    Results.open(tmp_path, {"recipe": "a", "seeds": 3})
    with pytest.raises(UserError, match="whose seeds is 3"):
        Results.open(tmp_path, {"recipe": "a", "seeds": 5})
    Results.open(tmp_path, {"recipe": "a", "seeds": 5}, overwrite=True)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("x")
    with pytest.raises(UserError, match="holds something else"):
        Results.open(other, {})


@pytest.mark.parametrize("text", ["", "m", "h", "-5m", "soon", "nan", "inf"])
def test_bad_budgets(text):
    with pytest.raises(UserError, match="60m or 2h"):
        parse_minutes(text)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("scale", ["quick", "budget", "full"])
def test_keys_are_unique(name, scale):
    blocks = RECIPES[name].blocks(Scale(scale, 3), {})
    keys = [block.key(job) for block in blocks for job in block.jobs]
    assert len(set(keys)) == len(keys)
    json.dumps([job.arguments for block in blocks for job in block.jobs])


def test_few_shot_examples_are_balanced_and_drawn_by_seed(tmp_path):
    source = tmp_path / "data.tsv"
    rows = [f"sentence {i}\t{i % 2}" for i in range(50)]
    source.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    texts = [
        few_shot_file(source, 4, seed, tmp_path).read_text()
        for seed in (0, 1, 0)
    ]
    assert texts[0] == texts[2] != texts[1]
    labels = [line.split("\t")[1] for line in texts[0].splitlines()[1:]]
    assert sorted(labels) == ["0"] * 4 + ["1"] * 4


@pytest.fixture
def small_data(real_data, tmp_path):
    """The recipe's files, each cut to its first rows."""
    folder = tmp_path / "data"
    folder.mkdir()
    for file in qffn_bert.RECIPE.files.values():
        lines = real_data(file).read_text("utf-8").splitlines()[:120]
        (folder / file).write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture
def two_rows(monkeypatch):
    """The recipe of QFFN-BERT, cut to two rows of its first question."""

    whole = qffn_bert.RECIPE

    def blocks(scale, paths):
        block, *_ = whole.blocks(scale, paths)
        jobs = [job for job in block.jobs if job.row in ("quantum", "ffn")]
        return [dataclasses.replace(block, jobs=tuple(jobs))]

    recipe = dataclasses.replace(whole, blocks=blocks)
    monkeypatch.setattr(qffn_bert, "RECIPE", recipe)


@pytest.mark.long
@pytest.mark.parametrize("name", RECIPES)
def test_quick_ends_with_a_report(name, real_data, tmp_path):
    folder = real_data("sst2_train.tsv").parent
    path = reproduce(name, folder, tmp_path / "results")
    found = json.loads((tmp_path / "results" / "results.json").read_text())
    jobs = [job for block in found["blocks"].values() for job in block["jobs"]]
    assert jobs and all(job["found"] for job in jobs)
    assert RECIPES[name].title in path.read_text("utf-8")
    pictures = list(path.parent.glob("plots/*.png"))
    assert pictures


def test_runs_and_resumes(two_rows, small_data, tmp_path, monkeypatch):
    lines = []
    output = tmp_path / "results"
    arguments = ("qffn-bert", small_data, output)
    # One process imports TensorFlow once, for both jobs.
    options = {"workers": 1, "report": lines.append}
    path = reproduce(*arguments, **options)
    assert "2 jobs" in lines[0] and "about" in lines[0]
    assert "QFFN-BERT" in path.read_text("utf-8")
    assert (output / "plots" / "sst2.png").is_file()
    content = json.loads((output / "results.json").read_text("utf-8"))
    jobs = content["blocks"]["sst2"]["jobs"]
    parameters = {
        job["row"]: job["found"]["parameters"]["feed_forward"] for job in jobs
    }
    # Per layer 131,712 in the paper's baseline; 1,156 + 8 D in the circuit's.
    assert parameters["ffn"] == 2 * 131_712
    assert parameters["quantum"] == 2 * (1_156 + 8 * 2)
    # A job that is gone is run again, the others are kept.
    kept = {p: p.stat().st_mtime_ns for p in (output / "jobs").iterdir()}
    [gone] = output.glob("jobs/sst2-ffn-seed0-*.json")
    found = json.loads(gone.read_text())
    gone.unlink()
    lines.clear()
    reproduce(*arguments, **options)
    assert "1 of them done already" in lines[0]
    again = json.loads(gone.read_text())
    assert again["test_accuracy"] == found["test_accuracy"]
    for path, changed in kept.items():
        if "ffn" not in path.name:
            assert path.stat().st_mtime_ns == changed
    # Jobs of two versions are not mixed.
    module = sys.modules[reproduce.__module__]  # its name is the function's
    monkeypatch.setattr(module, "__version__", "0.0.0")
    with pytest.raises(UserError, match=r"Received: version='0\.0\.0'"):
        reproduce(*arguments)


def test_bad_input_writes_nothing(tmp_path):
    output = tmp_path / "results"
    with pytest.raises(UserError, match="Did you mean 'qffn-bert'"):
        reproduce("qffn-brt", tmp_path, output)
    with pytest.raises(UserError, match=r"Expected sst2_train\.tsv"):
        reproduce("qffn-bert", tmp_path, output)
    assert not output.exists()


def test_pictures_stand_beside_the_report(tmp_path):
    block = block_of(["ours", "theirs"], 3)
    results = Results(tmp_path, {})
    fill(results, block, 3)
    tables = (
        comparison(ACCURACY, ("theirs",)),
        curves(
            "depth",
            "How deep?",
            "depth",
            {"ours": ("both", 1), "theirs": ("both", 2)},
        ),
    )
    block = dataclasses.replace(block, tables=tables)
    recipe, scale = RECIPES["qffn-bert"], Scale("quick", 3)
    text, page = written(tmp_path, recipe, scale, [block], results)
    files = write_report(tmp_path)
    first = {path.name: path.read_bytes() for path in files.plots}
    assert [*first] == ["part.png", "part.svg", "depth.png", "depth.svg"]
    again = write_report(tmp_path)  # from what is stored
    assert first == {path.name: path.read_bytes() for path in again.plots}
    assert b"difference to theirs, points" in first["part.svg"]
    assert files.table.read_text("utf-8") == text
    assert "![The table above, drawn.](plots/part.png)" in text
    # 30 of 40 and 26 of 40 are right, which words say where no table does.
    assert "from 75 (" in text and "to 65 (" in text
    assert "](plots/depth.svg)" in text
    assert files.page.read_text("utf-8") == page
    assert page.count("<svg") == 2 and "accuracy, the whole interval" in page


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            ("questions", 0, "sections", 0, "picture", "kind"),
            "x",
            "kind of pic",
        ),
        (("questions", 0, "sections", 0, "picture", "labels"), 3, "not a list"),
        (("questions", 0, "sections", 0, "rows"), None, "not a list"),
        (("questions", 0, "comparison"), {}, "is missing"),
        (("goals",), [3], "not a list"),
    ],
)
def test_damage_is_named(place, value, message, tmp_path):
    block = block_of(["ours", "theirs"], 3)
    results = Results(tmp_path, {})
    fill(results, block, 3)
    tables = (comparison(ACCURACY, ("theirs",)),)
    block = dataclasses.replace(block, tables=tables)
    scale, recipe = Scale("quick", 3), RECIPES["qffn-bert"]
    written(tmp_path, recipe, scale, [block], results)
    path = tmp_path / "reproduction.json"
    content = json.loads(path.read_text("utf-8"))
    *outer, last = place
    inside = content
    for key in outer:
        inside = inside[key]
    inside[last] = value
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(UserError, match=message):
        write_report(tmp_path)
