"""CoNLL-U: words, what is none, and where their tokens are."""

import gzip

import keras_hub
import numpy as np
import pytest

from tfq_hybrid.data import encode_tagged, load_conllu, load_dataset
from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS
from tfq_hybrid.errors import UserError


def row(place, form, upos, xpos="X"):
    return "\t".join([str(place), form, "_", upos, xpos, *["_"] * 5])


# don't: one written word of two; an empty node; a comment with tabs.
TEXT = "\n".join(
    [
        "# text = They don't\tgo",
        row(1, "They", "PRON"),
        row("2-3", "don't", "_"),
        row(2, "do", "AUX"),
        row("2.1", "really", "ADV"),
        row(3, "n't", "PART"),
        row(4, "go", "VERB"),
        "",
        "",
        row(1, "Go", "VERB"),
        "",
    ]
)


def write(path, text=TEXT):
    path.write_text(text, "utf-8")
    return path


def test_words(tmp_path):
    found = load_conllu(write(tmp_path / "a.conllu"))
    assert found.texts == [("They", "do", "n't", "go"), ("Go",)]
    assert found.label_names == ("AUX", "PART", "PRON", "VERB")
    assert [row.tolist() for row in found.labels] == [[2, 0, 1, 3], [3]]
    assert found.words == 5
    packed = tmp_path / "b.conllu.gz"
    packed.write_bytes(gzip.compress(TEXT.replace("\n", "\r\n").encode()))
    again = load_conllu(packed)
    assert again.fingerprint() == found.fingerprint()
    other = load_conllu(tmp_path / "a.conllu", "XPOS")
    assert other.label_names == ("X",)
    assert other.fingerprint() != found.fingerprint()


def test_real_sentences(real_data):
    found = load_conllu(real_data("ud_ewt_test.conllu"))
    assert (len(found), found.words) == (500, 6172)
    assert len(found.label_names) == 17
    first, second = found.split(0.1, seed=0)
    assert len(first) == 450 and len(second) == 50
    assert not {*first.texts} & {*second.texts} - {
        text for text in found.texts if found.texts.count(text) > 1
    }


def test_the_order_of_labels_is_that_of_training(tmp_path):
    found = load_conllu(write(tmp_path / "a.conllu"))
    names = ("VERB", "PRON", "PART", "AUX", "X")
    assert [r.tolist() for r in found.named(names, "").labels] == [
        [1, 3, 2, 0],
        [0],
    ]
    with pytest.raises(UserError, match=r"label in a\.conllu.*'PRON'"):
        found.named(("VERB", "AUX", "PART"), "a.conllu")
    assert found.take(1).named(names, "").seen() == (
        "VERB",
        "PRON",
        "PART",
        "AUX",
    )


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "one sentence"),
        ("# only\n\n", "one sentence"),
        ("1\tword\n", "10 columns.*line 1, with 2"),
        (row(1, "a", "X") + "\n" + row(3, "b", "X"), "the word 2.*line 2"),
        (row(2, "a", "X"), "the word 1"),
        (row("x", "a", "X"), "the word 1.*'x'"),
        (row(1, "a", "_"), "a label.*line 1"),
    ],
)
def test_bad_files(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        load_conllu(write(tmp_path / "a.conllu", text))


def test_other_files_and_columns(tmp_path):
    path = write(tmp_path / "a.conllu")
    with pytest.raises(UserError, match="Did you mean 'upos'"):
        load_conllu(path, "upo")
    with pytest.raises(UserError, match=r"a \.conllu file"):
        load_conllu(write(tmp_path / "a.tsv", "a\tb\n"))
    with pytest.raises(UserError, match="--task tokens"):
        load_dataset(path)
    with pytest.raises(UserError, match="No such file"):
        load_conllu(tmp_path / "b.conllu")


@pytest.fixture(scope="module")
def tokenizer():
    """Words of one and of two tokens."""
    words = ["a", "un", "##seen", "word"]
    return keras_hub.models.BertTokenizer([*SPECIAL_TOKENS, *words])


def sentences_of(tmp_path, *rows):
    lines = []
    for words in rows:
        for place, word in enumerate(words.split(), start=1):
            lines.append(row(place, word, word.upper()))
        lines.append("")
    return load_conllu(write(tmp_path / "a.conllu", "\n".join(lines)))


def test_a_label_is_on_the_first_token(tmp_path, tokenizer):
    sentences = sentences_of(tmp_path, "a unseen word")
    found = encode_tagged(sentences, tokenizer, 8)
    pieces = ["[CLS]", "a", "un", "##seen", "word", "[SEP]"]
    expected = [tokenizer.token_to_id(piece) for piece in pieces]
    assert found.token_ids[0, :6].tolist() == expected
    assert found.padding_mask[0].tolist() == [True] * 6 + [False] * 2
    assert found.weights[0].tolist() == [0, 1, 1, 0, 1, 0, 0, 0]
    assert found.targets[0].tolist() == [0, 0, 1, 0, 2, 0, 0, 0]
    assert found.places[0].tolist() == [1, 2, 4]
    assert found.missed == 0
    assert found.of_words(np.arange(8)[None])[0].tolist() == [1, 2, 4]


def test_words_that_are_cut_off_are_missed(tmp_path, tokenizer):
    sentences = sentences_of(tmp_path, "a unseen word word", "a")
    found = encode_tagged(sentences, tokenizer, 5)
    # The second token of "unseen" fits, the words after it do not.
    assert found.token_ids[0, -1] == tokenizer.end_token_id
    assert found.places[0].tolist() == [1, 2, -1, -1]
    assert found.missed == 2
    assert found.of_words(np.full((2, 5), 7))[0].tolist() == [7, 7, -1, -1]
    assert found.weights.sum() == 3
    assert found.targets.min() >= 0
    # Of a word's two tokens the first alone fits: it has an answer.
    found = encode_tagged(sentences, tokenizer, 4)
    assert found.places[0].tolist() == [1, 2, -1, -1]
