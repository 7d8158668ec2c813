"""`compare`: rows beside each other, resumed, within a budget, on a page."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.cli.test_main import run
from tests.presets import save_bert
from tfq_hybrid.adapters import trainable_parameters
from tfq_hybrid.comparison.parts import make_parts
from tfq_hybrid.comparison.results import Results
from tfq_hybrid.comparison.rows import read_rows
from tfq_hybrid.comparison.trainings import matched
from tfq_hybrid.reports import write_report
from tfq_hybrid.training.build import build_model, make_vocabulary

ROWS = ("HeadOnly", "logistic-regression", "majority")


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The words of a comparison on a tiny preset and sixty texts."""
    folder = tmp_path_factory.mktemp("compare")
    save_bert(folder / "bert", "the plot music is was not good bad")
    texts = [
        f"the {noun} {verb} {adjective}{end}\t{adjective}"
        for adjective in ("good", "bad")
        for noun in ("plot", "music", "film", "cast", "end")
        for verb in ("is", "was")
        for end in (" .", " !", "")
    ]
    path = folder / "data.tsv"
    path.write_text("text\tlabel\n" + "\n".join(texts) + "\n", "utf-8")
    (folder / "compare.yaml").write_text(
        f"data: {path}\npreset: {folder / 'bert'}\nmethods:\n"
        "- head-only\n- logistic-regression\n"
        "seeds: 2\nepochs: 2\nbatch_size: 8\n"
        "sequence_length: 12\nworkers: 1\n",
        "utf-8",
    )
    return ["compare", "--config", folder / "compare.yaml"]


@pytest.fixture(scope="module")
def finished(words, tmp_path_factory):
    """The folder of a finished comparison."""
    from tfq_hybrid.cli.main import main

    folder = tmp_path_factory.mktemp("results") / "compare"
    main([str(w) for w in (*words, "--output", folder)])
    return folder


def content_of(folder):
    return json.loads((folder / "comparison.json").read_text("utf-8"))


def test_rows_share_all_but_themselves(finished):
    content = content_of(finished)
    assert [row["name"] for row in content["rows"]] == [*ROWS]
    assert content["seeds"] == [0, 1]
    assert content["parts"] == [42, 9, 9]
    head, classical, majority = content["rows"]
    assert len(head["tried"]) == 3
    lowest = min(head["tried"], key=head["tried"].get)
    assert lowest == f"{head['rate']:g}"
    assert head["parameters"] == 8 * 2 + 2
    assert majority["metrics"]["accuracy"]["value"] == pytest.approx(
        100 * 5 / 9, abs=12
    )
    assert classical["parameters"] == 9
    results = json.loads((finished / "results.json").read_text("utf-8"))
    for job in results["blocks"]["seeds"]["jobs"]:
        config = job["arguments"].get("config", {"epochs": 2, "batch_size": 8})
        assert (config["epochs"], config["batch_size"]) == (2, 8)


def test_accuracies_are_those_of_the_answers(finished):
    content = content_of(finished)
    results = Results(finished, {})
    jobs = sorted(results.jobs.glob("seeds-headonly-*.npz"))
    assert len(jobs) == 2
    shares = []
    for job in jobs:
        arrays = np.load(job)
        shares.append(np.mean(arrays["predicted"] == arrays["labels"]))
    accuracy = content["rows"][0]["metrics"]["accuracy"]
    assert accuracy["value"] == pytest.approx(100 * np.mean(shares))
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    other = content["beside_reference"]["majority"]["value"]
    floor = content["rows"][-1]["metrics"]["accuracy"]["value"]
    assert other == pytest.approx(floor - accuracy["value"])


@pytest.mark.long
def test_page_table_and_pictures(finished):
    files = write_report(finished)
    page = files.page.read_text("utf-8")
    for word in (*ROWS, "Examples on which the rows differ", "macro F1"):
        assert word in page
    names = {path.name for path in files.plots}
    assert {"accuracy.png", "pareto.svg", "curves.svg"} <= names
    picture = (finished / "plots" / "accuracy.svg").read_text("utf-8")
    assert "data.tsv: 9 test examples, 2 seeds" in picture
    assert "| majority |" in files.table.read_text("utf-8")


@pytest.mark.long
def test_unfinished_goes_on_to_the_same_table(
    finished, words, tmp_path, capsys
):
    """What is finished does not run again, and no figure but costs moves."""
    folder = tmp_path / "compare"
    shutil.copytree(finished, folder)
    (folder / "comparison.json").unlink()
    for path in folder.glob("jobs/seeds-headonly-seed1-*"):
        path.unlink()
    before = {p.name: p.stat().st_mtime_ns for p in folder.glob("jobs/*")}
    code, out, _ = run(capsys, *words, "--output", folder)
    assert code == 0
    assert re.findall(r"\[\d+/\d+\] (\w+): HeadOnly, seed (\d)", out) == [
        ("seeds", "1")
    ]
    after = {p.name: p.stat().st_mtime_ns for p in folder.glob("jobs/*")}
    assert {name: after[name] for name in before} == before
    assert content_of(folder) == content_of(finished)


