"""Scores of answers, against what is known by hand."""

import importlib.util

import numpy as np
import pytest

from tfq_hybrid.comparison.work.generation import embedding_match, text_scores
from tfq_hybrid.comparison.work.texts import WHEEL, default_encoder


def reference_match(candidate, reference):
    """The definition, token by token."""

    def cosine(a, b):
        return float(np.dot(a, b) / np.sqrt(np.dot(a, a) * np.dot(b, b)))

    precision = np.mean(
        [max(cosine(c, r) for r in reference) for c in candidate]
    )
    recall = np.mean([max(cosine(c, r) for c in candidate) for r in reference])
    return precision, recall, 2 * precision * recall / (precision + recall)


def test_the_match_is_that_of_its_definition():
    generator = np.random.default_rng(0)
    pairs = [
        (generator.normal(size=(n, 6)), generator.normal(size=(m, 6)))
        for n, m in ((3, 5), (1, 1), (4, 2))
    ]
    found = embedding_match(*zip(*pairs, strict=True))
    expected = [reference_match(*pair) for pair in pairs]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    same = embedding_match([pairs[0][0]], [3 * pairs[0][0]])
    np.testing.assert_allclose(same, 1.0)
    empty = embedding_match([np.zeros((0, 6))], [pairs[0][1]])
    np.testing.assert_array_equal(empty, 0.0)


@pytest.mark.long
@pytest.mark.skipif(
    importlib.util.find_spec(WHEEL) is None, reason=f"{WHEEL} is not there"
)
def test_scores_of_answers():
    references = [
        "the cat sat on the mat today",
        "a large river",
        "paint it red",
    ]
    given = ["the cat sat on the mat", "a big stream", ""]
    found, arrays = text_scores(given, references, default_encoder())
    # By hand: 6 of 6 words are right, 6 of 7 are there.
    f1 = 2 * 1 * (6 / 7) / (1 + 6 / 7)
    np.testing.assert_allclose(arrays["rouge1"], [f1, 1 / 3, 0], rtol=1e-6)
    assert arrays["rouge2"][1] == 0 < arrays["rouge2"][0]
    assert 0 < found["bleu"] < 100
    np.testing.assert_allclose(arrays["bleu"].mean(), found["bleu"])
    assert arrays["bleu"][0] > arrays["bleu"][2]
    f1 = arrays["embedding_f1"]
    assert f1[0] > f1[1] > f1[2] == 0
    # Words of the same meaning are near, which ROUGE does not see.
    assert f1[1] > 0.4
