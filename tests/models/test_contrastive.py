import numpy as np
import pytest

from tests.models.test_quantum_head import (
    LABELS,
    TEXTS,
    make_bert,
    make_preprocessor,
)
from tfq_hybrid.encoders import embed
from tfq_hybrid.errors import UserError
from tfq_hybrid.models.quantum_head.contrastive import (
    contrastive_pairs,
    tune_contrastively,
)


def test_pairs_are_balanced_and_true():
    labels = np.array([0, 1, 2, 0, 1, 2, 2])
    first, second, alike = contrastive_pairs(labels, rounds=3, seed=1)
    assert len(first) == 2 * 3 * 7 and alike.sum() == 3 * 7
    assert ((labels[first] == labels[second]) == alike).all()
    assert (first != second).all()
    again = contrastive_pairs(labels, rounds=3, seed=1)
    np.testing.assert_array_equal(again[0], first)
    for wrong in ([0, 0, 0], [0, 0, 1]):
        with pytest.raises(UserError, match="two texts each"):
            contrastive_pairs(wrong)


def margin(bert, preprocessor):
    """How much closer texts of one label are than those of two."""
    vectors = embed(bert, preprocessor, TEXTS)
    vectors = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    cosines = vectors @ vectors.T
    same = LABELS[:, None] == LABELS
    return cosines[same].mean() - cosines[~same].mean()


@pytest.mark.long
def test_tuning_draws_labels_apart():
    bert, preprocessor = make_bert(), make_preprocessor()
    before = margin(bert, preprocessor)
    losses = tune_contrastively(
        bert, preprocessor, TEXTS, LABELS, rounds=10, learning_rate=0.02
    )
    assert len(losses) == 5
    assert losses[-1] < losses[0]
    assert margin(bert, preprocessor) > before + 0.05
