"""Adapters in models that no table knows, and below heads of a user's own."""

import warnings

import keras
import keras_hub
import numpy as np
import pytest

import tfq_hybrid
from tests.adapters.zoo import make_backbone, make_task, tokens
from tfq_hybrid import adapters
from tfq_hybrid.errors import UserError

LABELS = np.arange(16).reshape(2, 8) % 5


@keras.saving.register_keras_serializable("mine")
class Mixer(keras.Model):
    """A subclassed model, whose layers have the names that Keras makes up."""

    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.mixing = [keras.layers.Dense(width) for _ in range(2)]
        self.last = keras.layers.Dense(3)

    def build(self, input_shape):
        for layer in self.mixing:
            layer.build((None, self.width))
        self.last.build((None, self.width))

    def call(self, inputs):
        for layer in self.mixing:
            inputs = keras.ops.tanh(layer(inputs))
        return self.last(inputs)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("mine")
class OwnBert(keras_hub.models.BertBackbone):
    """A subclass of a backbone."""


def mixer():
    keras.utils.set_random_seed(1)
    model = Mixer(4)
    model.build((None, 4))
    return model


def own_bert():
    keras.utils.set_random_seed(1)
    return OwnBert(40, 2, 2, 16, 24, max_sequence_length=8)


def vit():
    keras.utils.set_random_seed(1)
    backbone = keras_hub.models.ViTBackbone(
        image_shape=(8, 8, 3),
        patch_size=4,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        mlp_dim=16,
    )
    return keras_hub.models.ViTImageClassifier(backbone, num_classes=3)


def fnet():
    keras.utils.set_random_seed(1)
    return keras_hub.models.FNetBackbone(
        40, num_layers=1, hidden_dim=8, intermediate_dim=16
    )


MODELS = {
    "a subclassed model": (mixer, "mixing_1", lambda m: np.eye(4)),
    "a subclass of a backbone": (own_bert, "all-value", tokens),
    "a backbone without a row": (
        fnet,
        "intermediate_dense",
        lambda m: {"token_ids": LABELS, "segment_ids": 0 * LABELS},
    ),
    "an image model": (
        vit,
        r".*/mlp/dense_1",
        lambda m: np.ones((2, 8, 8, 3)),
    ),
}


def moved(model, name="default"):
    """Sets what trains to values away from their start."""
    rng = np.random.default_rng(3)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(0, 0.3, variable.shape))
    return model


def answers(model, inputs):
    outputs = model(inputs)
    outputs = outputs.values() if isinstance(outputs, dict) else [outputs]
    return np.concatenate([np.ravel(x) for x in outputs])


@pytest.mark.parametrize("which", MODELS)
def test_any_model_is_adapted_saved_merged_and_unloaded(which, tmp_path):
    build, words, data = MODELS[which]
    model = build()
    inputs = data(model)
    before = answers(model, inputs)
    adapters.adapt(model, adapters.LoRA(targets=words, rank=2))
    np.testing.assert_array_equal(answers(model, inputs), before)
    after = answers(moved(model), inputs)
    assert np.abs(after - before).max() > 1e-3
    model.save(tmp_path / "model.keras")
    adapters.save_weights(model, tmp_path / "adapter.h5")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    for other in (
        loaded,
        tfq_hybrid.load_model(
            tmp_path / "model.keras",
            custom_objects={"Mixer": Mixer, "OwnBert": OwnBert},
        ),
        adapters.load_weights(build(), tmp_path / "adapter.h5"),
        adapters.clone(model),
    ):
        np.testing.assert_allclose(answers(other, inputs), after, atol=1e-6)
    adapters.merge(model)
    np.testing.assert_allclose(answers(model, inputs), after, atol=1e-5)
    adapters.unload(loaded)
    if "image" not in which:
        np.testing.assert_array_equal(answers(loaded, inputs), before)


def test_layers_of_a_subclassed_model_are_called_as_its_attributes():
    first, second = mixer(), mixer()
    paths = [target.path for target in adapters.targets(first)]
    assert paths == ["mixing_0", "mixing_1", "last"]
    assert adapters.fingerprint(first) == adapters.fingerprint(second)


