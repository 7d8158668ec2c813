"""`verify` finds what is damaged, and nothing in what is whole."""

import json
import shutil
import zipfile

import h5py
import keras_hub
import numpy as np
import pytest

from tests.adapters.zoo import make_backbone, make_method
from tfq_hybrid import adapters
from tfq_hybrid.cli.main import main
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.manifest import write_manifest
from tfq_hybrid.serving import export
from tfq_hybrid.training import TrainConfig, load_trained, train
from tfq_hybrid.verify import verify


@pytest.fixture(scope="module")
def trained(one_block, tmp_path_factory, data_dir):
    """A finished run."""
    path = tmp_path_factory.mktemp("runs") / "small"
    config = TrainConfig(
        data="embedded",
        data_dir=str(data_dir),
        limit=64,
        sequence_length=8,
        batch_size=32,
        vocabulary_size=128,
        options={"circuit": {"qubits": 2, "depth": 1}},
    )
    train(config, path, verbose=0, report=lambda line: None)
    return path


@pytest.fixture
def run(trained, tmp_path):
    """A copy of it, to damage."""
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture
def adapter(tmp_path):
    """A file of adapter weights."""
    backbone = adapters.adapt(make_backbone("GPT-2"), make_method("LoRA"))
    path = tmp_path / "adapter.h5"
    adapters.save_weights(backbone, path)
    return path


def flip(path, place=0.5):
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    path.write_bytes(content)


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def spoil(path, value=np.nan):
    """Makes one number of an HDF5 file NaN, its structure as it was."""
    with h5py.File(path, "r+") as file:
        found = []
        file.visititems(
            lambda name, item: (
                found.append(item)
                if isinstance(item, h5py.Dataset) and item.dtype.kind == "f"
                else None
            )
        )
        data = next(item for item in found if item.size > 1)
        values = data[()]
        values.flat[0] = value
        data[...] = values


def test_what_is_whole(trained, adapter, tmp_path):
    model = trained / "model.keras"
    trained_model, names = load_trained(trained)
    version = export(trained_model, tmp_path / "exported", names)
    for path, kind, text in (
        (trained, "run", "model.keras: loads"),
        (trained, "run", "SHA256SUMS holds"),
        (model, "model", "SHA256SUMS holds"),
        (adapter, "adapter", "sha256 holds"),
        (version, "export", "SHA256SUMS holds"),
        (version.parent, "export", "SHA256SUMS holds"),
    ):
        found = verify(path)
        assert found.problem is found.unproven is None
        assert found.kind == kind
        assert any(text in line for line in found.checks), found.checks
    (version / "link").symlink_to("/etc/passwd")
    assert "is a link" in verify(version).problem
    lines = verify(trained).checks
    for name in ("config.json", "vocabulary.txt", "epoch_0001", "metrics"):
        assert any(name in line for line in lines)


def weights_of(run):
    return next((run / "checkpoints").glob("*.h5"))


