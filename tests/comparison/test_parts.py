"""The parts of a comparison's data are fixed, disjoint and have all labels."""

import numpy as np
import pytest

from tfq_hybrid.comparison.parts import make_parts, read_from, write_parts
from tfq_hybrid.errors import UserError
from tfq_hybrid.training import TrainConfig


def write(path, rows):
    lines = [f"{text}\t{label}" for text, label in rows]
    path.write_text("text\tlabel\n" + "\n".join(lines) + "\n", "utf-8")
    return str(path)


@pytest.fixture
def by_label(tmp_path):
    """A hundred rows, all of one label after all of the other."""
    rows = [(f"film {i}", "good" if i < 80 else "bad") for i in range(100)]
    return write(tmp_path / "data.tsv", rows)


def test_every_part_has_the_shares_of_the_labels(by_label):
    parts = make_parts(TrainConfig(by_label))
    assert [len(part) for part in parts[:3]] == [70, 15, 15]
    texts = [text for part in parts[:3] for text in part.texts]
    assert len(set(texts)) == 100
    for part in parts[:3]:
        assert part.label_names == ("bad", "good")
        assert np.mean(part.labels == 1) == pytest.approx(0.8)


def test_the_draw_hangs_on_the_data_alone(by_label):
    first, again = (
        make_parts(TrainConfig(by_label, seed=seed)) for seed in (0, 7)
    )
    for one, other in zip(first[:3], again[:3], strict=True):
        assert one.texts == other.texts


def test_texts_of_other_parts_are_dropped_from_training(tmp_path, by_label):
    test = write(tmp_path / "test.tsv", [("FILM  3", "good"), ("x", "bad")])
    parts = make_parts(TrainConfig(by_label), test)
    assert parts.dropped == 1 - ("film 3" in parts.validation.texts)
    assert "film 3" not in parts.training.texts
    assert parts.test.texts == ["FILM  3", "x"]


def test_written_parts_are_read_back(tmp_path, by_label):
    rows = [('a\t"quoted"', "good"), ("é\u2028", "bad")]
    config = TrainConfig(by_label, text_column="text")
    parts = make_parts(config)
    parts.training.texts[:2] = [text for text, _ in rows]
    paths = write_parts(parts, tmp_path / "data")
    from tfq_hybrid.training.classification import load_splits

    training, validation = load_splits(read_from(config, paths, seed=3))
    assert training.texts == parts.training.texts
    assert np.array_equal(training.labels, parts.training.labels)
    assert validation.fingerprint() == parts.validation.fingerprint()


def test_pairs(tmp_path):
    rows = [f"a {i}\tb {i % 7}\t{i % 2}" for i in range(40)]
    path = tmp_path / "pairs.tsv"
    path.write_text("one\ttwo\tsame\n" + "\n".join(rows) + "\n", "utf-8")
    config = TrainConfig(
        str(path), text_columns=("one", "two"), label_column="same"
    )
    parts = make_parts(config)
    assert [len(part) for part in parts[:3]] == [28, 6, 6]
    again = make_parts(read_from(config, write_parts(parts, tmp_path), 1))
    first, *_ = parts.training.texts
    assert first[0].startswith("a ") and first[1].startswith("b ")
    assert {*again.training.texts} < {*parts.training.texts}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", 1), ("b", 1), ("c", 1)], "at least two labels"),
        ([("a", 0), ("b", 1), ("c", 1)], "enough examples of each label"),
        ([("a", 0), ("A", 1)] * 10, "without any of|of every label"),
    ],
)
def test_too_little(tmp_path, rows, message):
    path = write(tmp_path / "data.tsv", rows)
    with pytest.raises(UserError, match=message):
        make_parts(TrainConfig(path))


def test_a_label_that_training_lacks(tmp_path, by_label):
    test = write(tmp_path / "test.tsv", [("x", "worse"), ("y", "bad")])
    with pytest.raises(UserError, match="worse"):
        make_parts(TrainConfig(by_label), test)