def on_tensors(backbone):
    """A head on the tensors of a backbone."""
    outputs = keras.layers.Dense(5, name="tags")(
        backbone.output["sequence_output"]
    )
    return keras.Model(backbone.input, outputs)


def on_a_call(backbone):
    """A head on the outputs of a call of a backbone."""
    hidden = backbone(backbone.input)["sequence_output"]
    hidden = keras.layers.LayerNormalization(name="norm")(hidden)
    outputs = keras.layers.Dense(5, name="tags")(hidden)
    return keras.Model(backbone.input, outputs)


HEADS = pytest.mark.parametrize("put", [on_tensors, on_a_call])


@HEADS
@pytest.mark.parametrize("first", ["head", "adapter"])
def test_a_head_of_ones_own_trains_and_is_saved(put, first, tmp_path):
    def build(seed):
        backbone = make_backbone("BERT")
        keras.utils.set_random_seed(seed)
        if first == "adapter":
            adapters.adapt(backbone, adapters.LoRA(rank=2))
            return put(backbone)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the norm, below
            return adapters.adapt(put(backbone), adapters.LoRA(rank=2))

    model = build(1)
    inputs = tokens(model)
    for _ in range(2):  # what carries the adaptation changes with the first
        model.compile(
            keras.optimizers.Adam(0.01),
            keras.losses.SparseCategoricalCrossentropy(True),
            run_eagerly=True,
        )
        shapes = [tuple(v.shape) for v in model.trainable_variables]
        assert (16, 5) in shapes
        before = [np.array(v) for v in model.trainable_variables]
        model.fit(inputs, LABELS, verbose=0)
        pairs = zip(before, model.trainable_variables, strict=True)
        assert sum((a != np.array(b)).any() for a, b in pairs) >= 4
        model.save(tmp_path / "model.keras")
    adapters.save_weights(model, tmp_path / "adapter.h5")
    expected = answers(model, inputs)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    other = adapters.load_weights(build(2), tmp_path / "adapter.h5")
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for one in (loaded, other, clone):
        np.testing.assert_allclose(answers(one, inputs), expected, atol=1e-6)
        assert [tuple(v.shape) for v in one.trainable_variables] == shapes
    assert len(loaded.optimizer.variables) == len(model.optimizer.variables)


@HEADS
def test_an_adapter_without_the_head_leaves_it_frozen(put):
    model = put(make_backbone("BERT"))
    adapters.adapt(model, adapters.LoRA(train_head=False))
    shapes = [tuple(v.shape) for v in model.trainable_variables]
    assert (16, 5) not in shapes


def test_what_stays_frozen_behind_a_backbone_is_named():
    model = on_a_call(make_backbone("BERT"))
    with pytest.warns(UserWarning, match="stay frozen: head/norm;"):
        adapters.adapt(model, adapters.LoRA())


@pytest.mark.parametrize("kind", ["TextClassifier", "MaskedLM"])
def test_keras_clones_an_adapted_task(kind):
    model = moved(adapters.adapt(make_task("BERT", kind), adapters.LoRA()))
    inputs = tokens(model)
    clone = keras.models.clone_model(model)
    assert type(clone) is type(model) and clone.compiled
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(
        answers(clone, inputs), answers(model, inputs)
    )
    with pytest.raises(UserError, match="without clone_function"):
        keras.models.clone_model(model, clone_function=lambda layer: layer)


def test_a_file_of_a_class_that_nobody_knows_is_refused(tmp_path):
    @keras.saving.register_keras_serializable("mine")
    class Unknown(Mixer):
        pass

    model = Unknown(4)
    model.build((None, 4))
    adapters.adapt(model, adapters.LoRA(targets="last"))
    path = tmp_path / "model.keras"
    model.save(path)
    with pytest.raises((UserError, ValueError), match="Unknown"):
        tfq_hybrid.load_model(path)
