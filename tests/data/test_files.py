import pytest

from tfq_hybrid.data import load_dataset
from tfq_hybrid.data.datasets import read_file
from tfq_hybrid.errors import UserError


def write(tmp_path, name, content):
    path = tmp_path / name
    mode = content if isinstance(content, bytes) else content.encode("utf-8")
    path.write_bytes(mode)
    return path


@pytest.mark.parametrize(
    "name,content",
    [
        ("a.tsv", 'text\tlabel\nhe said "no\t0\nyes, é\t1\n'),
        ("a.csv", 'label,text\n0,"he said ""no"\n1,"yes, é"\n'),
        (
            "a.jsonl",
            '{"text": "he said \\"no", "label": 0}\n'
            '{"text": "yes, é", "label": 1}\n',
        ),
        ("bom.tsv", '\ufefftext\tlabel\r\nhe said "no\t0\r\nyes, é\t1'),
    ],
)
def test_formats(tmp_path, name, content):
    texts, labels = read_file(write(tmp_path, name, content))
    assert texts == ['he said "no', "yes, é"]
    assert labels == ["0", "1"]


def test_columns_can_be_named(tmp_path):
    path = write(tmp_path, "a.tsv", "a\tb\tc\none\ttwo\tthree\n")
    assert read_file(path, "c", "a") == (["three"], ["one"])


@pytest.mark.parametrize(
    "name,content,message",
    [
        ("a.tsv", "", "empty"),
        ("a.tsv", "text\tlabel\n", "empty"),
        ("a.tsv", "no tab\nneither\n", "columns between tabs.*row 1"),
        ("a.tsv", "text\tlabel\nx\t1\nno tab\n", "columns between tabs.*row 3"),
        ("a.tsv", b"text\tlabel\nx\t1\n\xff\t0\n", "UTF-8.*line 3.*0xff"),
        ("a.tsv", "txt\tlabel\nx\t1\n", "text column.*Did you mean 'txt'"),
        ("a.tsv", "text\tlabell\nx\t1\n", "mean 'labell'"),
        ("a.csv", 'text,label\n"x,1\n', "comma-separated"),
        ("a.jsonl", "[1]\n", "JSON object.*row 1"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": 2\n', "row 2"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": "y"}\n', "row 2"),
        ("a.jsonl", "[" * 100_000, "row 1"),
        ("a.jsonl", '{"text": null, "label": 1}\n', "example 1"),
        ("a.jsonl", '{"text": "x", "label": 1.5}\n', "example 1"),
        ("a.txt", "x", "Did you mean '.tsv'"),
    ],
)
def test_bad_files_are_named(tmp_path, name, content, message):
    with pytest.raises(UserError, match=message):
        load_dataset(write(tmp_path, name, content))


def test_missing_file():
    with pytest.raises(UserError, match="No such file"):
        load_dataset("nowhere.tsv")


def test_no_quoting_loses_no_row(real_data):
    # Default quoting reads 5,572 of these.
    dataset = load_dataset(real_data("sms_spam.tsv"))
    assert len(dataset) == 5_574
    assert [int(sum(dataset.labels == i)) for i in (0, 1)] == [4_827, 747]
