"""The words of plain texts, and their tokens, in a graph and outside of it."""

import keras_hub
import pytest
import tensorflow as tf
from keras_hub.src.tokenizers.word_piece_tokenizer import pretokenize

from tfq_hybrid.data import split_words, tokens_of_words
from tfq_hybrid.data.vocabulary import SPECIAL_TOKENS

TEXTS = [
    "the cat sleeps",
    " It\u2019s 20\u00a0°C, isn't it?\tYes: naïve café!",
    "U.S.-based $5 <b>x</b> [UNK] a_b `c`",
    "猫は眠る\u3002 cats",
    "a\u200bb\u0000c \ue000",
    "",
    " \n",
]


def test_texts_are_split_as_the_tokenizer_splits_them():
    found = split_words(TEXTS).to_list()
    # Which takes a space beyond ASCII for a letter.
    texts = [text.replace("\u00a0", " ") for text in TEXTS]
    expected = pretokenize(
        tf.constant(texts), lowercase=False, strip_accents=False
    )
    assert found == expected.to_list()
    assert found[0] == [b"the", b"cat", b"sleeps"]
    assert found[-1] == found[-2] == []
    words = [word.decode() for word in found[1][:5]]
    assert words == ["It", "\u2019", "s", "20", "°C"]


@pytest.fixture(scope="module")
def tokenizer():
    """Words of one and of two tokens."""
    words = ["a", "un", "##seen", "word"]
    return keras_hub.models.BertTokenizer([*SPECIAL_TOKENS, *words])


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function])
def test_places_and_tokens(tokenizer, wrap):
    words = [["a", "unseen", "word", "word"], ["", "\u200b", "a", ""]]
    found = wrap(lambda x: tokens_of_words(x, tokenizer, 6))(tf.constant(words))
    pieces = [
        ["[CLS]", "a", "un", "##seen", "word", "[SEP]"],
        ["[CLS]", "a", "[SEP]", "[PAD]", "[PAD]", "[PAD]"],
    ]
    # The last word does not fit; a space without width has no token.
    assert found.places.numpy().tolist() == [[1, 2, 4, -1], [-1, -1, 1, -1]]
    expected = [[tokenizer.token_to_id(p) for p in row] for row in pieces]
    assert found.token_ids.numpy().tolist() == expected
    masks = [[p != "[PAD]" for p in row] for row in pieces]
    assert found.padding_mask.numpy().tolist() == masks


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_no_words(tokenizer, shape):
    found = tokens_of_words(tf.zeros(shape, tf.string), tokenizer, 4)
    assert found.places.shape == shape
    ends = [tokenizer.start_token_id, tokenizer.end_token_id, 0, 0]
    assert found.token_ids.numpy().tolist() == [ends] * shape[0]
