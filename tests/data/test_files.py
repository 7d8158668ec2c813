import gzip
import tracemalloc

import pandas
import pyarrow
import pyarrow.parquet
import pytest

from tfq_hybrid.data import load_dataset
from tfq_hybrid.data.tables import read_labelled
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
        (
            "a.json",
            '[{"text": "he said \\"no", "label": 0},\n'
            ' {"text": "yes, é", "label": 1}]',
        ),
        ("guessed.csv", 'label;text\n0;"he said ""no"\n1;yes, é\n'),
        ("bars.csv", 'label|text\n0|"he said ""no"\n1|yes, é\n'),
        ("bom.tsv", '\ufefftext\tlabel\r\nhe said "no\t0\r\nyes, é\t1'),
    ],
)
def test_formats(tmp_path, name, content):
    texts, labels = read_labelled(write(tmp_path, name, content))
    assert texts == ['he said "no', "yes, é"]
    assert labels == ["0", "1"]


def test_columns_can_be_named(tmp_path):
    path = write(tmp_path, "a.tsv", "a\tb\tc\none\ttwo\tthree\n")
    assert read_labelled(path, "c", "a") == (["three"], ["one"])


@pytest.mark.parametrize(
    "name,content,message",
    [
        ("a.tsv", "", "empty"),
        ("a.tsv", "text\tlabel\n", "empty"),
        ("a.tsv", "no tab\nneither\n", "columns between tabs.*line 1"),
        (
            "a.tsv",
            "text\tlabel\nx\t1\nno tab\n",
            "columns between tabs.*line 3",
        ),
        ("a.tsv", b"text\tlabel\nx\t1\n\xff\t0\n", "UTF-8.*line 3.*0xff"),
        ("a.tsv", "txt\tlabel\nx\t1\n", "text column.*Did you mean 'txt'"),
        ("a.tsv", "text\tlabell\nx\t1\n", "mean 'labell'"),
        ("a.csv", 'text,label\n"x,1\n', "separated by commas"),
        ("a.csv", 'text,label\nx,1\n\n"a "b" c",1\n', "line 4"),
        ("a.csv", "text;label\nx;1\ny\n", "between semicolons.*line 3"),
        ("a.tsv", "text,label\nx,1\n", "looks separated by commas"),
        ("a.csv", "text,label,text\nx,1,y\n", "each column once.*text"),
        ("a.tsv", "text\tlabel\n\nx\t \n", "a label.*line 3, label=' '"),
        ("a.csv", 'text,label\n"x\ny",1\nz,\n', "a label.*line 4"),
        ("a.csv", "text,label\nx,1\ny,01\n", "label=1 in line 2.*label=01"),
        ("a.csv", "text,label\nx,1.0\ny,1\n", "1.0 in line 2.*in line 3"),
        ("a.csv", "text,label\nx\0,1\n", "line 2, a NUL"),
        ("a.jsonl", "[1]\n", "JSON object.*line 1"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": 2\n', "line 2"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": "y"}\n', "line 2"),
        (
            "a.jsonl",
            '{"text": "x", "label": 1, "text": "y"}\n',
            "'text' several",
        ),
        ("a.jsonl", "[" * 100_000, "line 1"),
        ("a.jsonl", '{"text": null, "label": 1}\n', "line 1, text=None"),
        ("a.jsonl", '\n{"text": "x", "label": 1.5}\n', "line 2, label=1.5"),
        ("a.jsonl", '{"text": "x", "label": ""}\n', "line 1, label=''"),
        ("a.json", "[1]", "array of objects.*row 1"),
        ("a.json", '{"text": "x", "label": 1}', "dict at the top"),
        ("a.json", '[{"text": "x", "label": 1}, {"text": "y"}]', "row 2"),
        ("a.json", '[{"text": "x", "label": 1.5}]', "row 1, label=1.5"),
        ("a.json", "[", "array of objects"),
        ("a.parquet", b"PAR1 PAR1", "a Parquet file"),
        ("a.csv.gz", b"text,label", "a gzip file"),
        (
            "a.csv.gz",
            gzip.compress(b"text,label\nx,1\n", mtime=0)[:-9],
            "too early",
        ),
        (
            "a.tsv.gz",
            gzip.compress(b"text\tlabel\nx\n", mtime=0),
            "line 2, with 1",
        ),
        ("a.txt", "x", "Did you mean '.tsv'"),
    ],
)
def test_bad_files_are_named(tmp_path, name, content, message):
    with pytest.raises(UserError, match=message):
        load_dataset(write(tmp_path, name, content))


