"""Ways around the allow-list: each is refused, and none of them runs.

Every attack would make a file, `mark`, if Keras built what it names. What is
only named, and found by no class, is in `test_configs`.
"""

import contextlib
import json
import zipfile

import keras
import keras_hub
import pytest

from tests.files.hostile import dense, functional, node, old, sequential
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.configs import check_config
from tfq_hybrid.files.models import load_model
from tfq_hybrid.files.presets import from_preset

WRITER = "keras_hub>compute_word_piece_vocabulary"


class Marker(keras.layers.Layer):
    """Writes the file that it is told; registered, and nobody's own."""

    def __init__(self, path="mark", **kwargs):
        super().__init__(**kwargs)
        with open(path, "w") as file:
            file.write("ran")


def mark(*args, path="mark", **kwargs):
    """The same as a function."""
    with open(path, "w") as file:
        file.write("ran")
    return args[0] if args else None


def function(name="evil>mark", module="builtins", registered_name="function"):
    return node("function", name, module, registered_name=registered_name)


MARKER = node("Marker", {}, "evil", registered_name="evil>Marker")
LAMBDA = {
    "name": "l",
    "function": {
        "class_name": "__lambda__",
        "config": {"code": "4wEA", "defaults": None, "closure": None},
    },
}

ATTACKS = {
    # A class that somebody registered, by each of the names it goes by.
    "registered": sequential(MARKER),
    "registered beside Dense": sequential(
        node(registered_name="evil>Marker", config={})
    ),
    "class_name": sequential(node("evil>Marker", {})),
    "outermost": MARKER,
    "wrapped": sequential(
        node("TimeDistributed", {"layer": MARKER, "name": "t"})
    ),
    "both directions": sequential(
        node(
            "Bidirectional",
            {"layer": node("LSTM"), "backward_layer": MARKER, "name": "b"},
        )
    ),
    "cell": sequential(node("RNN", {"cell": MARKER, "name": "r"})),
    "cells": sequential(
        node("RNN", {"cell": node("StackedRNNCells", {"cells": [MARKER]})})
    ),
    "pipeline": sequential(node("Pipeline", {"layers": [MARKER]})),
    "normed": sequential(node("SpectralNormalization", {"layer": MARKER})),
    "policy": sequential(dense(dtype=MARKER)),
    "policy of a map": sequential(
        dense(
            dtype=node(
                "DTypePolicyMap",
                {"default_policy": None, "policy_map": {"d": MARKER}},
                "keras.dtype_policies",
            )
        )
    ),
    "quantization": sequential(dense(quantization_config=MARKER)),
    "call": functional(node(), args=[MARKER]),
    "call by name": functional(node("Identity", {}), args=["evil>Marker"]),
    "build": sequential(node(build_config={"input_shape": MARKER})),
    "compile of an inner model": sequential(
        sequential(compile_config={"optimizer": "sgd", "loss": function()})
    ),
    # Functions.
    "activation": sequential(dense(activation="evil>mark")),
    "activation as an object": sequential(dense(activation=function())),
    "activation by its ending": sequential(dense(activation=function("mark"))),
    "activation by registered_name": sequential(
        dense(activation=function("relu", registered_name="evil>mark"))
    ),
    "regularizer": sequential(dense(kernel_regularizer="evil>mark")),
    "regularizer as an object": sequential(
        dense(kernel_regularizer=function())
    ),
    "constraint": sequential(dense(bias_constraint=function())),
    "initializer": sequential(dense(kernel_initializer=function())),
    "standardize": sequential(
        node("TextVectorization", {"standardize": function()})
    ),
    "split": sequential(node("TextVectorization", {"split": "evil>mark"})),
    "keras-hub's writer": sequential(dense(activation=WRITER)),
    "old name": sequential(dense(activation="keras_nlp>upload_preset")),
    "rounding": node(
        "MobileNetV5Backbone",
        {"round_chs_fn": function()},
        "keras_hub.src.models.mobilenetv5.mobilenetv5_backbone",
        registered_name="keras_hub>MobileNetV5Backbone",
    ),
    # Code in the config.
    "lambda": sequential(node("Lambda", LAMBDA)),
    "lambda by another name": sequential(
        node("Lambda", LAMBDA, "keras.src.layers.core.lambda_layer")
    ),
    "lambda of Keras 2": sequential(old("Lambda", LAMBDA)),
    "lambda of Keras 2 in a graph": functional(old("Lambda", LAMBDA)),
    "lambda as an activation": sequential(dense(activation=LAMBDA["function"])),
    "typespec": sequential(
        dense(activation={**old("__typespec__", []), "spec_name": "x"})
    ),
    # Functions of Keras that stand among its layers.
    "deserialize of Keras 2": sequential(old("deserialize", {"config": {}})),
    "export of Keras 2": sequential(old("keras_export", {"path": "mark"})),
    "export behind a registered name": sequential(
        {
            **old("keras_export", {"path": "mark"}),
            "registered_name": "keras_hub>BertBackbone",
        }
    ),
    "builtins of Keras 2": sequential(old("__builtins__", {})),
    "list of Keras 2": sequential(old("Sequential", [old("Lambda", LAMBDA)])),
    "get_file": sequential(
        node("function", "get_file", "keras.utils", registered_name="get_file")
    ),
    "load_model": sequential(dense(activation=function("load_model"))),
    # Programs of TensorFlow, JAX and PyTorch.
    "saved model": sequential(node("TFSMLayer", {"filepath": "."})),
    "torch": sequential(node("TorchModuleWrapper", {"module": "4wEA"})),
    "jax": sequential(node("JaxLayer", {"call_fn": function()})),
    "loop": functional(
        node("WhileLoop", {"cond": function(), "body": function()}, "keras.ops")
    ),
    "map": functional(
        node("Map", {"f": function()}, "keras.src.ops.core"),
    ),
    # Modules that nothing has imported.
    "module": sequential(node(module="keras.src.testing.test_runner_x")),
    "module of keras-cv": sequential(node("Marker", {}, "keras_cv.layers.x")),
    "antigravity": sequential(node("Marker", {}, "antigravity")),
    # Files.
    "vocabulary": sequential(
        node("StringLookup", {"vocabulary": "/etc/hostname"})
    ),
    "vocabulary in an argument": functional(
        node("Identity", {}), args=[{"vocabulary": "/etc/hostname"}]
    ),
    "merges": sequential(
        node(
            "BytePairTokenizer",
            {"vocabulary": None, "merges": "/etc/hostname"},
            "keras_hub.tokenizers",
            registered_name="keras_hub>BytePairTokenizer",
        )
    ),
    "proto": sequential(
        node(
            "SentencePieceTokenizer",
            {"proto": "/etc/hostname"},
            "keras_hub.tokenizers",
            registered_name="keras_hub>SentencePieceTokenizer",
        )
    ),
    "name": sequential(dense(name="../../mark")),
    "name of dots": sequential(dense(name="..")),
    # With an optimizer, loss or metric.
    "optimizer": sequential(node(), compile_config={"optimizer": MARKER}),
    "inner optimizer": sequential(
        node(),
        compile_config={
            "optimizer": node(
                "LossScaleOptimizer",
                {"inner_optimizer": MARKER},
                "keras.optimizers",
            ),
            "loss": "mse",
        },
    ),
    "schedule": sequential(
        node(),
        compile_config={
            "optimizer": node(
                "SGD", {"learning_rate": MARKER}, "keras.optimizers"
            ),
            "loss": "mse",
        },
    ),
    "loss": sequential(
        node(), compile_config={"optimizer": "sgd", "loss": "evil>mark"}
    ),
    "loss of a function": sequential(
        node(),
        compile_config={
            "optimizer": "sgd",
            "loss": node(
                "LossFunctionWrapper", {"fn": function()}, "keras.src.losses"
            ),
        },
    ),
    "metric of a function": sequential(
        node(),
        compile_config={
            "optimizer": "sgd",
            "loss": "mse",
            "metrics": [
                node("MeanMetricWrapper", {"fn": function()}, "keras.metrics")
            ],
        },
    ),
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The weights of the layer that the attacks are built around."""
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        return archive.read("model.weights.h5")


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """With the marker registered, as an imported package may do it."""
    monkeypatch.chdir(tmp_path)
    names = {"evil>Marker": Marker, "evil>mark": mark}
    registered = keras.saving.get_custom_objects()
    registered.update(names)
    yield
    for name in names:
        del registered[name]


def write(path, config, weights):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", weights)


@pytest.mark.parametrize("name", ATTACKS)
def test_refused_before_it_runs(name, weights, registry, tmp_path):
    write(tmp_path / "a.keras", ATTACKS[name], weights)
    with pytest.raises(UserError, match="damaged"):
        load_model(tmp_path / "a.keras", compile=True)
    assert not (tmp_path / "mark").exists()
    # By the walk, not by what Keras happens to stumble over.
    with pytest.raises(ValueError):
        check_config(ATTACKS[name])


@pytest.mark.parametrize("name", ATTACKS)
def test_refused_in_a_preset(name, registry, tmp_path):
    folder = tmp_path / "preset"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(ATTACKS[name]))
    (folder / "metadata.json").write_text("{}")
    with pytest.raises(ValueError):
        from_preset(keras_hub.models.Backbone, folder)
    assert not (tmp_path / "mark").exists()


def test_the_attacks_would_do_it(weights, registry, tmp_path):
    """Keras itself runs the marker: the attacks are real."""
    write(tmp_path / "a.keras", sequential(MARKER, node()), weights)
    with contextlib.suppress(ValueError):  # of what comes after
        keras.models.load_model(tmp_path / "a.keras")
    assert (tmp_path / "mark").exists()


def test_an_honest_file_of_that_form(weights, registry, tmp_path):
    for config in (sequential(node()), functional(node())):
        write(tmp_path / "a.keras", config, weights)
        assert load_model(tmp_path / "a.keras").count_params() == 5
