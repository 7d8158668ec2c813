"""The optimizer of a config: the rates of angles and of all else."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.tolerances import has_no_gradient
from tfq_hybrid.training.build import (
    WarmupCosine,
    build_model,
    compile_model,
)


@pytest.mark.long
def test_angles_have_a_learning_rate_of_their_own(quick):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]
    moves = {}
    for rate in (None, 1e-9, 1e-2):
        config = dataclasses.replace(
            quick,
            optimizer="adam",
            learning_rate=1e-3,
            quantum_learning_rate=rate,
            warmup=0.0,
        )
        keras.utils.set_random_seed(0)
        model = build_model(config, vocabulary, 2)
        compile_model(model, config, 1000)
        variables = model.trainable_variables
        before = [v.numpy() for v in variables]
        model.train_on_batch(np.array(["a b", "b"]), np.array([0, 1]))
        moves[rate] = [
            np.abs(v.numpy() - old).max()
            for v, old in zip(variables, before, strict=True)
        ]
    angles = [v.path.endswith("pqc/parameters") for v in variables]
    assert sum(angles) == 1
    for variable, is_angle, *found in zip(
        variables, angles, *moves.values(), strict=True
    ):
        if has_no_gradient(variable):
            continue
        same, slow, fast = found
        # Adam's first step is the learning rate, whatever the gradient.
        assert fast == pytest.approx((10 if is_angle else 1) * same, rel=1e-3)
        if is_angle:
            assert same > 1e-4
            assert slow < 1e-6


@pytest.mark.parametrize("warmup", [0, 1, 7])
def test_rates_are_those_of_keras(warmup):
    schedule = WarmupCosine(1e-5, 1e-3, warmup, 20)
    schedule = WarmupCosine.from_config(schedule.get_config())
    theirs = keras.optimizers.schedules.CosineDecay(
        1e-5, 20, warmup_target=1e-3, warmup_steps=warmup
    )
    steps = range(warmup + 23)
    np.testing.assert_allclose(
        [float(schedule(step)) for step in steps],
        [float(theirs(step)) for step in steps],
        rtol=1e-5,
        atol=1e-10,
    )
    # One that holds conditions would hold them once for each variable.
    graph = tf.function(schedule).get_concrete_function(tf.TensorSpec([])).graph
    assert not [op for op in graph.get_operations() if "If" in op.type]


@pytest.mark.long
@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_the_angles_alone_train(optimizer, quick):
    config = dataclasses.replace(
        quick,
        optimizer=optimizer,
        weight_decay=0.5,
        learning_rate=0.0,
        quantum_learning_rate=1e-2,
        warmup=0.0,
    )
    keras.utils.set_random_seed(0)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]
    model = build_model(config, vocabulary, 2)
    compile_model(model, config, 1000)
    variables = model.trainable_variables
    before = [v.numpy() for v in variables]
    model.train_on_batch(np.array(["a b", "b"]), np.array([0, 1]))
    for variable, old in zip(variables, before, strict=True):
        move = np.abs(variable.numpy() - old).max()
        if variable.path.endswith("pqc/parameters"):
            assert 1e-4 < move < 1.01e-2
        else:
            assert move == 0.0
    again = type(model.optimizer).from_config(model.optimizer.get_config())
    assert (again.angle_rate, again.other_rate) == (1.0, 0.0)
