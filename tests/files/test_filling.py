"""Models of zeros, for weights from elsewhere: Keras's own initializers."""

import keras
import keras_hub
import numpy as np
import pytest

from tests.presets import save_bert
from tfq_hybrid.files import presets
from tfq_hybrid.files.filling import to_be_filled

NAMES = (
    "GlorotNormal GlorotUniform HeNormal HeUniform LecunNormal LecunUniform "
    "RandomNormal RandomUniform TruncatedNormal VarianceScaling"
).split()


@pytest.mark.parametrize("name", NAMES)
def test_initializers_draw_nothing_meanwhile(name):
    make = getattr(keras.initializers, name)
    with to_be_filled():
        values = make(seed=1)((2, 3), dtype="float16")
        ones = keras.initializers.Ones()((2,))
    assert values.dtype == "float16" and values.shape == (2, 3)
    assert not np.any(values) and np.all(np.array(ones) == 1)
    drawn = np.array(make(seed=1)((2, 3)))
    assert np.all(drawn != 0)
    np.testing.assert_array_equal(drawn, make(seed=1)((2, 3)))


def test_what_a_preset_lacks_is_drawn(tmp_path):
    """A new head; the rest is that of the preset, however it is loaded."""
    bert, _ = save_bert(tmp_path, "good bad")
    models = keras_hub.models
    task = presets.from_preset(models.TextClassifier, tmp_path, num_classes=2)
    assert np.all(np.array(task.output_dense.kernel) != 0)
    found = presets.from_preset(models.Backbone, tmp_path)
    for model in (task.backbone, found):
        for one, other in zip(bert.weights, model.weights, strict=True):
            np.testing.assert_array_equal(one, other)
    fresh = presets.from_preset(models.Backbone, tmp_path, load_weights=False)
    assert np.any(fresh.token_embedding.embeddings)
