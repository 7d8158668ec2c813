"""Rows of one batch by different adapters, in memory and in an export."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.adapters.zoo import make_method, make_task, tokens
from tfq_hybrid import adapters
from tfq_hybrid.errors import UserError
from tfq_hybrid.serving import export

NAMES = ("first", "second")


@pytest.fixture(scope="module")
def model():
    model = make_task("BERT")
    for seed, (name, method) in enumerate(
        zip(NAMES, ("LoRA", "PrefixTuning"), strict=True)
    ):
        adapters.adapt(model, make_method(method), name)
        rng = np.random.default_rng(seed)
        for variable in model.trainable_variables:
            variable.assign(rng.normal(0, 0.3, variable.shape))
    return model


def one_by_one(model, inputs, names):
    """Each row by a model whose adapter is switched by hand."""
    found = []
    for index, name in enumerate(names):
        row = {key: value[index : index + 1] for key, value in inputs.items()}
        with adapters.using(model, name):
            found.append(model(row))
    return np.concatenate(found)


@pytest.mark.parametrize(
    "names",
    [
        ["first", "second", None, "first", None],
        ["second"] * 5,
        [None] * 5,
    ],
    ids=["mixed", "one", "the base"],
)
def test_each_row_is_answered_by_its_adapter(model, names):
    inputs = tokens(model, batch=5)
    expected = one_by_one(model, inputs, names)
    found = adapters.predict(model, inputs, names, batch_size=2)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_model_stays_as_it_was(model):
    inputs = tokens(model)
    before = model.predict(inputs, verbose=0)
    trains = [v.path for v in model.trainable_variables]
    function = model.predict_function
    adapters.predict(model, inputs, ["first", None])
    assert adapters.status(model)["active"] == "second"
    assert [v.path for v in model.trainable_variables] == trains
    assert model.predict_function is function
    np.testing.assert_array_equal(model.predict(inputs, verbose=0), before)


@pytest.mark.parametrize(
    "names, message",
    [
        (["first"], "1 names for 2 rows"),
        (["first", "third"], "adapter_names.*first.*third"),
        ([], "0 names for 2 rows"),
    ],
)
def test_names_that_do_not_fit_are_refused(model, names, message):
    with pytest.raises(UserError, match=message):
        adapters.predict(model, tokens(model), names)


def test_an_export_serves_several_adapters_over_one_base(model, tmp_path):
    folder = export(model, tmp_path / "served", adapter_names=NAMES)
    loaded = tf.saved_model.load(str(folder))
    serve = loaded.signatures["serve_tokens"]
    inputs = tokens(model, batch=5)
    names = ["second", "first", "first", "second", "first"]
    given = {key: tf.constant(inputs[key], tf.int32) for key in model.input}
    found = serve(**given, adapter=tf.constant(names))["probabilities"]
    expected = keras.ops.softmax(one_by_one(model, inputs, names))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    sizes = [np.prod(v.shape) for v in loaded.variables]
    assert sum(sizes) <= 1.01 * sum(np.prod(v.shape) for v in model.variables)
    with pytest.raises(tf.errors.InvalidArgumentError, match="first, second"):
        serve(**given, adapter=tf.constant(["first"] * 4 + ["third"]))


def test_an_export_of_unknown_adapters_is_refused(model, tmp_path):
    with pytest.raises(UserError, match="third"):
        export(model, tmp_path / "served", adapter_names=["first", "third"])
    assert not (tmp_path / "served").exists()


def test_a_model_that_generates_is_refused(tmp_path):
    model = make_task("GPT-2")
    adapters.adapt(model, adapters.LoRA(rank=2))
    assert isinstance(model, keras.Model)
    with pytest.raises(UserError, match="generates"):
        export(model, tmp_path / "served", adapter_names=["default"])
