import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from tfq_hybrid.data import TextDataset, learn_vocabulary, load_dataset
from tfq_hybrid.data.embedded import SIZES, EmbeddedSentiment, sentences
from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS
from tfq_hybrid.errors import UserError


def test_tfds_by_name(sst2_tree, real_data):
    dataset = load_dataset("glue/sst2", "validation", data_dir=sst2_tree)
    assert dataset.label_names == ("negative", "positive")
    local = load_dataset(real_data("sst2_dev.tsv"))
    assert dataset.texts == local.texts
    np.testing.assert_array_equal(dataset.labels, local.labels)
    training = load_dataset("glue/sst2", data_dir=sst2_tree)
    assert len(training) == 600


def test_tfds_split_and_column_are_named(sst2_tree):
    with pytest.raises(UserError, match="Did you mean 'validation'"):
        load_dataset("glue/sst2", "validatoin", data_dir=sst2_tree)
    with pytest.raises(UserError, match="Did you mean 'sentence'"):
        load_dataset("glue/sst2", text_column="sentences", data_dir=sst2_tree)


@pytest.mark.parametrize(
    "name,nearest",
    [
        ("imdb_review", "imdb_reviews"),
        ("embeded", "embedded"),
        ("glue/sst22", "glue/sst2"),
    ],
)
def test_unknown_name(name, nearest, tmp_path):
    with pytest.raises(UserError, match=f"Did you mean '{nearest}'"):
        load_dataset(name, data_dir=tmp_path)


def test_embedded_is_a_tfds_data_set(data_dir):
    import tensorflow_datasets as tfds

    dataset = load_dataset("embedded", "test", data_dir=data_dir)
    again = sorted(sentences("test"))
    # TFDS writes in an order of its own, the same on every machine.
    assert sorted(zip(dataset.texts, dataset.labels, strict=True)) == again
    rows = tfds.load(
        "embedded_sentiment", split="test", data_dir=data_dir
    ).as_numpy_iterator()
    assert {row["text"].decode() for row in rows} == set(dataset.texts)


def test_embedded_is_the_same_everywhere():
    # A changed grammar needs a new version of the TFDS builder, or a copy
    # prepared earlier would be read.
    import hashlib

    text = repr([list(sentences(split)) for split in SIZES])
    digest = hashlib.sha256(text.encode()).hexdigest()
    version = str(EmbeddedSentiment.VERSION)
    assert (version, digest[:16]) == (
        "1.0.0",
        "bddf314cedab5485",
    )


def test_embedded_is_balanced_and_disjoint():
    splits = {split: list(sentences(split)) for split in SIZES}
    texts = [text for rows in splits.values() for text, _ in rows]
    assert len(set(texts)) == len(texts) == sum(SIZES.values())
    for rows in splits.values():
        assert sum(label for _, label in rows) == len(rows) / 2
    words = " ".join(texts)
    for word in ("not", "never", "but", "although"):
        assert f" {word} " in words


def test_embedded_is_hard_for_a_bag_of_words():
    train, test = list(sentences("train")), list(sentences("test"))
    bag = CountVectorizer()
    model = LogisticRegression(max_iter=1000)
    model.fit(bag.fit_transform(t for t, _ in train), [y for _, y in train])
    score = model.score(bag.transform(t for t, _ in test), [y for _, y in test])
    assert 0.5 < score <= 0.75


def test_labels_are_those_of_training(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("text\tlabel\na\t10\nb\t9\nc\t10\n")
    dataset = load_dataset(path)
    assert dataset.label_names == ("9", "10")
    assert dataset.labels.tolist() == [1, 0, 1]


def test_epochs_are_functions_of_the_seed(tiny_texts):
    texts = [f"{i}" for i in range(10)]
    dataset = TextDataset(texts, np.arange(10, dtype=np.int32), ("x",))

    def batches(seed, first_epoch, count):
        stream = dataset.shuffled_batches(4, seed, first_epoch)
        return [b.numpy().tolist() for _, b in stream.take(count)]

    epochs = batches(0, 0, 6)
    assert [len(b) for b in epochs] == [4, 4, 2] * 2
    assert sorted(i for batch in epochs[:3] for i in batch) == list(range(10))
    assert epochs[:3] != epochs[3:]
    assert batches(0, 1, 3) == epochs[3:]
    assert batches(1, 0, 3) != epochs[:3]
    for words, labels in dataset.shuffled_batches(4, 0).take(3):
        assert [int(w) for w in words.numpy()] == labels.numpy().tolist()


def test_split_is_disjoint(tiny_texts):
    dataset = TextDataset(
        [f"{i}" for i in range(20)], np.arange(20, dtype=np.int32), ("x",)
    )
    first, second = dataset.split(0.1, seed=3)
    assert len(second) == 2
    assert sorted([*first.labels, *second.labels]) == list(range(20))


def test_vocabulary_is_of_the_training_texts():
    vocabulary = learn_vocabulary(["A Fine film", "a fine CAST"] * 30, 80)
    assert tuple(vocabulary[:5]) == SPECIAL_TOKENS
    assert {"a", "fine"} <= set(vocabulary)
    assert not any(word.isupper() for word in vocabulary[5:])
    assert len(set(vocabulary)) == len(vocabulary) <= 80
