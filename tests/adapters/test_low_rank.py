"""Adapters as a LoRA of a rank, and several as one."""

import numpy as np
import pytest

from tests.adapters import zoo
from tests.adapters.test_merging import dense, lora
from tfq_hybrid import adapters
from tfq_hybrid.errors import UserError

INPUTS = np.random.default_rng(8).normal(size=(5, 4))


def change(model, name="default"):
    """What an adapter adds to the only kernel."""
    adapters.activate(model, name)
    slot = model.layers[0]
    kernel = np.array(slot.kernel, "float64")
    matrix, _ = slot.adapter.merged(kernel, None)
    return matrix - kernel


def silent(line):
    """Takes what is reported."""


def test_the_least_rank_that_loses_nothing():
    model = dense(adapters.SoRA(targets="dense", rank=2, alpha=8))
    model.layers[0].adapter.gate.assign([0.0, 3.0])
    expected, lines = zoo.run(model, INPUTS), []
    assert adapters.as_lora(model, report=lines.append) < 1e-6
    assert lines == ["The LoRA of rank 1 loses 0.0% of what 'default' changes."]
    assert zoo.difference(zoo.run(model, INPUTS), expected) < 1e-5
    found = adapters.status(model)
    assert found["active"] == "lora"
    assert found["methods"]["lora"]["rank"] == 1
    assert found["methods"]["lora"]["alpha"] is None  # the scale is in it


def test_what_a_rank_loses():
    model = dense(lora(rank=3, alpha=8))
    whole = change(model)
    values = np.linalg.svd(whole, compute_uv=False)
    lost = adapters.as_lora(model, rank=1, report=silent)
    left = whole - change(model, "lora")
    expected = np.sqrt(np.square(values[1:]).sum())
    assert np.linalg.norm(left) == pytest.approx(expected, rel=1e-5)
    assert lost == pytest.approx(expected / np.linalg.norm(whole), rel=1e-6)


def test_a_rank_above_what_there_is_loses_nothing():
    model = dense(lora())
    expected = zoo.run(model, INPUTS)
    assert adapters.as_lora(model, rank=20, report=silent) == 0
    assert model.layers[0].adapter.a.shape == (4, 20)
    assert zoo.difference(zoo.run(model, INPUTS), expected) < 1e-5


def test_a_task_with_its_head():
    model = zoo.make_task("BERT")
    adapters.adapt(model, zoo.make_method("SoRA"))
    zoo.stir(model)
    expected = zoo.run(model)
    adapters.as_lora(model, report=silent)
    assert zoo.difference(zoo.run(model), expected) < 1e-5
    adapters.activate(model, "default")  # is as it was
    np.testing.assert_array_equal(zoo.run(model), expected)


def test_a_circuit_is_refused():
    model = dense(lora())
    adapters.adapt(
        model,
        adapters.QuantumAdapter(targets="dense", circuit=zoo.SPEC),
        name="circuit",
    )
    with pytest.raises(UserError, match=r"not linear\. It is in layer_0"):
        adapters.as_lora(model)
    assert [*adapters.status(model)["methods"]] == ["default", "circuit"]


def test_what_is_no_matrix_is_refused():
    model = zoo.make_task("BERT")
    adapters.adapt(model, adapters.HeadOnly())
    with pytest.raises(UserError, match="which train a head alone"):
        adapters.as_lora(model)
    adapters.disable(model)
    with pytest.raises(UserError, match=r"call adapters\.activate first"):
        adapters.as_lora(model)


def two():
    """Two adapters, of other ranks and scales, in one of two layers or both."""
    model = dense(lora(rank=2, alpha=8, exclude="layer_1"), (6, 5))
    adapters.adapt(model, lora(rank=1, alpha=3), name="other")
    zoo.stir(model)
    return model


@pytest.mark.parametrize("weights", [(1, 1), (1, -1), (0.3, 2.5), (0, 1)])
def test_adapters_together(weights):
    model = two()
    a, b = weights
    expected = a * change(model) + b * change(model, "other")
    names = {"default": a, "other": b}
    assert adapters.combine(model, names, report=silent) < 1e-6
    assert zoo.difference(change(model, "combined"), expected) < 1e-6


def test_one_of_weight_one_is_itself():
    model = two()
    expected = zoo.run(model, INPUTS)
    adapters.combine(model, {"other": 1}, report=silent)
    assert zoo.difference(zoo.run(model, INPUTS), expected) < 1e-6
    with pytest.raises(UserError, match="a name that is not taken"):
        adapters.combine(model, {"other": 1})


def test_heads_together():
    model = zoo.make_task("BERT")
    for name in ("default", "other"):
        adapters.adapt(model, zoo.make_method("LoRA"), name=name)
        zoo.stir(model)
    head = model.output_dense
    base = np.array(head.kernel)
    moved = [np.array(head.adapters[n].kernel) - base for n in head.adapters]
    adapters.combine(model, {"default": 0.5, "other": 2}, report=silent)
    expected = base + 0.5 * moved[0] + 2 * moved[1]
    assert zoo.difference(np.array(head.adapter.kernel), expected) < 1e-6


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        ({"nobody": 1}, "'nobody'"),
        ({"default": "1"}, "numbers as weights"),
        ({"default": float("nan")}, "numbers as weights"),
        ({}, "adapters with weights"),
    ],
)
def test_bad_weights_are_refused(weights, match):
    model = two()
    with pytest.raises(UserError, match=match):
        adapters.combine(model, weights)
    assert [*adapters.status(model)["methods"]] == ["default", "other"]
