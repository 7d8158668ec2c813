"""Reading in bounded memory: texts, members of archives, arrays."""

import errno
import io
import os
import struct
import threading
import tracemalloc
import zipfile

import h5py
import ml_dtypes
import numpy as np
import pytest

from tfq_hybrid.errors import StorageError, UserError
from tfq_hybrid.files import naming_storage_errors
from tfq_hybrid.files.archives import (
    check_archive,
    check_members,
    open_member,
)
from tfq_hybrid.files.hdf5 import (
    check_hdf5,
    check_weights,
    datasets,
    open_hdf5,
)
from tfq_hybrid.files.manifest import check_manifest, write_manifest
from tfq_hybrid.files.models import load_model
from tfq_hybrid.reading import (
    LARGEST_JSON,
    foreign_code,
    read_bytes,
    read_json,
    read_text,
    reading,
)
from tfq_hybrid.verify import verify


def test_a_small_file_needs_little_memory(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("text\tlabel\n")
    tracemalloc.start()
    assert read_text(path) == "text\tlabel\n"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**23


def test_a_large_file_is_read_whole(tmp_path):
    content = os.urandom(5_000_000)
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    assert read_bytes(path, len(content)) == content
    with pytest.raises(UserError, match="at most"):
        read_bytes(path, len(content) - 1)


def test_a_pipe_is_read_to_its_end(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("a\nb\n"))
    writer.start()
    assert read_text(path) == "a\nb\n"
    writer.join()


def test_a_pipe_that_nobody_writes_to_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("tfq_hybrid.reading._PIPE_MILLISECONDS", 50)
    path = tmp_path / "pipe.keras"
    os.mkfifo(path)
    for read in (read_text, load_model, verify):
        with pytest.raises(UserError, match=r"pipe\.keras"):
            read(path)
    with pytest.raises(OSError, match="nobody writes"), open_hdf5(path):
        pass
    # Nor in a folder whose files have checksums.
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "fingerprint.pb").write_bytes(b"a")
    write_manifest(folder)
    (folder / "fingerprint.pb").unlink()
    os.mkfifo(folder / "fingerprint.pb")
    with pytest.raises(UserError, match=r"damaged \(fingerprint.pb is no file"):
        check_manifest(folder)


FULL = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
    OSError("write failed (errno = 27, error message = 'File too large')"),
    FileNotFoundError(errno.ENOENT, "No usable temporary directory found"),
    RuntimeError("UNKNOWN: /tmp/a; Disk quota exceeded"),
]


@pytest.mark.parametrize("error", FULL, ids=repr)
def test_a_full_disk_is_not_damage(error):
    for raised in (error, ValueError("of a library")):
        with (
            pytest.raises(StorageError, match="Could not read run") as caught,
            reading("a whole run", "run"),
            foreign_code(),
        ):
            raise raised from error
        assert caught.value.__cause__ is not None
    with pytest.raises(StorageError, match="Could not write run"):  # noqa: SIM117
        with naming_storage_errors("run"):
            raise error


def test_too_little_memory_is_not_damage():
    with (
        pytest.raises(MemoryError),
        reading("a whole run", "run"),
        foreign_code(),
    ):
        np.zeros(2**60, np.uint8)


def test_json_is_bounded_by_its_size(tmp_path):
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        file.truncate(LARGEST_JSON + 1)
    with pytest.raises(UserError, match="at most"):
        read_json(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_is_a_file_of_its_own(method, tmp_path):
    content = os.urandom(100_000)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("before", b"x" * 33)
        archive.writestr("member", content)
        archive.writestr("after", b"x" * 33)
    with zipfile.ZipFile(path) as archive:
        file = open_member(archive, "member")
        assert file.read(10) == content[:10]
        file.seek(-10, io.SEEK_END)
        assert (file.read(20), file.tell()) == (content[-10:], len(content))
        file.seek(500)
        file.seek(-100, io.SEEK_CUR)
        assert file.read() == content[400:]


def test_an_archive_that_would_grow_is_refused(tmp_path):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b"0" * 100_000)
    with zipfile.ZipFile(path) as archive:
        check_members(archive, expansion=1000)
        with pytest.raises(ValueError, match="would unpack to"):
            check_members(archive, expansion=10)


