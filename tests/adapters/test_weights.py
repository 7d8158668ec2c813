"""Files with the weights of an adapter alone."""

import json
import os

import h5py
import numpy as np
import pytest

from tests.adapters.zoo import (
    difference,
    make_backbone,
    make_method,
    make_task,
    run,
    stir,
    tokens,
)
from tfq_hybrid import adapters
from tfq_hybrid.adapters.methods import method_from_dict
from tfq_hybrid.errors import UserError


@pytest.fixture
def saved(tmp_path):
    """A file, and what the backbone gave that it is of."""
    backbone = adapters.adapt(make_backbone("GPT-2"), make_method("LoRA"))
    stir(backbone)
    path = tmp_path / "adapter.h5"
    adapters.save_weights(backbone, path)
    return path, run(backbone)


def test_holds_the_adapter_only_by_path(saved):
    path, _ = saved
    keys = []
    with h5py.File(path) as file:
        file.visit(keys.append)
        query = file["transformer_layer_0/self_attention/query"]
        assert sorted(query) == ["a", "b"]
        assert not any("kernel" in key for key in keys)
    assert os.listdir(path.parent) == [path.name]


def test_loads_under_any_name_and_beside_others(saved):
    path, expected = saved
    backbone = make_backbone("GPT-2")
    before = run(backbone)
    adapters.load_weights(backbone, path, "theirs")
    assert difference(run(backbone), expected) == 0.0
    adapters.adapt(backbone, make_method("BottleneckAdapter"), "mine")
    assert difference(run(backbone), before) == 0.0
    adapters.load_weights(backbone, path, "theirs")  # again, in place
    adapters.activate(backbone, "theirs")
    assert difference(run(backbone), expected) == 0.0
    other = path.with_name("mine.h5")
    adapters.save_weights(backbone, other, "mine")
    with h5py.File(other) as file:
        assert json.loads(file.attrs["method"])["method"].startswith("Bottle")


def test_a_backbones_adapter_fits_its_task(saved):
    path, expected = saved
    task = make_task("GPT-2")
    adapters.load_weights(task, path)
    got = run(task.backbone, tokens(task.backbone))
    assert difference(got, expected) == 0.0


def test_bfloat16_weights_survive(tmp_path):
    backbone = make_backbone("GPT-2", dtype="bfloat16")
    adapters.adapt(backbone, make_method("LoRA"))
    stir(backbone)
    adapters.save_weights(backbone, tmp_path / "adapter.h5")
    other = make_backbone("GPT-2", dtype="bfloat16")
    adapters.load_weights(other, tmp_path / "adapter.h5")
    assert difference(run(other), run(backbone)) == 0.0


def change(path, edit):
    with h5py.File(path, "r+") as file:
        edit(file)


QUERY = "transformer_layer_0/self_attention/query/a"


def newer(file):
    file.attrs["format"] = 99


def without(file):
    del file[QUERY]


def another_shape(file):
    del file[QUERY]
    file[QUERY] = np.zeros((16, 3))


def more(file):
    file["elsewhere/a"] = np.zeros(2)


@pytest.mark.parametrize(
    "edit,message",
    [
        (newer, "newer version"),
        (without, "query/a, which is not in the file"),
        (more, "elsewhere/a, which is not in the model"),
        (another_shape, r"shape \(16, 2\). Received: shape \(16, 3\)"),
    ],
)
def test_a_file_that_does_not_fit_is_an_error(saved, edit, message):
    path, _ = saved
    change(path, edit)
    with pytest.raises(UserError, match=r"has changed|newer version"):
        adapters.load_weights(make_backbone("GPT-2"), path)
    change(path, lambda file: file.attrs.pop("sha256"))
    with pytest.raises(UserError, match=message):
        adapters.load_weights(make_backbone("GPT-2"), path)


def test_another_base_is_an_error(saved):
    path, _ = saved
    other = make_backbone("GPT-2")
    other.token_embedding.embeddings.assign_add(
        0 * other.token_embedding.embeddings + 1e-3
    )
    with pytest.raises(UserError, match="fingerprint"):
        adapters.load_weights(other, path)


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_the_same_base_in_another_precision_is_no_other(saved, dtype):
    path, expected = saved
    model = make_backbone("GPT-2", dtype=dtype)
    for mine, full in zip(
        model.weights, make_backbone("GPT-2").weights, strict=True
    ):
        mine.assign(full)
    adapters.load_weights(model, path)
    again = path.with_name("again.h5")
    adapters.save_weights(model, again)
    adapters.load_weights(make_backbone("GPT-2"), again)
    assert difference(run(model), expected) < 0.1


def test_another_method_is_an_error(saved):
    path, _ = saved
    backbone = adapters.adapt(
        make_backbone("GPT-2"), make_method("LoRA", rank=3)
    )
    with pytest.raises(UserError, match="Expected the method"):
        adapters.load_weights(backbone, path)


def test_what_is_no_such_file_is_an_error(tmp_path):
    backbone = make_backbone("GPT-2")
    with pytest.raises(UserError, match="Expected a file"):
        adapters.load_weights(backbone, tmp_path / "none.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["a"] = 1
    with pytest.raises(UserError, match="save_weights wrote"):
        adapters.load_weights(backbone, tmp_path / "other.h5")
    with pytest.raises(UserError, match="Expected an adapted model"):
        adapters.save_weights(backbone, tmp_path / "adapter.h5")
    adapters.adapt(backbone, adapters.LoRA())
    with pytest.raises(UserError, match="Did you mean 'default'"):
        adapters.save_weights(backbone, tmp_path / "adapter.h5", "defalt")


CODE = "__import__('os').system('true')"
WRITER = "keras_hub>compute_word_piece_vocabulary"


@pytest.mark.parametrize(
    "activation",
    [
        WRITER,
        "deserialize",
        CODE,
        {"class_name": "Dense", "config": {"units": 1}},
        {"module": "builtins", "class_name": "function", "config": WRITER},
        ["relu"],
        None,
    ],
)
def test_an_activation_is_the_name_of_one(activation):
    """Keras would take any registered function, or build any object."""
    method = adapters.BottleneckAdapter().to_dict()
    with pytest.raises(UserError, match="Expected activation to be"):
        method_from_dict({**method, "activation": activation})


@pytest.mark.parametrize(
    "config",
    [None, [], "LoRA", {"method": "Method"}, {"method": ["LoRA"]}, {}],
)
def test_what_is_no_method(config):
    with pytest.raises(UserError):
        method_from_dict(config)
