"""Heads on embeddings: trained, selected and answered."""

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score

from tfq_hybrid.comparison.work.heads import (
    CLASSICAL,
    Split,
    answer,
    fit_classical,
    train_head,
)
from tfq_hybrid.models import QuantumHeadOptions, make_head
from tfq_hybrid.models.quantum_head.jobs import (
    CIRCUITS,
    one_head,
)


@pytest.fixture
def parts():
    """Two clouds that a plane tells apart."""
    generator = np.random.default_rng(0)

    def split(examples):
        labels = np.arange(examples) % 2
        vectors = generator.normal(size=(examples, 6)).astype("float32")
        # In two directions: amplitudes do not see a sign.
        vectors[np.arange(examples), labels] += 4
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Split(vectors, labels.astype("int32"))

    return split(60), split(20), split(40)


@pytest.mark.long
@pytest.mark.parametrize("baseline", [None, "mlp"])
def test_keras_heads_learn_and_repeat(parts, baseline):
    def train(*rates):
        keras.utils.set_random_seed(0)
        options = QuantumHeadOptions(qubits=3, depth=1, distance=1)
        return train_head(
            lambda: make_head(6, 2, options, baseline),
            *parts,
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            epochs=25,
            batch_size=10,
            rates=rates,
            seed=0,
        )

    found, arrays = train(1e-5, 0.05)
    assert found["test_accuracy"] == np.mean(arrays["scores"]) > 0.8
    losses = found["validation_by_rate"]
    assert found["rate"] == 0.05 and losses["1e-05"] > losses["0.05"]
    assert found["validation_loss"] == losses["0.05"]
    again, _ = train(0.05)
    assert again["test_accuracy"] == found["test_accuracy"]
    assert again["validation_loss"] == found["validation_loss"]


@pytest.mark.long
def test_a_constant_amplitude_tells_signs_apart():
    generator = np.random.default_rng(0)
    labels = (np.arange(80) % 2).astype("int32")
    vectors = generator.normal(scale=0.2, size=(80, 6)).astype("float32")
    vectors[:, 0] += 1
    vectors *= (1 - 2 * labels)[:, None]
    parts = [Split(vectors[a:b], labels[a:b]) for a, b in ((0, 40), (40, 80))]
    arguments = {
        "options": {"qubits": 3, "depth": 1, "distance": 1},
        "epochs": 20,
        "rates": [0.1],
    }
    right = {
        head: one_head(head, [*parts, parts[1]], arguments, 0)[0]
        for head in CIRCUITS
    }
    published, constant = (r["test_accuracy"] for r in right.values())
    # To the published circuits both classes are the same cloud.
    assert published < 0.7 and constant > 0.9


@pytest.mark.parametrize("kind", CLASSICAL)
def test_classical_heads(parts, kind):
    found, arrays = fit_classical(kind, *parts, seed=0)
    assert found["test_accuracy"] > 0.85
    assert arrays["scores"].shape == (40,)
    if kind == "logistic regression":
        assert found["parameters"]["head"] == 6 + 1
    if kind == "MLP of scikit-learn":
        width = found["setting"]
        assert found["parameters"]["head"] == 7 * width + width + 1


def test_figures_are_those_of_scikit_learn():
    labels = np.array([0, 0, 1, 1, 1])
    predicted = np.array([0, 1, 1, 1, 0])
    found, arrays = answer(predicted, labels)
    assert arrays["scores"].tolist() == [1, 0, 1, 1, 0]
    assert found["macro_f1"] == f1_score(labels, predicted, average="macro")
    # By hand: precision 1/2 and recall 1/2 for 0; 2/3 and 2/3 for 1.
    assert found["class_f1"] == pytest.approx([1 / 2, 2 / 3])
