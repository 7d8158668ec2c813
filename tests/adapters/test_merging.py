"""Adapters that become a part of their base, and leave it again."""

import keras
import numpy as np
import pytest

from tests.adapters import zoo
from tests.adapters.test_invariants import impossible
from tfq_hybrid import adapters
from tfq_hybrid.errors import UserError

BENT = {
    "ReplaceDense": "takes a whole feed-forward block away",
    "QuantumAdapter": "QuantumDense after the matrix: that is not linear",
    "BottleneckAdapter": "has an activation between its matrices",
    "PrefixTuning": "adds keys and values, and no matrix",
}

BASE_OR_HEAD = ("HeadOnly", "FullFineTuning")
MERGE = [
    name
    for name in zoo.EXAMPLES
    if name.split()[0] not in (*BENT, *BASE_OR_HEAD)
]


def weights_of(model):
    return {v.path: np.array(v) for v in model.weights}


def assert_same(found, expected):
    assert [*found] == [*expected]
    for path, values in expected.items():
        np.testing.assert_array_equal(found[path], values)


def dense(method, units=(6,), dtype="float32", inputs=4):
    """A trained adapter on layers that are not square."""
    keras.utils.set_random_seed(1)
    layers = [
        keras.layers.Dense(n, dtype=dtype, name=f"layer_{i}")
        for i, n in enumerate(units)
    ]
    model = keras.Sequential([keras.Input((inputs,)), *layers])
    for layer in layers:
        layer.bias.assign(np.linspace(-1, 1, layer.units))
    adapters.adapt(model, method)
    zoo.stir(model)
    return model


def lora(**options):
    return adapters.LoRA(**{"targets": "dense", "rank": 2, **options})


def cases():
    """Every method that merges on BERT and Llama; all families if long."""
    for name in MERGE:
        for family in zoo.ROWS:
            usual = family in ("BERT", "Llama 3") or name == "SoRA"
            marks = [] if usual else [pytest.mark.long]
            if not impossible(name, family):
                yield pytest.param(
                    name, family, marks=marks, id=f"{name}-{family}"
                )


@pytest.mark.parametrize("name,family", list(cases()))
def test_a_merged_model_is_its_base_and_computes_what_it_did(name, family):
    model = zoo.make_task(family)
    base, kind, output = weights_of(model), type(model), zoo.run(model)
    adapters.adapt(model, zoo.make_method(name))
    zoo.stir(model)
    adapted, expected = weights_of(model), zoo.run(model)
    assert zoo.difference(expected, output) > 1e-3
    adapters.merge(model)
    assert type(model) is kind and [*weights_of(model)] == [*base]
    found = zoo.run(model)
    assert zoo.difference(found, expected) < 1e-5 * np.abs(expected).max()
    adapters.unmerge(model)
    assert_same(weights_of(model), adapted)
    with adapters.disable(model):
        np.testing.assert_array_equal(zoo.run(model), output)


@pytest.mark.parametrize("name", BASE_OR_HEAD)
def test_what_trains_base_or_head_merges_too(name):
    model = zoo.make_task("BERT")
    base = weights_of(model)
    options = {"keep_base": True} if name == "FullFineTuning" else {}
    adapters.adapt(model, zoo.make_method(name, **options))
    zoo.stir(model)
    adapted, expected = weights_of(model), zoo.run(model)
    adapters.merge(model)
    assert [*weights_of(model)] == [*base]
    assert zoo.difference(zoo.run(model), expected) < 1e-6
    adapters.unmerge(model)
    assert_same(weights_of(model), adapted)


@pytest.mark.parametrize("name", BENT)
def test_what_no_matrix_can_stand_for_is_refused(name):
    model = zoo.make_task("BERT")
    adapters.adapt(model, zoo.make_method(name))
    before = weights_of(model)
    with pytest.raises(UserError, match=BENT[name]):
        adapters.merge(model)
    assert_same(weights_of(model), before)
    assert adapters.status(model)["active"] == "default"


def test_merging_again_changes_nothing(tmp_path):
    model = dense(lora())
    adapters.merge(model)
    once = weights_of(model)
    for _ in range(2):
        adapters.merge(model)
    assert_same(weights_of(model), once)
    assert adapters.status(model)["merged"] == "default"
    model.save(tmp_path / "merged.keras")
    found = keras.saving.load_model(tmp_path / "merged.keras")
    with pytest.raises(UserError, match=r"call adapters\.adapt first"):
        adapters.merge(found)
    with pytest.raises(UserError, match="in this process"):
        adapters.unmerge(found)
    for values, stored in zip(once.values(), found.weights, strict=True):
        np.testing.assert_array_equal(stored, values)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_undoing_is_exact(dtype):
    model = dense(lora(alpha=3), (6, 5), dtype)
    adapted, expected = weights_of(model), zoo.run(model, np.ones((2, 4)))
    for _ in range(3):
        adapters.merge(model, report=lambda line: None)
        adapters.unmerge(model)
        assert_same(weights_of(model), adapted)
    inputs = np.ones((2, 4))
    np.testing.assert_array_equal(zoo.run(model, inputs), expected)


