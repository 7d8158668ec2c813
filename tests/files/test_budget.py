"""What is built from a file is about as large as its weights."""

import json
import math
import subprocess
import sys
import threading
import zipfile

import keras
import numpy as np
import pytest

from tests.adapters.zoo import make_backbone, make_method
from tests.files.children import outcomes
from tests.files.test_hostile_sizes import job, makers
from tfq_hybrid import adapters, load_model
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.budget import Budget, itemsize, spending


def build():
    inputs = keras.Input((3,))
    return keras.Model(inputs, keras.layers.Dense(4)(inputs))


def test_every_kind_is_counted():
    """A canary: Keras still calls what the budget hooks into."""
    budget = Budget(bytes=1000, arrays=10, layers=1000)
    with spending(budget):
        build()
    assert budget.bytes == 1000 - 4 * (3 * 4 + 4)
    assert budget.arrays == 8
    assert budget.layers < 1000 - 3


@pytest.mark.parametrize("name", ["bytes", "arrays", "layers"])
def test_nothing_is_built_beyond_it(name):
    budget = Budget(10**9, 10**9, 10**9)
    setattr(budget, name, 1)
    with spending(budget), pytest.raises(ValueError, match=f"more {name} than"):
        build()
    build()  # without it Keras is as it was


@pytest.mark.parametrize(
    "make",
    [
        lambda n: keras.ops.arange(n),
        lambda n: keras.ops.arange(0, n, 1),
        lambda n: keras.ops.arange(2 * n, 0, -2),
        lambda n: keras.ops.zeros(n),
        lambda n: keras.ops.zeros((2, n // 2)),
        lambda n: keras.ops.ones([n]),
        lambda n: keras.ops.empty((n,)),
        lambda n: keras.ops.full((n,), 2.0),
        lambda n: keras.ops.eye(n // 100, 100),
        lambda n: keras.ops.identity(math.isqrt(n)),
        lambda n: keras.ops.tri(math.isqrt(n)),
        lambda n: keras.ops.linspace(0.0, 1.0, n),
    ],
)
def test_an_array_that_is_no_variable_is_counted(make):
    """As the position ids that a layer's constructor makes."""
    budget = Budget(10**5, 1, 1)
    with spending(budget):
        make(10**4)
        assert budget.bytes == 10**5 - 4 * 10**4
        with pytest.raises(ValueError, match="more bytes than"):
            make(10**8)
    assert len(keras.ops.shape(make(10**4))) in (1, 2)


@pytest.mark.long
def test_the_position_ids_of_many_patches(tmp_path):
    """Gemma 3 makes an id for each patch of an image, before it has any."""
    make_gemma = makers()["Gemma3Backbone"]
    make_gemma().save(tmp_path / "whole.keras")
    place = ["config", "vision_encoder", "config", "image_size"]
    [outcome] = outcomes([job(tmp_path / "whole.keras", place, 10**5)])
    assert outcome.is_harmless and "more bytes than" in outcome.message
    assert outcome.bytes < 2**28


def test_budgets_inside_each_other():
    with spending(Budget(1, 1, 1)):
        with spending(Budget(10**6, 100, 1000)):
            build()
        with pytest.raises(ValueError):
            build()
    build()


@pytest.mark.long
def test_keras_is_hooked_into_once_and_works_as_before():
    program = (
        "import inspect, keras\n"
        "from tfq_hybrid.files.budget import HOOKS, Budget, spending\n"
        "def found():\n"
        "    return [getattr(owner, name) for owner, name, _ in HOOKS]\n"
        "class Plain(keras.layers.Layer):\n"
        "    pass\n"
        "def facts():\n"
        "    signatures = [str(inspect.signature(f)) for f in found()]\n"
        "    config = Plain(name='a', dtype='float16').get_config()\n"
        "    return signatures, config, str(inspect.signature(Plain))\n"
        "before, facts_before = found(), facts()\n"
        "with spending(Budget(10**6, 100, 1000)):\n"
        "    once = found()\n"
        "with spending(Budget(10**6, 100, 1000)):\n"
        "    assert found() == once\n"
        "assert found() == once != before\n"
        "assert facts() == facts_before\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_other_threads_are_not_held_to_it():
    found = []
    with spending(Budget(0, 0, 0)):
        thread = threading.Thread(target=lambda: found.append(build()))
        thread.start()
        thread.join()
    assert found[0].count_params() == 16


def test_sizes_of_numbers():
    names = ("float32", "bfloat16", "float8_e4m3fn", "int4", "bool", "uint8")
    assert [itemsize(name) for name in names] == [4, 2, 1, 1, 1, 1]


def edited(path, change):
    """The same model with something else in its config."""
    copy = path.with_name("edited.keras")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config["config"])
                content = json.dumps(config)
            new.writestr(name, content)
    return copy


def test_a_model_larger_than_its_file(tmp_path):
    path = tmp_path / "model.keras"
    build().save(path)
    assert load_model(path).count_params() == 16

    def units(config):
        config["layers"][1]["config"]["units"] = 4 * 10**6

    with pytest.raises(UserError, match="more bytes than a file of its size"):
        load_model(edited(path, units))

    def layers(config):
        layer = config["layers"][1]
        layers = [{**layer, "name": f"d{i}"} for i in range(3_000)]
        for new in layers:
            new["config"] = {**layer["config"], "name": new["name"]}
        config["layers"] += layers

    with pytest.raises(UserError, match="than a file of its size"):
        load_model(edited(path, layers))


@pytest.mark.long
def test_a_backbone_of_many_layers(tmp_path):
    path = tmp_path / "model.keras"
    make_backbone("GPT-2").save(path)

    def count(config):
        config["num_layers"] = 60_000

    with pytest.raises(UserError, match="than a file of its size"):
        load_model(edited(path, count))


def test_an_adapter_larger_than_its_file(tmp_path):
    path = tmp_path / "adapter.h5"
    adapters.save_weights(
        adapters.adapt(make_backbone("GPT-2"), make_method("LoRA")), path
    )
    import h5py

    with h5py.File(path, "r+") as file:
        method = json.loads(file.attrs["method"])
        file.attrs["method"] = json.dumps({**method, "rank": 2**31 - 1})
        del file.attrs["sha256"]  # whoever edits a file writes a new one
    with pytest.raises(UserError, match="more bytes than a file of its size"):
        adapters.load_weights(make_backbone("GPT-2"), path)


def test_a_whole_model_gives_the_same(tmp_path):
    path = tmp_path / "model.keras"
    model = build()
    model.save(path)
    inputs = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(load_model(path)(inputs), model(inputs))
