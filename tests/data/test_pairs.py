"""Pairs of texts: read from files and data sets, batched, truncated."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfq_hybrid.data import load_dataset
from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS
from tfq_hybrid.encoders.bert import bert_preprocessor
from tfq_hybrid.errors import UserError

COLUMNS = ("text_a", "text_b")


def test_real_pairs(real_data):
    path = real_data("mrpc_test.tsv")
    dataset = load_dataset(path, text_columns=COLUMNS)
    first = path.read_text("utf-8").splitlines()[1].split("\t")
    assert dataset.texts[0] == tuple(first[:2])
    assert dataset.label_names[dataset.labels[0]] == first[2]
    assert np.bincount(dataset.labels).tolist() == [331, 669]


def test_batches_keep_pairs_and_labels_together(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(f"first {i},second {i},{i % 3}\n" for i in range(10))
    path.write_text(f"premise,hypothesis,label\n{rows}")
    dataset = load_dataset(path, text_columns=("premise", "hypothesis"))
    for part in (dataset, *dataset.split(0.3, seed=1), dataset.take(4)):
        seen = []
        for (first, second), labels in part.batches(3):
            for one, other, label in zip(first, second, labels, strict=True):
                number = one.numpy().decode().removeprefix("first ")
                assert other.numpy().decode() == f"second {number}"
                assert label == int(number) % 3
                seen.append(number)
        assert len(seen) == len(part) == len(set(seen))
    (first, second), _ = next(iter(dataset.shuffled_batches(4, 0)))
    assert [t[6:] for t in first.numpy()] == [t[7:] for t in second.numpy()]
    swapped = load_dataset(path, text_columns=("hypothesis", "premise"))
    assert swapped.fingerprint() != dataset.fingerprint()
    single = load_dataset(path, text_column="premise")
    assert single.fingerprint() != dataset.fingerprint()


def test_pairs_of_a_tfds_data_set(data_dir):
    """Any two columns of text; of the embedded data there is one."""
    with pytest.raises(UserError, match="Did you mean 'text'"):
        load_dataset("embedded", data_dir=data_dir, text_columns=("text", "t"))
    pair = ("text", "text")
    dataset = load_dataset(
        "embedded", "test", data_dir=data_dir, text_columns=pair
    )
    single = load_dataset("embedded", "test", data_dir=data_dir)
    assert dataset.texts == [(text, text) for text in single.texts]
    np.testing.assert_array_equal(dataset.labels, single.labels)


@pytest.mark.parametrize(
    "columns, message",
    [
        (None, "take --text-columns sentence1,sentence2"),
        (("sentence1", "sentence3"), "Did you mean 'sentence"),
        (("sentence1", "label"), "a text in the column label.*line 1"),
    ],
)
def test_bad_columns(tmp_path, columns, message):
    path = tmp_path / "a.jsonl"
    path.write_text('{"sentence1": "a", "sentence2": "b", "label": 1}\n')
    with pytest.raises(UserError, match=message):
        load_dataset(path, text_columns=columns)


def test_a_blank_text_of_a_pair(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("text_a\ttext_b\tlabel\n\tb\t0\na\t\t1\n")
    dataset = load_dataset(path, text_columns=COLUMNS)
    assert dataset.texts == [("", "b"), ("a", "")]
    path.write_text("text_a\ttext_b\tlabel\n\t \t0\n")
    with pytest.raises(UserError, match="all blank"):
        load_dataset(path, text_columns=COLUMNS)


@pytest.mark.long
def test_truncation_keeps_both_texts():
    """Of 300 and 20 tokens in 64 the second is whole: 3 are special."""
    vocabulary = [*SPECIAL_TOKENS, "a", "b"]
    a, b = len(SPECIAL_TOKENS), len(SPECIAL_TOKENS) + 1
    preprocessor = bert_preprocessor(vocabulary, 64)
    long, short = " ".join("a" * 300), " ".join("b" * 20)
    graph = tf.data.Dataset.from_tensors(([long], [short])).map(
        lambda first, second: preprocessor((first, second))
    )
    for tokens in (preprocessor(([long], [short])), next(iter(graph))):
        [ids] = keras.ops.convert_to_numpy(tokens["token_ids"])
        assert len(ids) == 64
        assert (ids == a).sum() == 41
        assert (ids == b).sum() == 20
        [mask] = keras.ops.convert_to_numpy(tokens["padding_mask"])
        assert mask.all()
        [segments] = keras.ops.convert_to_numpy(tokens["segment_ids"])
        assert segments[ids == b].all() and not segments[ids == a].any()
