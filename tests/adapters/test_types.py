"""Adapters on bases of other types: in int8, in int4, in 16 bits."""

import keras
import numpy as np
import pytest

from tests.adapters.zoo import make_backbone, make_method, make_task, tokens
from tfq_hybrid import adapters
from tfq_hybrid.adapters.kernels import kernel_of, quantized_map
from tfq_hybrid.errors import UserError

MODES = pytest.mark.parametrize("mode", ["int8", "int4"])


def dense(mode, activation=None):
    keras.utils.set_random_seed(5)
    layer = keras.layers.Dense(8, activation, bias_initializer="uniform")
    layer.build((None, 16))
    layer.quantize(mode)
    return layer


def integers(model):
    return [v for v in model.weights if v.dtype in ("int8", "uint8")]


@MODES
def test_a_quantized_layer_is_read_as_its_codes_stand(mode):
    layer = dense(mode)
    one = layer(np.eye(16, dtype="float32")) - layer.bias
    np.testing.assert_allclose(kernel_of(layer), one, atol=1e-7)
    if mode == "int8":
        codes = np.array(layer._kernel, float) / np.array(layer.kernel_scale)
        np.testing.assert_allclose(kernel_of(layer), codes, atol=1e-7)


@MODES
def test_the_map_of_a_quantized_layer_is_that_before_its_activation(mode):
    # The canary of what Keras calls with a layer that is none.
    inputs = np.random.default_rng(0).normal(size=(2, 3, 16)).astype("float32")
    found = quantized_map(keras.layers.Dense, dense(mode, "relu"), inputs)
    np.testing.assert_array_equal(found, dense(mode)(inputs))


@MODES
@pytest.mark.parametrize("name", ["LoRA", "QuantumAdapter", "HeadOnly"])
def test_a_quantized_base_is_adapted(mode, name, tmp_path):
    model = make_task("BERT" if name == "HeadOnly" else "Llama 3")
    model.quantize(mode)
    inputs = tokens(model)
    before = np.array(model(inputs))
    adapters.adapt(model, make_method(name))
    # The copy of a head is in floats: what it reads is not rounded.
    atol = 1e-3 if name == "HeadOnly" else 1e-6
    np.testing.assert_allclose(model(inputs), before, atol=atol)
    codes = [np.array(v) for v in integers(model)]
    trained = [np.array(v) for v in model.trainable_variables]
    model.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(True),
        run_eagerly=True,
    )
    labels = np.array([0, 2]) if name == "HeadOnly" else inputs["token_ids"]
    model.fit(inputs, labels, verbose=0)
    for old, new in zip(codes, integers(model), strict=True):
        np.testing.assert_array_equal(old, new)
    moved = zip(trained, model.trainable_variables, strict=True)
    assert any((old != np.array(new)).any() for old, new in moved)
    after = np.array(model(inputs))
    assert np.abs(after - before).max() > 1e-5
    adapters.save_weights(model, tmp_path / "adapter.h5")
    other = make_task("BERT" if name == "HeadOnly" else "Llama 3")
    other.quantize(mode)
    adapters.load_weights(other, tmp_path / "adapter.h5")
    np.testing.assert_allclose(other(inputs), after, atol=1e-6)
    # Keras's own models in int4, and classifiers, do not come back whole.
    if mode == "int8" and name != "HeadOnly":
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(loaded(inputs), after, atol=1e-6)
    with pytest.raises(UserError, match=f"in floats to merge.*{mode}"):
        adapters.merge(model)
    np.testing.assert_allclose(
        adapters.unload(model)(inputs), before, atol=1e-6
    )


def test_an_adapter_of_codes_is_merged_into_floats(tmp_path):
    """What is refused on the codes has a way: the base in floats."""
    model = make_backbone("Llama 3")
    model.quantize("int8")
    adapters.adapt(model, adapters.LoRA(rank=2))
    for variable in model.trainable_variables:
        variable.assign(np.full(variable.shape, 0.1))
    adapters.save_peft(model, tmp_path / "peft")
    plain = adapters.load_peft(make_backbone("Llama 3"), tmp_path / "peft")
    inputs = tokens(model)
    near = np.abs(plain(inputs) - model(inputs)).max()
    assert near < 0.1 * np.abs(plain(inputs)).max()
    adapters.merge(plain)


def test_circuits_in_place_of_codes_are_refused():
    model = make_backbone("BERT")
    model.quantize("int8")
    with pytest.raises(UserError, match=r"Dense layers in floats.*int8"):
        adapters.adapt(model, make_method("ReplaceDense"))


@pytest.mark.parametrize(
    "name",
    ["LoRA", "QuantumAdapter", "VeRA", "OFT", "QuantumPEFT", "PrefixTuning"],
)
def test_an_adapter_has_a_type_of_its_own(name, tmp_path):
    model = make_backbone("Llama 3", dtype="bfloat16")
    inputs = tokens(model)
    adapters.adapt(model, make_method(name, dtype="float32"))
    types = {str(v.dtype) for v in model.trainable_variables}
    assert types == {"float32"}
    assert model(inputs).dtype == "bfloat16"
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(
        keras.ops.cast(loaded(inputs), "float32"),
        keras.ops.cast(model(inputs), "float32"),
    )
    kept = zip(model.weights, loaded.weights, strict=True)
    assert all(a.dtype == b.dtype for a, b in kept)


def test_a_step_too_small_for_16_bits_moves_an_adapter_of_float32():
    moved = {}
    for dtype in (None, "float32"):
        model = make_task("Llama 3", dtype="bfloat16")
        adapters.adapt(model, adapters.LoRA(rank=2, dtype=dtype))
        for variable in model.trainable_variables:
            variable.assign(keras.ops.ones_like(variable))
        model.compile(
            keras.optimizers.SGD(1e-9),
            keras.losses.SparseCategoricalCrossentropy(True),
        )
        old = [np.array(v, "float64") for v in model.trainable_variables]
        steps = [
            keras.ops.full(v.shape, 1e5, v.dtype)
            for v in model.trainable_variables
        ]
        model.optimizer.apply(steps, model.trainable_variables)
        new = [np.array(v, "float64") for v in model.trainable_variables]
        moved[dtype] = any(
            (a != b).any() for a, b in zip(old, new, strict=True)
        )
    assert moved == {None: False, "float32": True}


def test_a_type_that_keras_does_not_know_is_refused():
    with pytest.raises(UserError, match=r"dtype.*float32"):
        adapters.LoRA(dtype="float33")
    with pytest.raises(UserError, match="no dtype"):
        adapters.HeadOnly(dtype="float32")
