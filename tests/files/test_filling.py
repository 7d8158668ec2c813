"""Models of zeros, for weights from elsewhere: Keras's own initializers."""

import subprocess
import sys

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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int32"])
def test_a_large_array_takes_the_place_of_weights(dtype):
    variable = keras.Variable(np.ones((256, 256)), dtype=dtype)
    array = (np.arange(2.0**16) % 100).reshape(256, 256)
    with to_be_filled():
        variable.assign(array)
    expected = np.asarray(array, variable.dtype)
    array[:] = 0
    np.testing.assert_array_equal(np.array(variable), expected)
    variable.assign_add(variable)
    np.testing.assert_array_equal(np.array(variable), 2 * expected)


def test_an_array_of_another_shape_is_refused():
    variable = keras.Variable(np.ones((256, 256)))
    with to_be_filled(), pytest.raises(ValueError, match=r"\(256, 256\)"):
        variable.assign(np.zeros((512, 128)))
    assert np.all(np.array(variable) == 1)


LOAD = """
import pathlib, sys
import keras
from tfq_hybrid.files.filling import to_be_filled
def memory(kind):
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split(kind + ":")[1].split()[0]) / 2**10
layer = keras.layers.Dense(2**12, use_bias=False, kernel_initializer="zeros")
model = keras.Sequential([keras.Input([2**12]), layer])  # 64 MiB
before = memory("VmRSS")
with to_be_filled():
    model.load_weights(sys.argv[1])
print(memory("VmHWM") - before)
"""


def test_weights_are_read_once(tmp_path):
    """Keras and TensorFlow alone make four copies beside the weights."""
    layer = keras.layers.Dense(2**12, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([keras.Input([2**12]), layer])
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    command = [sys.executable, "-c", LOAD, path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < 1.5 * 64
