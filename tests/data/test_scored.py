"""Texts with numbers, and decimal labels where classes are expected."""

import numpy as np
import pandas
import pytest

from tfq_hybrid.data import ScoredTexts, load_dataset, load_scored
from tfq_hybrid.errors import UserError


def test_real_scores(real_data):
    scored = load_scored(
        real_data("stsb_test.tsv"), text_columns=("text_a", "text_b")
    )
    assert len(scored) == 500
    assert scored.labels.min() == 0 and scored.labels.max() == 5
    assert scored.labels.mean() == pytest.approx(2.62, abs=0.005)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_numbers_of_every_format(tmp_path, kind):
    rows = pandas.DataFrame({"text": ["a", "b", "c"], "label": [3, -0.5, 1e3]})
    path = tmp_path / f"a.{kind}"
    if kind == "parquet":
        rows.to_parquet(path)
    elif kind == "csv":
        rows.to_csv(path, index=False)
    else:
        rows.to_json(path, orient="records", lines=kind == "jsonl")
    assert load_scored(path).labels.tolist() == [3, -0.5, 1000]


def test_targets_are_a_column():
    """(n,) against the (n, 1) of a model would broadcast to n x n."""
    scored = ScoredTexts(list("abcd"), np.arange(4.0), mean=1.5, scale=0.5)
    assert scored.targets().tolist() == [[-3], [-1], [1], [3]]
    for batch in scored.batches(3):
        assert batch[1].shape[1:] == (1,)


@pytest.mark.parametrize(
    "label", ["", "x", "nan", "inf", "1e39", "1_000", "0x10", "1,5", "٣"]
)
def test_what_is_no_number(tmp_path, label):
    path = tmp_path / "a.tsv"
    path.write_text(f"text\tlabel\na\t1\nb\t{label}\n", "utf-8")
    with pytest.raises(UserError, match=r"column label.*line 3"):
        load_scored(path)


@pytest.mark.parametrize(
    "rows", ['{"text": "x", "label": true}', '{"text": "x", "label": null}']
)
def test_what_is_no_number_in_json(tmp_path, rows):
    path = tmp_path / "a.jsonl"
    path.write_text(rows)
    with pytest.raises(UserError, match=r"column label.*line 1"):
        load_scored(path)


def test_decimal_labels_are_no_classes(tmp_path):
    """One short line, which names the option; integers are classes."""
    path = tmp_path / "a.csv"
    rows = "".join(f"film {i},{i / 1000}\n" for i in range(100, 400))
    path.write_text(f"text,label\n{rows}")
    with pytest.raises(UserError, match="--task regression") as caught:
        load_dataset(path)
    assert len(str(caught.value).replace(str(path), "")) < 200
    (tmp_path / "a.jsonl").write_text('{"text": "x", "label": 1.5}')
    with pytest.raises(UserError, match="--task regression"):
        load_dataset(tmp_path / "a.jsonl")
    path.write_text("text,label\na,3\nb,4\n")
    assert load_dataset(path).label_names == ("3", "4")
    path.write_text("text,label\na,version 1.5\nb,2.5\n")
    assert load_dataset(path).label_names == ("2.5", "version 1.5")
