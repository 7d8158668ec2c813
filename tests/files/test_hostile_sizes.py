"""Small files that ask for much: refused, or read in little time and memory.

The quick tests hold one file of each kind that is known to have taken more.
The whole sweep sets each integer of each layer and backbone in turn to a large
one, in child processes; it takes about an hour of one core:

    pytest tests/files/test_hostile_sizes.py -m long
"""

import collections
import json
import zipfile

import keras
import pytest

from tests.files import families, keras_layers
from tests.files.children import outcomes
from tests.files.hostile import INPUT, dense, functional, node, sequential
from tfq_hybrid.files.configs import (
    DEEPEST_OBJECT,
    LARGEST_COUNT,
    LARGEST_SIZE,
    LONGEST_LIST,
    MOST_ARGUMENTS,
    MOST_VALUES,
    check_config,
)

HUGE = 10**9


def nested(count, kind, key, several=False):
    """Layers inside each other."""
    layer = node("GRUCell", {"units": 1, "name": "cell"})
    for i in range(count):
        inner = [layer] if several else layer
        layer = node(kind, {key: inner, "name": f"n{i}"})
    return sequential(layer)


def operation(name, **config):
    return functional(node(name, {"name": "d", **config}, "keras.src.ops"))


def constant(value):
    return node("Constant", {"value": value}, "keras.initializers")


def compiled(name, **config):
    metric = node(name, config, "keras.metrics")
    return sequential(
        node(),
        compile_config={
            "optimizer": "sgd",
            "loss": "mse",
            "metrics": [metric],
        },
    )


def of_texts(name, **config):
    lookup = {"vocabulary": ["a"], "name": "t", **config}
    return sequential(node(name, lookup))


def many_layers(count):
    config = functional(node("ReLU", {"name": "d"}))
    layers = config["config"]["layers"]
    for i in range(count):
        layer = node("ReLU", {"name": f"r{i}"}, name=f"r{i}")
        layers.append({**layer, "inbound_nodes": []})
    return config


def chain(count, is_reversed=False):
    """Layers that call each other, in the order of calls or against it."""
    config = functional(node("ReLU", {"name": "d"}))
    first, last = config["config"]["layers"]
    layers, text = [], json.dumps(last)
    for i in range(count):
        layer = json.loads(text.replace('"d"', f'"r{i}"'))
        if i:
            call = layer["inbound_nodes"][0]
            call["args"][0]["config"]["keras_history"][0] = f"r{i - 1}"
        layers.append(layer)
    layers = layers[::-1] if is_reversed else layers
    config["config"]["layers"] = [first, *layers]
    config["config"]["output_layers"][0] = f"r{count - 1}"
    return config


def mapped(pattern):
    policy = node("DTypePolicy", {"name": "float32"}, "keras")
    policies = {"default_policy": None, "policy_map": {pattern: policy}}
    return sequential(
        dense(
            name="a" * 60,
            dtype=node("DTypePolicyMap", policies, "keras.dtype_policies"),
        )
    )


def shaped(*shape):
    layer = json.loads(json.dumps(INPUT))
    layer["config"]["batch_shape"] = list(shape)
    return node(
        "Sequential",
        {"name": "s", "layers": [layer, node("LSTM", {"unroll": True})]},
        "keras",
    )