@pytest.mark.parametrize("kind", ["tsv", "csv", "jsonl", "json", "parquet"])
def test_packed_files(tmp_path, kind):
    """Every format, in one and in two members, gives the same rows."""
    rows = pandas.DataFrame({"text": ["a b", "é", "c"], "label": [1, 0, 1]})
    plain = tmp_path / f"a.{kind}"
    if kind == "parquet":
        rows.assign(other=[[1], [2], []]).to_parquet(plain)
    elif kind.startswith("json"):
        rows.to_json(plain, orient="records", lines=kind == "jsonl")
    else:
        rows.to_csv(plain, index=False, sep="\t" if kind == "tsv" else ",")
    content = plain.read_bytes()
    packed = gzip.compress(content[:9]) + gzip.compress(content[9:])
    expected = ["a b", "é", "c"], ["1", "0", "1"]
    assert read_labelled(plain) == expected
    path = write(tmp_path, f"a.{kind}.gz", packed)
    assert read_labelled(path) == expected
    assert load_dataset(path).label_names == ("0", "1")


def test_a_delimiter_is_taken_at_its_word(tmp_path):
    path = write(tmp_path, "a.csv", "text;label,other\nx,y;1,2\n")
    found = read_labelled(path, "text", "label,other", delimiter=";")
    assert found == (["x,y"], ["1,2"])
    with pytest.raises(UserError, match=r"between commas.*with 3"):
        read_labelled(path)
    bars = write(tmp_path, "a.tsv", "text|label\nx|1\n")
    assert read_labelled(bars, delimiter="|") == (["x"], ["1"])
    for wrong in ("", ";;", '"', "\n"):
        with pytest.raises(UserError, match="one character"):
            read_labelled(bars, delimiter=wrong)
    rows = write(tmp_path, "a.jsonl", '{"text": "x", "label": 1}')
    with pytest.raises(UserError, match="no effect"):
        read_labelled(rows, delimiter=",")
    with pytest.raises(UserError, match="no effect"):
        load_dataset("embedded", delimiter=",")


def test_small_files_stay_small(tmp_path):
    """What is packed a thousandfold is refused before it is unpacked."""
    zeros = gzip.compress(b"text,label\n" + b"x" * 2**27)
    with pytest.raises(UserError, match="at most 67,108,864 bytes"):
        load_dataset(write(tmp_path, "a.csv.gz", zeros))
    word = pyarrow.array(["x" * 100_000])
    texts = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * 20_000, pyarrow.int32()), word
    )
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"text": texts, "label": [0] * 20_000})
    pyarrow.parquet.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 10_000
    tracemalloc.start()
    with pytest.raises(UserError, match="at most 67,108,864 bytes"):
        load_dataset(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**27


def test_one_label_however_it_is_written(tmp_path):
    """Blanks around it, an accent apart, a number as a text."""
    path = write(tmp_path, "a.csv", "text,label\na,é\nb, e\u0301 \nc,x\n")
    assert load_dataset(path).label_names == ("x", "é")
    rows = '{"text": "a", "label": 1}\n{"text": "b", "label": "1"}\n'
    assert load_dataset(write(tmp_path, "a.jsonl", rows)).label_names == ("1",)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name,separator", [("a.tsv", "\t"), ("a.csv", ",")])
def test_ends_of_lines(tmp_path, name, separator, end):
    rows = [("text", "label"), ("one", "1"), ("two", "2")]
    text = end.join(separator.join(row) for row in rows) + end
    found = read_labelled(write(tmp_path, name, text))
    assert found == (["one", "two"], ["1", "2"])


def test_a_long_field(tmp_path):
    text = "word " * 100_000
    path = write(tmp_path, "a.csv", f'text,label\n"{text}",1\n')
    assert read_labelled(path) == ([text], ["1"])


def test_missing_file():
    with pytest.raises(UserError, match="No such file"):
        load_dataset("nowhere.tsv")


def test_no_quoting_loses_no_row(real_data):
    # Default quoting reads 5,572 of these.
    dataset = load_dataset(real_data("sms_spam.tsv"))
    assert len(dataset) == 5_574
    assert [int(sum(dataset.labels == i)) for i in (0, 1)] == [4_827, 747]
