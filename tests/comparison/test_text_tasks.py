"""Labelled texts in three parts."""

import numpy as np

from tfq_hybrid.comparison.work.texts import (
    find_optional,
    text_parts,
    write_texts,
)
from tfq_hybrid.data import TextDataset, load_dataset


def test_one_file_is_split_without_repeated_texts(tmp_path):
    path = tmp_path / "sms.tsv"
    rows = [f"message {i % 200}\t{i % 2}" for i in range(300)]
    path.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    parts = text_parts("spam", {"spam": str(path)})
    assert [len(part) for part in parts] == [140, 30, 30]
    texts = [text for part in parts for text in part.texts]
    assert len(set(texts)) == 200
    again = text_parts("spam", {"spam": str(path)}, limit=10)
    assert again[0].texts == parts[0].texts[:10]
    assert again[2].texts == parts[2].texts


def test_labels_mean_the_same_in_every_file(tmp_path):
    """Though the validation data lack one of them."""
    rows = {
        "train": ["a\tneutral", "b\tpositive", "c\tnegative"],
        "validation": ["d\tpositive", "e\tnegative"],
        "test": ["f\tneutral"],
    }
    paths = {}
    for part, lines in rows.items():
        path = tmp_path / f"{part}.tsv"
        path.write_text("\n".join(["text\tlabel", *lines]) + "\n")
        paths[f"task_{part}"] = str(path)
    for part, name in zip(text_parts("task", paths), rows, strict=True):
        words = dict(line.split("\t") for line in rows[name])
        assert part.label_names == ("negative", "neutral", "positive")
        for text, label in zip(part.texts, part.labels, strict=True):
            assert part.label_names[label] == words[text]


def test_a_tfds_set_has_its_own_test_data():
    parts = text_parts("embedded", {"embedded": "embedded"}, limit=50)
    assert len(parts[0]) == 50 and len(parts[2]) == 1000
    whole = load_dataset("embedded", "test")
    assert sorted(parts[2].texts) == sorted(whole.texts)


def test_what_is_not_there_is_left_out(tmp_path):
    (tmp_path / "imdb.tsv").write_text("text\tlabel\n")
    optional = {
        "imdb": ("imdb.tsv", "imdb_reviews"),
        "yelp": ("yelp.tsv", "yelp_polarity_reviews"),
        "twitter": ("twitter.tsv", None),
    }
    found, missing = find_optional(optional, tmp_path, may_download=False)
    assert found == {"imdb": str(tmp_path / "imdb.tsv")}
    assert list(missing) == ["yelp", "twitter"]
    assert "does not ask TFDS for yelp_polarity_reviews" in missing["yelp"]
    assert missing["twitter"] == (
        "twitter.tsv is not in the folder of the data"
    )


def test_written_texts_are_read_again(tmp_path):
    labels = np.array([1, 0], np.int32)
    dataset = TextDataset(["two\nlines", 'a "quoted"'], labels, ("ham", "spam"))
    write_texts(dataset, tmp_path / "x.tsv")
    again = load_dataset(tmp_path / "x.tsv")
    assert again.texts == ["two lines", 'a "quoted"']
    assert [again.label_names[i] for i in again.labels] == ["spam", "ham"]
