"""Full disks, closed streams and odd files as arguments: one true line."""

import contextlib
import os
import resource
import subprocess
import sys

import keras
import keras_hub
import pytest

from tests.adapters.zoo import make_backbone, make_method
from tests.cli.test_main import run
from tfq_hybrid import adapters, serving
from tfq_hybrid.errors import StorageError
from tfq_hybrid.verify import verify

OUTPUT = "a folder that can be written"


@contextlib.contextmanager
def full_disk(limit=100_000):
    """The kernel's limit on the size of a file stands for it."""
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


@pytest.fixture(scope="module")
def model():
    return keras.Sequential([keras.Input((300,)), keras.layers.Dense(300)])


def test_no_room_for_temporary_files_is_no_damage(tmp_path, capsys):
    path = tmp_path / "model.keras"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [f"word{number}" for number in range(1000)]
    tokenizer = keras_hub.models.BertTokenizer(words)
    keras_hub.models.BertTextClassifier(
        make_backbone("BERT"),
        num_classes=2,
        preprocessor=keras_hub.models.BertTextClassifierPreprocessor(tokenizer),
    ).save(path)
    with full_disk(1000):
        code, out, err = run(capsys, "verify", path)
    assert code == 2
    assert f"Could not read {path}" in err
    assert "File too large" in err
    assert "damaged" not in out + err
    assert err.count("\n") == 1
    assert run(capsys, "verify", path)[0] == 0


def test_an_export_and_a_preset_need_room(model, tmp_path):
    with full_disk(), pytest.raises(StorageError, match="File too large"):
        serving.export(model, tmp_path / "export")
    assert not list(tmp_path.iterdir())
    backbone = adapters.adapt(make_backbone("BERT"), make_method("LoRA"))
    backbone.save_to_preset(tmp_path / "preset")
    with full_disk(10_000), pytest.raises(StorageError, match="is intact"):
        backbone.save_to_preset(tmp_path / "preset")
    assert verify(tmp_path / "preset").problem is None
    assert [p.name for p in tmp_path.iterdir()] == ["preset"]


@pytest.mark.long
def test_closed_and_full_streams(model, tmp_path):
    model.save(tmp_path / "model.keras")
    command = f"{sys.executable} -m tfq_hybrid"
    shell = f"{command} verify {tmp_path / 'model.keras'} <&- >&- 2>&-"
    shell += f"&& {command} --version > /dev/full"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "tfq-hybrid: No space left on device\n"


ARGUMENTS = [
    (["train", "--output", "OUT", "--data", "PATH.tsv"], "a readable file"),
    (["train", "--output", "OUT", "--data", "PATH.jsonl"], "a readable file"),
    (["train", "--output", "OUT", "--config", "PATH.yaml"], "a YAML file"),
    (
        ["train", "--data", "embedded", "--output", "OUT", "--circuit", "PATH"],
        "a preset of",
    ),
    (["train", "--data", "embedded", "--output", "PATH"], OUTPUT),
    (["tune", "--data", "embedded", "--output", "PATH"], OUTPUT),
    (["diagnose", "--qubits", "2", "--output", "PATH"], OUTPUT),
    (["demo", "--export", "PATH"], OUTPUT),
    (["evaluate", "PATH", "--data", "embedded"], "the folder of a run"),
    (["predict", "PATH", "a film"], "the folder of an export"),
    (["serve", "PATH", "--port", "0"], "the folder of an export"),
    (["verify", "PATH.keras"], "the folder of a run"),
    (["report", "PATH"], "a folder with one of"),
]
KINDS = {
    "pipe": os.mkfifo,
    "loop": lambda path: os.symlink(path, path),
    "device": lambda path: os.symlink("/dev/null", path),
    "under a file": None,
}


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_odd_files_as_arguments(kind, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tfq_hybrid.reading._PIPE_MILLISECONDS", 20)
    (tmp_path / "file").touch()
    for arguments, expected in ARGUMENTS:
        word = next(word for word in arguments if word.startswith("PATH"))
        path = tmp_path / word.replace("PATH", "odd")
        if kind == "under a file":
            path = tmp_path / "file" / path.name
        elif not os.path.lexists(path):
            KINDS[kind](path)
        names = {word: path, "OUT": tmp_path / "out"}
        code, _, err = run(capsys, *(names.get(a, a) for a in arguments))
        assert code == 2, arguments
        if kind != "device":  # which is read to its end, and holds nothing
            assert f"Expected {expected}" in err
        assert err.count("\n") == 1
    left = {path.stem for path in tmp_path.iterdir()}
    assert left <= {"file", "odd"}