def test_checksums_are_compared_unless_somebody_reads_it_all(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("member", b"right")
    path.write_bytes(path.read_bytes().replace(b"right", b"wrong"))
    with pytest.raises(ValueError, match="has changed"):
        check_archive(path)
    with zipfile.ZipFile(path) as archive:
        assert check_members(archive) == ["member"]


def h5(make):
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        make(content)
    check_hdf5(file)
    return h5py.File(file)


def bomb(file):
    """Two rows of 2**40 numbers that were never written."""
    file.create_dataset("a", (2, 2**40), "f4", chunks=(1, 2**20))


def packed(file):
    file.create_dataset("a", data=np.zeros(10**7, "f4"), compression="gzip")


def records(file):
    file["a"] = np.zeros(3, [("x", "f4"), ("y", "i4")])


def lists(file):
    file.create_dataset("a", (3,), h5py.vlen_dtype("f4"))


def texts(file):
    file.create_dataset("a", data=["b"], dtype=h5py.string_dtype())


def references(file):
    file["b"] = np.zeros(3)
    file.create_dataset("a", data=[file["b"].ref], dtype=h5py.ref_dtype)


def virtual(file):
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "a", (3,))
    file.create_virtual_dataset("a", layout)


def external(file):
    file.create_dataset("a", (3,), "u1", external=[("/etc/hostname", 0, 3)])


@pytest.mark.parametrize(
    "make",
    [bomb, packed, records, lists, texts, references, virtual, external],
    ids=lambda make: make.__name__,
)
def test_arrays_that_are_not_whole_in_the_file(make):
    with pytest.raises(ValueError, match="a is "):
        h5(make)


def test_links_are_not_followed():
    def make(file):
        file["a"] = np.ones(3, "f4")
        file["soft"] = h5py.SoftLink("/a")
        file["group/b"] = np.ones((2, 2), "f8")
        file["group/again"] = file["group"]

    with h5(make) as file:
        assert [name for name, _ in datasets(file)] == ["a", "group/b"]
        assert check_weights(file) == (2, 7)


def test_no_link_leads_out_of_the_file():
    def make(file):
        file["a"] = h5py.ExternalLink("/etc/hostname", "/a")

    with pytest.raises(ValueError, match="the file has another format"):
        h5(make)


def test_texts_of_attributes():
    texts = {"empty": "", "short": "a", "long": "é" * 20_000}

    def make(file):
        file["a"] = np.zeros(3)
        for name, text in texts.items():
            file["a"].attrs[name] = text
            file.attrs[name] = np.bytes_(text.encode())

    with h5(make) as file:
        assert dict(file["a"].attrs) == texts


def test_many_names_and_deep_groups():
    names = [f"layer_{n}/kernel" for n in range(300)] + ["a/" * 90 + "a"]

    def make(file):
        for name in names:
            file[name] = np.zeros(3)

    with h5(make) as file:
        assert {name for name, _ in datasets(file)} == {*names}


def test_groups_without_end(tmp_path):
    def make(file):
        file["a/" * 300 + "a"] = np.zeros(3)

    with pytest.raises(ValueError, match="nested groups"):
        h5(make)


def test_a_group_in_itself_is_looked_at_once():
    def make(file):
        file["a/b"] = np.zeros(3)
        file["a/again"] = file["/"]

    with h5(make) as file:
        assert check_weights(file) == (1, 3)


def test_a_tree_in_a_circle(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["a/b"] = np.zeros(3)
    content = path.read_bytes()
    tree = content.index(b"TREE")
    child = tree + 24 + 8  # after its head and the first key
    itself = struct.pack("<Q", tree)
    path.write_bytes(content[:child] + itself + content[child + 8 :])
    with pytest.raises(ValueError, match="circle"), open_hdf5(path):
        pass


def test_what_is_not_finite_is_named():
    def make(file):
        file["a"] = np.array([1.0, np.nan])

    with h5(make) as file, pytest.raises(ValueError, match="a is not finite"):
        check_weights(file)


def test_a_bool_and_a_bfloat16_are_numbers():
    def make(file):
        file["a"] = np.array([True, False])
        file["b"] = np.zeros(3, ml_dtypes.bfloat16).view("V2")
        file["c"] = np.zeros(3, "f2")

    with h5(make) as file:
        assert check_weights(file) == (3, 8)


@pytest.mark.parametrize(
    "options", [{"libver": "latest"}, {"track_order": True}]
)
def test_of_one_format_alone(options, tmp_path):
    """What is not looked through is not read."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", **options) as file:
        file.attrs["a"] = "b"
        file["a"] = np.zeros(3)
    with (
        pytest.raises(ValueError, match=r"format|does not begin"),
        open_hdf5(path),
    ):
        pass


def test_a_file_that_counts_from_elsewhere(tmp_path):
    """The headers that HDF5 reads would not be those that were looked at."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.zeros(3)
    content = bytearray(path.read_bytes())
    content[24] = 8  # the base address
    path.write_bytes(content)
    with pytest.raises(ValueError, match="does not begin"), open_hdf5(path):
        pass


def test_a_datatype_of_its_own():
    """It stands elsewhere in the file, and may be any."""

    def make(file):
        file["type"] = np.dtype("f4")
        file.create_dataset("a", (3,), file["type"])

    with pytest.raises(ValueError, match="has another format"):
        h5(make)
