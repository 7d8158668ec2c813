"""What fuzzing has found, an input each."""

import io
import json
import os
import struct
import zipfile

import h5py
import numpy as np
import pytest

from tests.fuzz.readers import CONFIG
from tfq_hybrid.adapters.weights import read_weights
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.archives import check_archive
from tfq_hybrid.files.hdf5 import check_hdf5, open_hdf5
from tfq_hybrid.files.models import check_model_file
from tfq_hybrid.training import RunFolder


@pytest.fixture
def run(tmp_path):
    """An unfinished run."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "vocabulary.txt").write_text("[PAD]\n")
    (folder / "logs").mkdir()
    return RunFolder(folder)


def test_records_are_no_weights():
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file["a"] = np.zeros(3, [("x", "f4"), ("y", "i8", (2,))])
    with pytest.raises(ValueError, match="a is of"):
        check_hdf5(memory)


def file_with_text(path):
    with h5py.File(path, "w") as file:
        file.attrs["dtype"] = "bfloat16"
        file["a"] = np.random.default_rng(0).normal(size=1000)


def without_free_room(content):
    """The size of the free object of its heap made 0."""
    heap = content.index(b"GCOL")
    object_size = 16 + len("bfloat16")
    place = heap + 16 + object_size
    assert content[place : place + 2] == b"\0\0"  # index 0: free
    return content[: place + 8] + bytes(8) + content[place + 16 :]


def test_a_heap_without_end(tmp_path):
    """HDF5 would read the text for ever."""
    path = tmp_path / "a.h5"
    file_with_text(path)
    with open_hdf5(path) as file:
        assert file.attrs["dtype"] == "bfloat16"
    content = without_free_room(path.read_bytes())
    path.write_bytes(content)
    for use in (
        lambda: open_hdf5(path).__enter__(),
        lambda: read_weights(path),
    ):
        with pytest.raises(ValueError, match="heaps are damaged"):
            use()


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_model_with_a_heap_without_end(kind, tmp_path):
    weights = tmp_path / "a.h5"
    file_with_text(weights)
    path = tmp_path / "a.keras"
    for change in (bytes, without_free_room):
        with zipfile.ZipFile(path, "w", kind) as archive:
            archive.writestr("config.json", "{}")
            archive.writestr("model.weights.h5", change(weights.read_bytes()))
        if change is bytes:
            check_model_file(path)
        else:
            with pytest.raises(ValueError, match="heaps are damaged"):
                check_model_file(path)


def test_heaps_inside_each_other(tmp_path):
    """To look through them takes no more than in proportion to the file."""
    path, texts = tmp_path / "a.h5", range(50)
    with h5py.File(path, "w") as file:
        for number in texts:
            file.attrs[f"text {number}"] = f"{number:03}"
    content = path.read_bytes()
    first = content.index(b"GCOL")
    place = len(content)
    for number in texts:
        inner = place + 32 * number  # each in the one before, to the end
        size = 32 * (len(texts) - number)
        length = 16 if number + 1 < len(texts) else 0
        content += b"GCOL\1\0\0\0" + struct.pack("<Q", size)
        content += struct.pack("<H6xQ", 1, max(size - 32, length))
        old = struct.pack("<IQI", 3, first, number + 1)
        assert content.count(old) == 1
        new = struct.pack("<IQI", 3, inner, 1)
        content = content.replace(old, new)
    end = struct.pack("<Q", len(content))
    path.write_bytes(content[:40] + end + content[48:])
    with pytest.raises(ValueError, match="heaps are"), open_hdf5(path):
        pass


def test_a_heap_in_a_circle(tmp_path):
    """HDF5 would look for a free place in it for ever."""
    path = tmp_path / "a.h5"
    file_with_text(path)
    content = path.read_bytes()
    heap = content.index(b"HEAP")
    size, free, address = struct.unpack_from("<3Q", content, heap + 8)
    assert free < size
    place = address + free
    itself = struct.pack("<Q", free)
    path.write_bytes(content[:place] + itself + content[place + 8 :])
    with pytest.raises(ValueError, match="heaps are"), open_hdf5(path):
        pass


def test_a_file_does_not_begin_elsewhere(tmp_path):
    """HDF5 looks for it further on, and counts from there."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file["a"] = np.zeros(3)
    with pytest.raises(ValueError, match="does not begin"), open_hdf5(path):
        pass


def test_attributes_hold_no_lists_of_texts(tmp_path):
    """Each could be the same long one."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.attrs["a"] = ["x"] * 3
    with pytest.raises(ValueError, match="many texts"), open_hdf5(path):
        pass


@pytest.mark.parametrize("where", ["/", "a"])
def test_a_text_is_no_longer_than_its_file(where, tmp_path):
    """HDF5 takes the room that it claims to need, here 4 GiB."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.zeros(3)
        for number in range(20):  # in several blocks of the header
            file[where].attrs[f"number {number}"] = number
            file[where].attrs[f"text {number}"] = f"{number}" * 333
    with open_hdf5(path) as file:
        assert file[where].attrs["text 7"] == "7" * 333
    content = path.read_bytes()
    heap = struct.pack("<Q", content.index(b"GCOL"))
    length = struct.pack("<I", 333)
    assert content.count(length + heap)
    place = content.index(length + heap)
    path.write_bytes(content[:place] + b"\xff" * 4 + content[place + 4 :])
    with pytest.raises(ValueError, match="larger"), open_hdf5(path):
        pass


@pytest.mark.parametrize(
    "names,message",
    [
        (["a/" * 500 + "a"], "is in 501 folders"),
        ([f"{n}/b/c/a" for n in range(4000)], "12001 folders"),
    ],
)
def test_folders_without_end(names, message, tmp_path):
    """Keras unpacks an archive: to make a folder takes a millisecond."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    with pytest.raises(ValueError, match=message):
        check_archive(path)


def test_a_run_has_no_link_that_leads_out_of_it(run, tmp_path):
    """A training that goes on would write where it leads."""
    (run.path / "inside.txt").symlink_to("vocabulary.txt")
    run.read()
    (run.logs / "telemetry.csv").symlink_to(tmp_path / "own.csv")
    for use in (run.read, lambda: run.check_writable(True, False)):
        with pytest.raises(UserError, match=r"logs/telemetry.csv is a link"):
            use()


def test_a_run_has_files_alone(run):
    """A pipe would be waited for without end."""
    os.mkfifo(run.logs / "telemetry.csv")
    with pytest.raises(UserError, match="neither file nor folder"):
        run.read()
