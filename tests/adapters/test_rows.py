"""Rows of one batch by different adapters."""

import numpy as np
import pytest

from tests.adapters.zoo import make_method, make_task, tokens
from tfq_hybrid import adapters
from tfq_hybrid.errors import UserError

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