def test_a_budget_in_which_no_row_fits(words, tmp_path, capsys):
    folder = tmp_path / "compare"
    code, _, err = run(capsys, *words, "--output", folder, "--budget", "0.1m")
    assert code == 2
    assert err.count("\n") == 1 and "a budget in which every row fits" in err
    assert (folder / "results.json").is_file()


def test_methods_are_sized_on_the_base(words, tmp_path):
    """What a row then trains is what it was sized to."""
    folder = words[-1].parent
    rows = read_rows(["lora", "bottleneck-adapter", "head-only", "ia3"])
    shared = {
        "data": str(folder / "data.tsv"),
        "preset": str(folder / "bert"),
        "pooling": "mean",
        "sequence_length": 12,
    }
    configs = {row.name: row.config(shared) for row in rows[:4]}
    parts = make_parts(configs["LoRA"])
    lines = []
    sized, unsized = matched(configs, 160, parts, lines.append)
    assert sized["HeadOnly"] == configs["HeadOnly"]
    assert len(lines) == 3 and len(sized) == 3
    assert [*unsized] == ["IA3"]
    for name in ("LoRA", "BottleneckAdapter"):
        config = sized[name]
        vocabulary = make_vocabulary(config, parts.training.texts)
        model = build_model(config, vocabulary, 2)
        assert abs(trainable_parameters(model) - 160) <= 0.05 * 142


@pytest.mark.long
def test_heads_alone(words, tmp_path, capsys):
    more = ["--methods", "svm", "--output", tmp_path / "heads"]
    more += ["--pooling", "cls"]
    code, *_ = run(capsys, *words, *more)
    assert code == 0
    assert "| svm |" in (tmp_path / "heads" / "table.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--methods", "lora,svn"], "Did you mean 'svm'"),
        (["--methods", "lora:rank=0"], "rank"),
        (["--methods", "lora,hyqut"], ".txt or .jsonl file of text"),
        (["--rates", "2"], "1, 3, 5"),
        (["--seeds", "0"], "seeds"),
        (["--metric", "spearman"], "metric of classification"),
        (["--task", "tokens", "--methods", "qffn-bert"], ".conllu"),
        (["--task", "words"], "tokens"),
        (["--text-column", "txt"], "Did you mean 'text'"),
        (["--data", "none.tsv"], "none.tsv"),
        (["--limit", "4"], "label"),
        (["--text-columns", "label,txt"], "txt"),
        (["--match-parameters", "0"], "match_parameters"),
        (["--answers", "3"], "the task classification"),
        (["--other-data", "a.txt"], "the task classification"),
        (["--answers", "-1"], "answers"),
        (["--answer-tokens", "9"], "answers=0"),
        (["--answer-encoder", "minilm"], "answers=0"),
        (["--methods", "svm", "--pooling", "max"], "pooling"),
    ],
)
def test_bad_input(words, more, message, tmp_path, capsys):
    folder = tmp_path / "compare"
    code, _, err = run(capsys, *words, *more, "--output", folder)
    assert code == 2
    assert message in err and err.count("\n") == 1
    assert not folder.exists()


def test_other_data_is_another_comparison(finished, words, capsys, tmp_path):
    data = tmp_path / "other.tsv"
    rows = [f"film {i}\t{i % 2}" for i in range(40)]
    data.write_text("text\tlabel\n" + "\n".join(rows) + "\n", "utf-8")
    code, _, err = run(capsys, *words, "--data", data, "--output", finished)
    assert code == 2 and "Use --overwrite" in err


def test_another_base_of_the_same_name_is_another_comparison(
    finished, words, capsys, tmp_path
):
    """What was found on one base is not taken for the other's."""
    base = words[-1].parent / "bert"
    kept = shutil.copytree(base, tmp_path / "bert")
    try:
        save_bert(base, "the plot music is was not good bad")  # other weights
        code, _, err = run(capsys, *words, "--output", finished)
    finally:
        shutil.rmtree(base)
        shutil.copytree(kept, base)
    assert code == 2 and "Use --overwrite" in err


MEASURED = ("step_seconds", "peak_bytes")  # of each run anew


@pytest.mark.long
def test_killed_again_and_again(finished, words, tmp_path):
    """As if it had not been, whatever was under way; nothing runs twice."""
    folder = tmp_path / "compare"
    command = [sys.executable, "-m", "tfq_hybrid", *words, "--output", folder]
    before = {}
    for jobs in (2, 5, None):
        with subprocess.Popen(
            [*map(str, command)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            for line in process.stdout:
                if line.startswith(f"[{jobs}/"):
                    os.killpg(process.pid, signal.SIGKILL)
        after = {
            path.name: path.stat().st_mtime_ns
            for path in (folder / "jobs").glob("*.json")
        }
        assert before == {name: after[name] for name in before}
        assert len(after) > len(before)
        before = after
        # What a kill in the middle of a write leaves.
        (folder / "jobs" / f".partial-00000000-{jobs}.npz").write_bytes(b"PK")
    assert process.returncode == 0
    ours, theirs = content_of(folder), content_of(finished)
    for content in (ours, theirs):
        for row in content["rows"]:
            for name in MEASURED:
                row.pop(name, None)
    assert ours == theirs