# What the walk over the config refuses: one of each kind.
REFUSED = {
    "objects": sequential(dense(units=HUGE)),
    "a negative size": sequential(dense(units=-HUGE)),
    "a size in a list": sequential(
        node("Reshape", {"target_shape": [HUGE, 1]})
    ),
    "a shape": shaped(None, HUGE, 4),
    "n-grams": of_texts("TextVectorization", ngrams=LARGEST_COUNT + 1),
    "indices": of_texts("StringLookup", num_oov_indices=HUGE),
    "thresholds": compiled("AUC", num_thresholds=LARGEST_SIZE),
    "iterations": sequential(
        node(
            "SpectralNormalization", {"layer": node(), "power_iterations": HUGE}
        )
    ),
    "a window": node(
        "SwinTransformerBackbone",
        {"window_size": 100},
        "keras_hub.src.models.swin_transformer.swin_transformer_backbone",
        registered_name="keras_hub>SwinTransformerBackbone",
    ),
    "repeats": operation("Tile", repeats=[1] * 10**6),
    "axes": sequential(node("Softmax", {"axis": [0] * (LONGEST_LIST + 1)})),
    "a constant of many lists": sequential(
        dense(kernel_initializer=constant([[1.0]] * MOST_ARGUMENTS))
    ),
    "many values": sequential(dense(activation=[["a"]] * MOST_VALUES)),
    "a long constant": sequential(
        dense(kernel_initializer=constant([1.0] * 10**6))
    ),
    "an argument of many values": functional(
        node("Add", {}, "keras.src.ops"), [[{"mean": [1.0] * 10**6}]]
    ),
    "one long text among many": of_texts(
        "StringLookup", vocabulary=["x" * 10**6, *map(str, range(30_000))]
    ),
    "a long name": sequential(dense(name="a" * 10**6)),
    "a pattern that takes exponential time": mapped("(s/|a|a)*b"),
    "a pattern that takes quadratic time": mapped(".*a.*b"),
    "models in models": nested(200, "Sequential", "layers", several=True),
    "cells in cells": nested(
        DEEPEST_OBJECT, "StackedRNNCells", "cells", several=True
    ),
    "wrappers in wrappers": nested(200, "TimeDistributed", "layer"),
    "many layers": many_layers(10**5),
    "lists in lists": sequential(
        dense(activation=json.loads("[" * 500 + "]" * 500))
    ),
}
# What is within those bounds, but more than a small file can fill.
SPENT = {
    "units": sequential(dense(units=LARGEST_SIZE)),
    "a chain": chain(3000),
    "a chain against its order": chain(3000, is_reversed=True),
    "cells as deep as may be": nested(
        DEEPEST_OBJECT - 3, "StackedRNNCells", "cells", several=True
    ),
    "wrappers as deep as may be": nested(
        DEEPEST_OBJECT - 3, "SpectralNormalization", "layer"
    ),
    "as many values as may be": sequential(
        dense(kernel_initializer=constant([[1.0]] * (MOST_ARGUMENTS // 3)))
    ),
    "steps of a loop": shaped(None, LARGEST_SIZE, 4),
    "parts": operation("Split", indices_or_sections=LARGEST_SIZE),
    "a matrix of confusion": compiled("MeanIoU", num_classes=10**5),
    "an object that holds itself": sequential(
        dense(shared_object_id=1, kernel_initializer=node(shared_object_id=1))
    ),
}
LARGE_METRIC = compiled(
    "SensitivityAtSpecificity", specificity=0.5, num_thresholds=LARGEST_COUNT
)
# What is allowed, as large as may be: of each a layer and an argument.
ALLOWED = (
    ("AdaptiveAveragePooling2D", "output_size"),
    ("CategoryEncoding", "num_tokens"),
    ("ContrastLimitedAdaptiveHistogramEqualization", "tile_grid_size"),
    ("Hashing", "num_bins"),
    ("MelSpectrogram", "fft_length"),
    ("MelSpectrogram", "num_mel_bins"),
    ("RepeatVector", "n"),
    ("STFTSpectrogram", "fft_length"),
    ("TextVectorization", "output_sequence_length"),
    ("UpSampling3D", "size"),
)


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_the_walk(name):
    with pytest.raises(ValueError):
        check_config(REFUSED[name])


@pytest.mark.long
def test_small_files_stay_small(tmp_path):
    """All in one child process, with limits to its memory and time."""
    small = tmp_path / "model.keras"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]).save(small)
    jobs = [
        {"path": str(small), "config": json.dumps(config)}
        for config in [*SPENT.values(), LARGE_METRIC]
    ]
    for name, key in ALLOWED:
        path = tmp_path / f"{name}.keras"
        keras_layers.make_model(name).save(path)
        for place in integers(config_of(path)):
            if key in place:
                jobs.append(job(path, place, LARGEST_SIZE))
    preset = tmp_path / "preset"
    families.make("GPT2Backbone").save_to_preset(str(preset))
    config = json.loads((preset / "config.json").read_text())
    jobs += [job(preset, place, 60_000) for place in integers(config)]
    found = outcomes(jobs)
    bad = [
        (json.dumps(each)[:300], outcome)
        for each, outcome in zip(jobs, found, strict=True)
        if not outcome.is_harmless
    ]
    assert not bad
    assert {o.kind for o in found[: len(SPENT)]} == {"UserError"}


def config_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("config.json"))


def integers(value, place=()):
    """The places of all integers in a config."""
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        if type(inner) is int:
            yield (*place, key)
        else:
            yield from integers(inner, (*place, key))


def job(path, place, value):
    return {"path": str(path), "changes": [[list(place), value]]}


def makers():
    """What the sweep goes over, by name: functions that make a model."""
    found = {
        name: lambda name=name: keras_layers.make_model(name)
        for name in {*keras_layers.kinds()} - {*keras_layers.UNCALLED}
    }
    for name in {*families.FAMILIES} - {"BASNetBackbone"}:  # of 194 MB
        found[name] = lambda name=name: families.make(name)
    return found


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")  # of others' layers, while they are built
@pytest.mark.parametrize("value", [HUGE, LARGEST_SIZE, 10**5, 10**4, -1])
def test_each_integer_in_turn(value, tmp_path):
    jobs, seen = [], collections.Counter()
    for name, make in sorted(makers().items()):
        keras.backend.clear_session()
        path = tmp_path / f"{name}.keras"
        make().save(path)
        for place in integers(config_of(path)):
            # Two of a list stand for all of it.
            kind = (name, *(k for k in place if isinstance(k, str)))
            seen[kind] += 1
            if seen[kind] <= 2:
                jobs.append(job(path, place, value))
    bad = [
        (each, outcome)
        for each, outcome in zip(jobs, outcomes(jobs, 4 * 3600), strict=True)
        if not outcome.is_harmless
    ]
    assert not bad