DAMAGE = {
    "config": (lambda run: edit(run / "config.json", config={}), "damaged"),
    "labels": (
        lambda run: edit(run / "config.json", label_names=["a"]),
        "differ in number",
    ),
    "vocabulary": (
        lambda run: (run / "vocabulary.txt").write_text("[PAD]\n[PAD]\n"),
        "twice",
    ),
    "state": (
        lambda run: edit(
            run / "checkpoints/state.json", last="../../thesis.weights.h5"
        ),
        "no name of a checkpoint",
    ),
    "checkpoint": (lambda run: weights_of(run).unlink(), "damaged"),
    "finite": (lambda run: spoil(weights_of(run)), "is not finite"),
    "metrics": (
        lambda run: edit(run / "metrics.json", history=[]),
        "not that of the epochs",
    ),
    "model": (lambda run: flip(run / "model.keras"), "damaged"),
    "parameters": (
        lambda run: edit(run / "metrics.json", parameters={"total": 1}),
        "were trained",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_runs(name, run):
    damage, message = DAMAGE[name]
    damage(run)
    found = verify(run)
    assert not found.is_whole
    assert message in found.problem
    assert "\n" not in found.problem


def negate(run):
    """Saves the model with other weights, as whole as it was."""
    model, _ = load_trained(run)
    for variable in model.trainable_variables:
        variable.assign(-variable)
    model.save(run / "model.keras")


def swap(path):
    """Exchanges two lines at the end."""
    *lines, last, before = path.read_text().splitlines()
    path.write_text("\n".join([*lines, before, last, ""]))


EDITS = {
    "config.json": lambda run: edit(run / "config.json", data="other"),
    "vocabulary.txt": lambda run: swap(run / "vocabulary.txt"),
    "metrics.json": lambda run: edit(run / "metrics.json", seconds=1),
    "telemetry.csv": lambda run: swap(run / "logs/telemetry.csv"),
    "weights.h5": lambda run: spoil(weights_of(run), 0.5),
    "model.keras": negate,
}


@pytest.mark.parametrize("name", EDITS)
def test_edits_of_a_run(name, run):
    EDITS[name](run)
    problem = verify(run).problem
    assert problem.startswith("Expected a whole run")
    assert f"{name} has changed" in problem
    # One that was cut short, or trains still, has no checksums.
    (run / "metrics.json").unlink()
    assert verify(run).is_whole


def test_what_no_checksum_covers_is_unproven(run, adapter, capsys):
    (run / "notes.txt").write_text("mine")
    assert "notes.txt not in SHA256SUMS" in verify(run).unproven
    (run / "SHA256SUMS").unlink()
    with h5py.File(adapter, "r+") as file:
        del file.attrs["sha256"]
    for path in (run, run / "model.keras", adapter):
        main(["verify", str(path)])
        last = capsys.readouterr().out.splitlines()[-1]
        assert "unproven: no " in last
        assert "edits cannot be found" in last
        assert "whole" not in last


def test_edits_of_an_adapter(adapter):
    spoil(adapter, 0.5)
    assert "its content has changed" in verify(adapter).problem
    with pytest.raises(UserError, match="its content has changed"):
        adapters.load_weights(make_backbone("GPT-2"), adapter)


def test_edits_of_a_preset(tmp_path):
    preset = tmp_path / "preset"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]
    tokenizer = keras_hub.models.BertTokenizer(words)
    tokenizer.save_to_preset(str(preset))
    vocabulary = preset / "assets/tokenizer/vocabulary.txt"
    found = verify(preset)
    assert (found.kind, found.problem) == ("preset", None)
    assert "no SHA256SUMS" in found.unproven
    backbone = adapters.adapt(make_backbone("BERT"), make_method("LoRA"))
    for _ in range(2):  # what was there is replaced
        backbone.save_to_preset(preset)
    assert vocabulary.is_file()
    assert not list(tmp_path.rglob(".*"))
    found = verify(preset)
    assert found.problem is None
    assert "not in SHA256SUMS" in found.unproven
    write_manifest(preset)
    assert verify(preset).unproven is None
    swap(vocabulary)
    assert "vocabulary.txt has changed" in verify(preset).problem
    swap(vocabulary)
    spoil(preset / "model.weights.h5", 0.5)
    assert "model.weights.h5 has changed" in verify(preset).problem


def test_damaged_adapters(adapter, tmp_path):
    spoil(adapter, np.inf)
    with h5py.File(adapter, "r+") as file:
        del file.attrs["sha256"]
    assert "is not finite" in verify(adapter).problem
    # An array that is said to be large, and of which nothing is there.
    with h5py.File(adapter, "r+") as file:
        file.create_dataset("bomb", (2**40,), "f4", chunks=(2**20,))
    assert "in pieces" in verify(adapter).problem
    with h5py.File(adapter, "r+") as file:
        del file["bomb"]
        file.create_dataset(
            "outside", (4,), "u1", external=[("/etc/passwd", 0, 4)]
        )
    assert "in another file" in verify(adapter).problem


def archive(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def linked(name="link"):
    member = zipfile.ZipInfo(name)
    member.external_attr = 0o120777 << 16
    return member


@pytest.mark.parametrize(
    "members,message",
    [
        ({"../config.json": "{}"}, "leads out"),
        ({"/config.json": "{}"}, "leads out"),
        ({"a\\..\\config.json": "{}"}, "leads out"),
        ({"C:/config.json": "{}"}, "leads out"),
        ({linked(): "/etc/passwd"}, "is a link"),
        ({"zeros": b"\0" * 10**7}, "would unpack"),
        ({"config.json": "{}"}, "metadata.json is missing"),
    ],
)
def test_archives_are_looked_through_first(members, message, tmp_path):
    path = archive(tmp_path / "model.keras", members)
    found = verify(path)
    assert message in found.problem


def test_code_in_a_model_is_refused(tmp_path):
    import keras

    layer = keras.layers.Lambda(lambda x: x + 1)
    model = keras.Sequential([keras.Input((2,)), layer])
    model.save(tmp_path / "model.keras")
    assert "Lambda" in verify(tmp_path / "model.keras").problem


def test_the_command_line(run, tmp_path, capsys):
    main(["verify", str(run / "model.keras")])
    assert "a whole model" in capsys.readouterr().out
    flip(run / "model.keras")
    with pytest.raises(SystemExit) as stop:
        main(["verify", str(run / "model.keras"), "--json"])
    printed = capsys.readouterr()
    assert stop.value.code == 1
    assert json.loads(printed.out)["whole"] is False
    assert len(printed.err.splitlines()) == 1
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SystemExit) as stop:
            main(["verify", str(path)])
        assert stop.value.code == 2
        assert "Expected the folder of a run" in capsys.readouterr().err
    with pytest.raises(UserError):
        verify(tmp_path)