def test_trains_again_after_unmerging():
    model = dense(lora())
    model.compile("sgd", "mse")
    data = np.ones((2, 4)), np.ones((2, 6))
    model.fit(*data, verbose=0)
    adapters.merge(model)
    assert len(model.trainable_variables) == 2
    assert np.isfinite(model.evaluate(*data, verbose=0))
    adapters.unmerge(model)
    kernel, before = weights_of(model), adapters.trainable_parameters(model)
    model.fit(*data, verbose=0)
    assert before == 2 * (4 + 6)
    after = weights_of(model)
    moved = [k for k in kernel if not np.array_equal(kernel[k], after[k])]
    assert len(moved) == 2 and all("default" in path for path in moved)


def test_unloading_lets_the_adapter_go():
    model = dense(lora())
    expected = zoo.run(model, np.ones((2, 4)))
    assert adapters.merge(model, unload=True) is model
    assert zoo.difference(zoo.run(model, np.ones((2, 4))), expected) < 1e-6
    assert adapters.status(model) == {
        "methods": {},
        "active": None,
        "merged": None,
    }
    with pytest.raises(UserError, match="unload=True"):
        adapters.unmerge(model)
    adapters.adapt(model, lora())  # the next one


def test_one_of_two_merges_and_the_other_is_there_again():
    model = dense(lora())
    adapters.adapt(model, lora(rank=1), name="other")
    zoo.stir(model)
    inputs = np.ones((2, 4))
    expected, adapted = zoo.run(model, inputs), weights_of(model)
    adapters.merge(model)
    assert adapters.status(model)["merged"] == "other"
    assert zoo.difference(zoo.run(model, inputs), expected) < 1e-6
    adapters.adapt(model, lora(), name="third")
    with pytest.raises(UserError, match=r"call adapters\.unload first"):
        adapters.unmerge(model)
    adapters.unload(model)
    adapters.unmerge(model)
    assert_same(weights_of(model), adapted)
    adapters.activate(model, "default")
    assert [*adapters.status(model)["methods"]] == ["default", "other"]


def test_merges_are_undone_one_after_another():
    model = dense(lora())
    first = weights_of(model)
    adapters.merge(model)
    adapters.adapt(model, lora(rank=1), name="second")
    zoo.stir(model)
    second = weights_of(model)
    adapters.merge(model)
    assert adapters.status(model)["merged"] == "second"
    adapters.unmerge(model)
    assert_same(weights_of(model), second)
    adapters.unload(model)
    adapters.unmerge(model)
    assert_same(weights_of(model), first)


def test_rotations_merge_in_their_order():
    """The second one turns what the first one reads: `W Q2 Q1` is not it."""
    found = {}
    inputs = np.random.default_rng(5).normal(size=(7, 6)).astype("float32")
    for order in ("ab", "ba"):
        method = adapters.OFT(targets="layer_0", block=3)
        model = dense(method, inputs=6)
        kernel = np.array(model.get_layer("layer_0").kernel, "float64")
        turns, expected = {}, {}
        for name in order:
            if name != order[0]:
                adapters.adapt(model, method, name)
            slot = model.get_layer("layer_0")
            random = np.random.default_rng(ord(name))
            slot.adapter.skew.assign(random.normal(size=(2, 3)))
            q = np.array(slot.adapter.rotations(), "float64")
            turns[name] = np.block(
                [[q[0], np.zeros((3, 3))], [np.zeros((3, 3)), q[1]]]
            )
            expected[name] = zoo.run(model, inputs)
            adapters.merge(model)
            merged = zoo.run(model, inputs)
            assert zoo.difference(merged, expected[name]) < 1e-6
        first, second = order
        # Kernels are transposed: (W Qa Qb)^T.
        whole = turns[second].T @ turns[first].T @ kernel
        found[order] = np.array(model.get_layer("layer_0").kernel)
        np.testing.assert_allclose(found[order], whole, atol=1e-6)
        adapters.unmerge(model)
        undone = zoo.run(model, inputs)
        assert zoo.difference(undone, expected[second]) == 0
        adapters.unload(model)
        adapters.unmerge(model)
        undone = zoo.run(model, inputs)
        assert zoo.difference(undone, expected[first]) == 0
    assert np.abs(found["ab"] - found["ba"]).max() > 0.01


