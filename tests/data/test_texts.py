"""Texts to be answered: which column, which labels, what is refused."""

import json
import os

import pytest

from tfq_hybrid.data import is_data_file, read_rows_of_texts, rows_of_lines
from tfq_hybrid.errors import UserError


@pytest.mark.parametrize(
    "text, expected",
    [
        ("rows.csv", True),
        ("rows.jsonl.gz", True),
        ("a fine film", False),
        ("a fine film.", False),
        ("no. 1", False),
        ("caf\udce9", False),
        ("x" * 5000 + ". y", False),
    ],
)
def test_what_is_taken_for_a_file(text, expected):
    assert is_data_file(text) is expected


def test_a_pipe_has_a_text_a_line(tmp_path):
    reading, writing = os.pipe()
    try:
        os.write(writing, b"one\ntwo\n")
        os.close(writing)
        path = f"/dev/fd/{reading}"
        assert is_data_file(path)
        assert read_rows_of_texts(path).texts == ["one", "two"]
    finally:
        os.close(reading)
    assert is_data_file(str(tmp_path))
    with pytest.raises(UserError, match="which is no file"):
        read_rows_of_texts(tmp_path)


def test_a_file_that_is_there_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("one\r\n\r\ntwo\n")
    (tmp_path / "good").write_text("a sentence of one word is no file")
    assert is_data_file("notes.txt") and not is_data_file("good")
    found = read_rows_of_texts("notes.txt")
    assert found.texts == ["one", "two"] and found.labels == [None, None]
    with pytest.raises(UserError, match="no text_column with"):
        read_rows_of_texts("notes.txt", "text")


@pytest.mark.parametrize(
    "labels, expected",
    [
        (["1", "0"], ["1", "0"]),
        ([1, 0], ["1", "0"]),
        (["-1", "-1"], [None, None]),
        ([-1, -1], [None, None]),
        (["-1", "1"], ["-1", "1"]),  # a class of that name
        (["", " good "], [None, "good"]),
        ([None, "good"], [None, "good"]),
        ([0.5, 1.5], [0.5, 1.5]),
        ([["a", "b"], []], [["a", "b"], []]),
    ],
    ids=str,
)
def test_labels_that_are_no_secret(labels, expected, tmp_path):
    path = tmp_path / "rows.json"
    rows = [{"text": "a", "label": label} for label in labels]
    path.write_text(json.dumps(rows))
    assert read_rows_of_texts(path).labels == expected


def test_the_columns_of_the_training_come_first(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("text,said,class,is\na,b,0,1\n")
    assert read_rows_of_texts(path).texts == ["a"]
    found = read_rows_of_texts(path, usual=("said", "is"))
    assert (found.texts, found.labels) == (["b"], ["1"])
    found = read_rows_of_texts(path, usual=("missing", "missing"))
    assert (found.texts, found.labels) == (["a"], ["0"])
    with pytest.raises(UserError, match="text column"):
        read_rows_of_texts(path, "missing")


def test_one_column_is_enough_for_texts_alone(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('text\n"one, two"\nthree\n')
    assert read_rows_of_texts(path).texts == ["one, two", "three"]
    path.write_text("text\none, two\n")
    with pytest.raises(UserError, match="Expected 1 column between commas"):
        read_rows_of_texts(path)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_no_lines(text):
    with pytest.raises(UserError, match="at least one text"):
        rows_of_lines(text)


def test_lines_that_are_a_table():
    for header in ("text\tlabel", '"text","label"', "sentence"):
        with pytest.raises(UserError, match="header of a table"):
            rows_of_lines(f"{header}\na film\n")
    assert rows_of_lines("a text\n{oh\n").texts == ["a text", "{oh"]
    with pytest.raises(UserError, match="line 2"):
        rows_of_lines('{"text": "a"}\n{"text" "b"}')
    with pytest.raises(UserError, match="no text_column"):
        rows_of_lines("a film", "said")
