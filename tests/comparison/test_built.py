"""`compare(build=…)`: methods on a model of one's own, in memory."""

import keras
import numpy as np
import pytest

from tfq_hybrid import comparison
from tfq_hybrid.adapters import LoRA, ReplaceDense
from tfq_hybrid.comparison.built import _Arrays, _Row
from tfq_hybrid.errors import UserError


def build():
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(6, "relu", name="hidden"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(2, name="logits"),
        ]
    )


@pytest.fixture(scope="module")
def data():
    x = np.random.default_rng(0).normal(size=(240, 4)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    return [(x[i : i + 80], y[i : i + 80]) for i in (0, 80, 160)]


METHODS = {"whole": None, "LoRA": LoRA(targets="hidden", rank=2)}


def compare(data, methods, **more):
    options = {"seeds": 2, "shared": {"epochs": 8, "batch_size": 8}, **more}
    return comparison.compare(
        methods, build=build, data=data, report=lambda line: None, **options
    )


@pytest.fixture(scope="module")
def found(data):
    return compare(data, METHODS)


def accuracy(row):
    return row["metrics"]["accuracy"]["value"]


def test_rows(found):
    whole, lora, majority = found.content["rows"]
    assert whole["parameters"] == 4 * 6 + 6 + 6 * 2 + 2
    assert lora["parameters"] == 2 * (4 + 6)
    assert accuracy(whole) > accuracy(majority)
    assert len(whole["tried"]) == len(lora["tried"]) == 3
    assert "has the highest accuracy" in found.sentences[0]


def test_table_and_page(found, tmp_path):
    assert "| majority |" in found.table()
    page = found.page(tmp_path / "compare.html")
    assert "Accuracy against trained parameters" in page.read_text("utf-8")


@pytest.mark.long
def test_a_row_does_not_hang_on_those_before_it(found, data):
    again = compare(data, dict(reversed(METHODS.items())))
    for name in ("metrics", "curve", "tried", "rate"):
        one = {row["name"]: row[name] for row in found.content["rows"]}
        other = {row["name"]: row[name] for row in again.content["rows"]}
        assert one == other, name


@pytest.mark.long
def test_validation_alone_picks(found, data):
    """Other test labels leave every training and choice as it was."""
    (x, y) = data[2]
    others = compare([*data[:2], (x, y[::-1])], METHODS)
    for one, other in zip(
        found.content["rows"], others.content["rows"], strict=True
    ):
        for name in ("tried", "rate", "curve"):
            assert one[name] == other[name]


@pytest.mark.long
def test_all_rows_see_the_same_order(data):
    arrays = _Arrays(*data[0])
    orders = []
    for method in METHODS.values():
        row = _Row(build, method, arrays, arrays, 1, 16)
        row.train(3, 1e-3)
        batches = arrays.shuffled_batches(16, 3).take(5)
        orders.append([x.numpy() for x, _ in batches])
    for one, other in zip(*orders, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"seeds": 0}, "seeds"),
        ({"rates": 2}, "1, 3, 5"),
        ({"shared": {"limit": 3}}, "limit"),
        ({"metric": "spearman"}, "metric of classification"),
        ({"methods": {}}, "rows with methods"),
        ({"methods": {"majority": None}}, "named majority"),
        ({"methods": {"x": ReplaceDense(targets="none")}}, "none"),
        ({"data": [(np.ones((3, 4)), np.ones(3))] * 3}, "an integer class"),
        ({"data": [(np.ones((3, 4)), np.ones(2, int))] * 3}, "3 inputs"),
    ],
)
def test_bad_input(data, more, message):
    options = {"data": data, "methods": METHODS, **more}
    with pytest.raises(UserError, match=message):
        compare(**options)