@pytest.mark.parametrize("name", ["QuantumPEFT", "UnitaryAdapter", "QuanTA"])
def test_a_base_of_16_bits(name):
    options = {"qubits": 1} if name == "UnitaryAdapter" else {}
    options = {"rank": 2} if name == "QuantumPEFT" else options
    method = adapters.METHODS[name](targets="dense", **options)
    model = dense(method, dtype="bfloat16")
    expected = zoo.run(model, np.ones((2, 4)))
    adapters.merge(model, report=lambda line: None)
    found = zoo.run(model, np.ones((2, 4)))
    assert zoo.difference(found, expected) < 0.05 * np.abs(expected).max()


def test_nothing_active_is_refused():
    model = dense(lora())
    adapters.disable(model)
    with pytest.raises(UserError, match=r"call adapters\.activate first"):
        adapters.merge(model)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_weights_that_are_not_finite_are_refused(dtype):
    model = dense(lora(), dtype=dtype)
    slot = model.layers[0]
    slot.adapter.a.assign(np.full((4, 2), 3e4))
    slot.adapter.b.assign(np.full((2, 6), np.inf if dtype == "float32" else 9))
    before = weights_of(model)
    with pytest.raises(UserError, match="Expected finite weights"):
        adapters.merge(model)
    assert_same(weights_of(model), before)
    adapters.merge(model, safe=False, report=lambda line: None)
    assert not np.isfinite(np.array(slot.kernel, "float32")).all()


def test_sums_are_rounded_once():
    """In bfloat16 1 + 0.003 is 1: what is lost is said."""
    model = dense(lora(), dtype="bfloat16")
    slot = model.layers[0]
    slot.kernel.assign(np.ones((4, 6)))
    slot.adapter.a.assign(np.full((4, 2), 0.5))
    slot.adapter.b.assign(np.full((2, 6), 0.003))
    lines = []
    adapters.merge(model, report=lines.append)
    assert np.all(np.array(slot.kernel, "float32") == 1)
    assert lines == [
        "Rounding to 16 bits takes 100.00% off what the adapter adds."
    ]


def test_mixed_precision_keeps_the_kernel():
    model = dense(lora(), dtype="mixed_bfloat16")
    slot = model.layers[0]
    kernel = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    slot.kernel.assign(kernel)
    slot.adapter.b.assign(np.zeros((2, 6)))
    adapters.merge(model)
    np.testing.assert_array_equal(np.array(slot.kernel), kernel)


def test_dropout_is_no_part_of_it():
    model = dense(lora(dropout=0.5))
    inputs = np.ones((8, 4))
    model(inputs, training=True)
    expected = np.array(model(inputs, training=False))
    kernels = []
    for _ in range(2):
        adapters.merge(model)
        kernels.append(np.array(model.layers[0].kernel))
        assert zoo.difference(np.array(model(inputs)), expected) < 1e-6
        adapters.unmerge(model)
    np.testing.assert_array_equal(*kernels)


def test_a_matrix_and_its_scale():
    """PEFT's layout is (rank, in) and (out, rank); Keras's is the other."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    adapters.adapt(model, lora(alpha=8))
    slot = model.layers[0]
    slot.kernel.assign(np.zeros((3, 2)))
    slot.adapter.a.assign(np.array([[1, 0, 0], [0, 2, 0]]).T)
    slot.adapter.b.assign(np.eye(2))
    adapters.merge(model)
    expected = 4 * np.array([[1, 0], [0, 2], [0, 0]])
    np.testing.assert_array_equal(np.array(slot.kernel), expected)


def test_averages_of_the_base_stay():
    """A frozen base with a batch normalisation and biases."""
    norm = keras.layers.BatchNormalization()
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(6), norm, keras.layers.Dense(3)]
    )
    base = weights_of(model)
    adapters.adapt(model, lora(targets="dense"))
    model.compile("sgd", "mse")
    generator = np.random.default_rng(2)
    inputs = generator.normal(size=(32, 4))
    model.fit(inputs, generator.normal(size=(32, 3)), epochs=5, verbose=0)
    expected = zoo.run(model, inputs)
    adapters.merge(model)
    assert zoo.difference(zoo.run(model, inputs), expected) < 1e-6
    adapters.unmerge(model)
    adapters.unload(model)
    assert_same(weights_of(model), base)


def test_a_tied_output_is_no_target():
    model = zoo.make_task("GPT-2")
    with pytest.raises(UserError, match="Expected every target"):
        adapters.adapt(model, lora(targets="token_embedding"))
