"""`predict` on files and pipes, and what `evaluate` shows."""

import gzip
import io
import json
import sys

import pytest

from tfq_hybrid.cli import rows as of_rows
from tfq_hybrid.cli.main import main

TEXTS = ["the plot is good", "the music is bad", "a cast"]


def run(capsys, *arguments):
    """Runs a command; returns (exit code, stdout, stderr)."""
    code = 0
    try:
        main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code or 0
    output = capsys.readouterr()
    return code, output.out, output.err


def typed(monkeypatch, text):
    """What comes by the standard input."""
    stream = io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8")
    monkeypatch.setattr(sys, "stdin", stream)


@pytest.fixture(scope="module")
def answers(trained):
    """The answers to the sentences themselves."""
    from tfq_hybrid.serving.predictor import Predictor
    from tfq_hybrid.training import load_trained

    return Predictor.of_model(*load_trained(trained))(TEXTS)


def same(found, answers):
    assert [row["text"] for row in found] == [row["text"] for row in answers]
    for row, answer in zip(found, answers, strict=True):
        assert row["label"] == answer["label"]
        assert row["probabilities"] == pytest.approx(
            answer["probabilities"], abs=1e-5
        )


@pytest.mark.long
def test_the_rows_of_a_file(trained, answers, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(of_rows, "BATCH", 2)
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(["text", *TEXTS]))
    code, out, err = run(capsys, "predict", trained, file)
    assert code == 0, err
    lines = out.splitlines()
    assert [line.split("  ")[-1] for line in lines] == TEXTS
    assert "rows.csv" not in out and not err  # which is no terminal
    code, out, _ = run(capsys, "predict", trained, "--data", file, "--json")
    same(json.loads(out), answers)


@pytest.mark.long
def test_answers_in_a_file(trained, answers, tmp_path, capsys):
    file, output = tmp_path / "rows.tsv.gz", tmp_path / "new" / "answers.jsonl"
    labels = ["positive", "", "-1"]
    rows = [f"{t}\t{n}" for t, n in zip(TEXTS, labels, strict=True)]
    content = "\n".join(["review\tlabel", *rows])
    file.write_bytes(gzip.compress(content.encode()))
    common = ["predict", trained, "--data", file, "--output", output]
    common += ["--text-column", "review"]
    code, out, err = run(capsys, *common)
    assert code == 0, err
    assert out.startswith("3 answers (") and str(output) in out
    found = [json.loads(line) for line in output.read_text().splitlines()]
    same(found, answers)
    assert [row.get("expected") for row in found] == ["positive", None, "-1"]
    before = output.read_bytes()
    code, _, err = run(capsys, *common)
    assert code == 2 and "--overwrite to replace" in err
    assert output.read_bytes() == before
    code, _, err = run(capsys, *common, "--overwrite")
    assert code == 0, err
    assert output.read_bytes() == before


@pytest.mark.long
def test_texts_by_the_standard_input(trained, answers, capsys, monkeypatch):
    typed(monkeypatch, "\r\n".join([TEXTS[0], "", *TEXTS[1:]]))
    code, out, _ = run(capsys, "predict", trained, "-", "--json")
    assert code == 0
    same(json.loads(out), answers)
    objects = [{"is": "positive", "said": text} for text in TEXTS]
    typed(monkeypatch, "\n".join(map(json.dumps, objects)))
    words = ["--data", "-", "--text-column", "said", "--json"]
    code, out, _ = run(capsys, "predict", trained, *words)
    assert code == 0
    same(json.loads(out), answers)
    typed(monkeypatch, "text\tlabel\na film\t1\n")
    code, _, err = run(capsys, "predict", trained, "-")
    assert code == 2 and "the header of a table" in err


def test_labels_are_shown_by_their_names(tmp_path):
    from tfq_hybrid.data import Rows

    rows = Rows(["a", "b", "c"], ["1", None, 0.5])

    def ask(texts):
        return [{"text": text, "label": "good"} for text in texts]

    found = [*of_rows.answers_of(ask, rows, {"1": "good"}, {})]
    assert [row.get("expected") for row in found] == ["good", None, 0.5]


@pytest.mark.parametrize(
    "words, message",
    [
        (["missing.csv"], "missing.csv, which is not there"),
        (["I saved it as a.csv"], "Such a sentence comes by"),
        (["ROWS", "a film"], "texts, or one file"),
        (["-", "a film"], "texts, or one file"),
        (["a film", "--data", "ROWS"], "exclude each other"),
        (["--data", "missing.csv"], "which is not there"),
        (["--data", "embedded"], "which is not there"),
        (["NOTES"], "file type"),
        (["ROWS", "--text-column", "txt"], "Did you mean 'text'"),
        (["a film", "--text-column", "text"], "for a file of texts"),
        (["a film", "--delimiter", ";"], "for a file of texts"),
        (["ROWS", "--output", "out.csv"], "end in .jsonl"),
        (["ROWS", "--output", "ROWS/out.jsonl"], "no folder"),
        (["OBJECTS", "--output", "OBJECTS"], "Expected another file"),
        (["a film", "--overwrite"], "--overwrite is for --output"),
        (["NUMBERS"], "a text in the column text"),
        (["EMPTY"], "empty"),
        ([], "TEXTS"),
    ],
    ids=str,
)
def test_refused(words, message, trained, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {
        "ROWS": ("rows.csv", "text\na fine film\n"),
        "OBJECTS": ("rows.jsonl", '{"text": "a fine film"}'),
        "NUMBERS": ("numbers.jsonl", '{"text": 1}'),
        "NOTES": ("notes.md", "a fine film"),
        "EMPTY": ("empty.csv", "text\n"),
    }
    for name, content in names.values():
        (tmp_path / name).write_text(content)
    for key, (name, _) in names.items():
        words = [word.replace(key, name) for word in words]
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    code, out, err = run(capsys, "predict", trained, *words)
    assert (code, out) == (2, "")
    assert message in err and err.count("\n") == 1
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_failure_leaves_no_answers(trained, tmp_path, capsys):
    file = tmp_path / "rows.csv"
    file.write_text("text\na fine film\n")
    output = tmp_path / "answers.jsonl"
    words = ["predict", trained, file, "--output", output, "--top-k", 3]
    code, _, err = run(capsys, *words)
    assert code == 2 and "top_k" in err
    assert sorted(tmp_path.iterdir()) == [file]


@pytest.mark.long
def test_evaluate_shows_classes_and_confusions(trained, capsys):
    words = ["evaluate", trained, "--data", "embedded"]
    code, out, _ = run(capsys, *words, "--json")
    result = json.loads(out)
    assert code == 0
    assert [row["label"] for row in result["classes"]] == [
        "negative",
        "positive",
    ]
    matrix = result["confusion_matrix"]
    assert sum(map(sum, matrix)) == result["examples"] == 1000
    correct = matrix[0][0] + matrix[1][1]
    assert correct / 1000 == pytest.approx(result["accuracy"])
    supports = [row["support"] for row in result["classes"]]
    assert supports == [sum(counts) for counts in matrix]
    assert result["majority_accuracy"] == max(supports) / 1000
    code, out, _ = run(capsys, *words)
    assert f"majority class {result['majority_accuracy']:.4f}" in out
    told = "knows nothing of these data" in out
    assert told == (result["accuracy"] <= result["majority_accuracy"])
    lines = [line.split() for line in out.splitlines()]
    assert ["negative", *map(str, matrix[0])] in lines
