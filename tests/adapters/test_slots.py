import keras
import keras_hub
import numpy as np
import pytest

from tfq_hybrid.adapters import named_layers, replace_sublayer
from tfq_hybrid.adapters.slots import forget_attribute


def make_layer():
    layer = keras_hub.layers.TransformerEncoder(intermediate_dim=6, num_heads=1)
    layer.build((None, None, 4))
    return layer


def test_old_weights_are_gone_and_new_ones_train():
    # The canary of Keras's private tracker.
    layer = make_layer()
    before = layer.count_params()
    block = keras.layers.Dense(4)
    block.build((None, None, 4))
    old = replace_sublayer(layer, "_feedforward_intermediate_dense", block)
    out = keras.layers.Identity()
    out.build((None, None, 4))
    second = replace_sublayer(layer, "_feedforward_output_dense", out)
    removed = old.count_params() + second.count_params()
    assert layer.count_params() == before - removed + 20
    ids = {id(v) for v in layer.trainable_variables}
    assert {id(v) for v in block.trainable_variables} <= ids
    model = keras.Sequential([keras.Input((3, 4)), layer])
    model.compile("sgd", "mse")
    kernel = np.array(block.kernel)
    model.fit(np.ones((2, 3, 4)), np.zeros((2, 3, 4)), verbose=0)
    assert np.any(kernel != np.array(block.kernel))


def test_a_forgotten_attribute_is_not_looked_up_by_an_export(tmp_path):
    # The canary of Keras's private list of names.
    layer = make_layer()
    layer.notes = {"a": 1}
    layer.notes = {"b": 2}
    assert layer._tracked.count("notes") == 2
    forget_attribute(layer, "notes")
    assert not hasattr(layer, "notes")
    assert "notes" not in layer._tracked
    forget_attribute(layer, "notes")
    keras.Sequential([keras.Input((3, 4)), layer]).export(
        tmp_path, verbose=False
    )


def test_what_is_no_layer_is_refused():
    with pytest.raises(AttributeError, match="hold a layer"):
        replace_sublayer(make_layer(), "num_heads", keras.layers.Identity())


def test_paths_are_unique():
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=10,
        num_layers=2,
        num_heads=1,
        hidden_dim=4,
        intermediate_dim=8,
    )
    paths = [path for path, _ in named_layers(backbone)]
    assert len(set(paths)) == len(paths)
    assert "transformer_layer_1/feedforward_output_dense" in paths
