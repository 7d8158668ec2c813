"""Weights in shards: the model of one file, and every damage in one line."""

import json

import keras_hub
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.bases.test_gpt_neo import write
from tests.bases.test_mpnet_conversion import hugging_face_mpnet
from tests.bases.test_pretrained import hugging_face_bert
from tests.bases.test_written import llama
from tfq_hybrid import adapters, bases
from tfq_hybrid.bases.shards import INDEX, WEIGHTS, weights_of
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.presets import from_preset

SHARDS = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]


def shard(folder):
    """Cuts the one file of a directory into three, as Hugging Face does."""
    arrays = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    places = {}
    for number, name in enumerate(SHARDS):
        part = dict([*arrays.items()][number::3])
        save_file(part, folder / name)
        places |= dict.fromkeys(part, name)
    index(folder, places)
    return places


def index(folder, places):
    content = {"metadata": {"total_size": 1}, "weight_map": places}
    (folder / INDEX).write_text(json.dumps(content))


def hugging_face_llama(folder):
    folder.rmdir()
    adapters.save_directory(llama(), folder)


@pytest.mark.parametrize(
    "make",
    [write, hugging_face_mpnet, hugging_face_bert, hugging_face_llama],
)
def test_shards_are_the_model_of_one_file(make, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    make(source)
    presets = [bases.as_preset(source, tmp_path / "cache")]
    shard(source)
    presets.append(bases.as_preset(source, tmp_path / "cache"))
    assert presets[0] != presets[1]
    sizes = [path.stat().st_size for path in source.glob("*.safetensors")]
    assert len(sizes) == 3 and weights_of(source).size == sum(sizes)
    whole, parted = (
        from_preset(keras_hub.models.Backbone, preset) for preset in presets
    )
    pairs = zip(whole.weights, parted.weights, strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def named(folder, name):
    """The index with another file for the shard of one tensor."""
    places = shard(folder)
    index(folder, places | {"ln_f.bias": name})


def twice(folder):
    places = shard(folder)
    name = next(file for file in SHARDS if file != places["ln_f.bias"])
    arrays = load_file(folder / name)
    save_file({**arrays, "ln_f.bias": np.ones(4, "f")}, folder / name)


def cut(folder):
    shard(folder)
    path = folder / SHARDS[1]
    path.write_bytes(path.read_bytes()[:-5])


def linked(folder):
    """A shard that stands elsewhere, by the index."""
    places = shard(folder)
    (folder / SHARDS[0]).rename(folder.parent / "x.safetensors")
    moved = {
        tensor: "../x.safetensors" if file == SHARDS[0] else file
        for tensor, file in places.items()
    }
    index(folder, moved)


def changed(folder, content):
    shard(folder)
    (folder / INDEX).write_text(content)


@pytest.mark.parametrize(
    "spoil,message",
    [
        (
            lambda f: (shard(f), (f / SHARDS[2]).unlink()),
            "the shard model-00003-of-00003.safetensors is missing",
        ),
        (cut, "incomplete metadata"),
        (twice, "ln_f.bias is in two shards, model-0"),
        (
            lambda f: index(f, shard(f) | {"more": SHARDS[0]}),
            "without the tensors more, which model.safetensors.index.json",
        ),
        (
            lambda f: index(
                f, {k: v for k, v in shard(f).items() if k != "ln_f.bias"}
            ),
            "ln_f.bias is in model-.*index.json nowhere",
        ),
        (linked, "'../x.safetensors', and not a .safetensors file beside it"),
        (lambda f: named(f, "/etc/x.safetensors"), "names '/etc/x.safet"),
        (lambda f: named(f, "..\\x.safetensors"), "and not a .safetensors"),
        (lambda f: named(f, ".."), "names '..', and not"),
        (lambda f: named(f, "config.json"), "names 'config.json', and not"),
        (lambda f: named(f, SHARDS[0]) or named_other(f), "by model.safe"),
        (lambda f: changed(f, "[]"), "index.json, damaged .not an object"),
        (
            lambda f: changed(f, '{"weight_map": {"a": 1}}'),
            "weight_map.a is not a text",
        ),
        (lambda f: changed(f, '{"weight_map": []}'), "weight_map is not"),
        (lambda f: changed(f, "{}"), "weight_map.* is missing"),
        (lambda f: changed(f, '{"weight_map": {}}'), "names no tensor"),
        (
            lambda f: shard(f) and save_file({}, f / WEIGHTS),
            "does not name model.safetensors, which is there too",
        ),
    ],
)
def test_a_bad_index_is_one_line(spoil, message, tmp_path):
    source, cache = write(tmp_path / "source"), tmp_path / "cache"
    spoil(source)
    with pytest.raises(UserError, match=message) as caught:
        bases.as_preset(source, cache)
    assert "\n" not in str(caught.value)
    assert not cache.exists() or not list(cache.iterdir())


def named_other(folder):
    """The index names another of the shards for one tensor."""
    places = json.loads((folder / INDEX).read_text())["weight_map"]
    own = next(
        file for file in SHARDS if "ln_f.bias" in load_file(folder / file)
    )
    other = next(file for file in SHARDS if file != own)
    index(folder, places | {"ln_f.bias": other})
