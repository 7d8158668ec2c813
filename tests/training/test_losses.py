"""A system's own loss reaches the training."""

import keras
import numpy as np
import pytest

from tfq_hybrid.data import TextDataset
from tfq_hybrid.errors import UserError
from tfq_hybrid.models import ProbabilityMSE, WeightedCrossEntropy
from tfq_hybrid.training import TrainConfig
from tfq_hybrid.training.build import compile_model
from tfq_hybrid.training.systems import SYSTEMS


@pytest.mark.parametrize(
    "options,kind,weights",
    [
        ({}, WeightedCrossEntropy, [2 / 3, 2.0]),
        ({"class_weighted": False}, WeightedCrossEntropy, None),
        ({"loss": "mse"}, ProbabilityMSE, None),
    ],
)
def test_hybrid_bert_trains_with_its_loss(options, kind, weights):
    data = TextDataset(["a"] * 4, np.array([0, 0, 0, 1]), ("no", "yes"))
    config = TrainConfig("data.tsv", model="hybrid-bert", options=options)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    compile_model(model, config, 4, data)
    assert type(model.loss) is kind
    assert getattr(model.loss, "weights", None) == weights
    compile_model(model, config, 4)
    assert type(model.loss) is keras.losses.SparseCategoricalCrossentropy


@pytest.mark.parametrize(
    "options", [{"class_weighted": False}, {"loss": "mse"}], ids=str
)
def test_a_class_without_examples_needs_no_weight(options):
    data = TextDataset(["a"] * 2, np.array([0, 1]), ("no", "yes", "maybe"))
    system = SYSTEMS["hybrid-bert"]
    system.loss(system.options(**options), data)
    with pytest.raises(UserError, match="all 3 classes"):
        system.loss(system.options(), data)
