"""Sets of labels: lists and bars, rows without labels, what is refused."""

import tracemalloc

import numpy as np
import pandas
import pyarrow
import pyarrow.parquet
import pytest

from tfq_hybrid.data import load_label_sets
from tfq_hybrid.errors import UserError

SETS = [["fast", "cheap"], [], ["slow"], ["cheap"]]
TABLE = [[1, 1, 0], [0, 0, 0], [0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize("kind", ["tsv", "csv", "jsonl", "json", "parquet"])
def test_every_format(tmp_path, kind):
    rows = pandas.DataFrame({"text": list("abcd"), "label": SETS})
    path = tmp_path / f"a.{kind}"
    if kind == "parquet":
        rows.to_parquet(path)
    elif kind.startswith("json"):
        rows.to_json(path, orient="records", lines=kind == "jsonl")
    else:
        joined = rows.assign(label=rows.label.map("|".join))
        sep = "\t" if kind == "tsv" else ","
        joined.to_csv(path, index=False, sep=sep)
    dataset = load_label_sets(path)
    assert dataset.label_names == ("cheap", "fast", "slow")
    assert dataset.labels.tolist() == TABLE
    assert dataset.labels.dtype == np.float32
    assert dataset.written() == [["cheap", "fast"], [], ["slow"], ["cheap"]]
    other = load_label_sets(path).pick(np.array([0, 2]))
    assert other.only_seen().labels.tolist() == TABLE[:1] + TABLE[2:3]
    assert other.fingerprint() != dataset.fingerprint()


def test_the_order_of_classes_is_that_of_training(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a", "label": ["x", "z"]}\n')
    dataset = load_label_sets(path)
    found = dataset.named(("z", "y", "x"), "a.jsonl")
    assert found.labels.tolist() == [[1, 0, 1]]
    with pytest.raises(UserError, match=r"label in a.jsonl.*'z'"):
        dataset.named(("x", "y"), "a.jsonl")


@pytest.mark.parametrize(
    "label", ['["a", ""]', '["a|b"]', '["a", null]', "[true]", "null", "[1.5]"]
)
def test_what_are_no_labels(tmp_path, label):
    path = tmp_path / "a.jsonl"
    path.write_text(
        f'{{"text": "a", "label": ["x"]}}\n{{"text": "b", "label": {label}}}\n'
    )
    with pytest.raises(UserError, match=r"labels.*line 2"):
        load_label_sets(path)


def test_data_sets_of_tfds_have_none(tmp_path):
    """Which is said before anything is downloaded."""
    for name in ("embedded", "glue/sst2"):
        with pytest.raises(UserError, match="several classes"):
            load_label_sets(name, data_dir=tmp_path)
    assert not list(tmp_path.iterdir())


def test_lists_of_few_bytes_stay_small(tmp_path):
    """One long label in every row is counted in each of them."""
    word = pyarrow.array(["x" * 100_000])
    values = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * 20_000, pyarrow.int32()), word
    )
    lists = pyarrow.ListArray.from_arrays(range(20_001), values)
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"text": ["a"] * 20_000, "label": lists})
    pyarrow.parquet.write_table(table, path, compression="zstd")
    assert path.stat().st_size < 30_000
    tracemalloc.start()
    with pytest.raises(UserError, match="at most 67,108,864 bytes"):
        load_label_sets(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**27
