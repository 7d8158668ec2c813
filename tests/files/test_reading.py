"""Reading in bounded memory: texts, members of archives, arrays."""

import io
import os
import threading
import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest

from tfq_hybrid.archives import (
    check_archive,
    check_weights,
    datasets,
    open_member,
)
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import LARGEST_JSON, read_bytes, read_json, read_text


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
    with open_member(path, "member") as file:
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
    check_archive(path, expansion=1000)
    with pytest.raises(ValueError, match="would unpack to"):
        check_archive(path, expansion=10)


def test_checksums_are_compared_unless_somebody_reads_it_all(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("member", b"right")
    path.write_bytes(path.read_bytes().replace(b"right", b"wrong"))
    with pytest.raises(ValueError, match="has changed"):
        check_archive(path)
    assert check_archive(path, checksums=False) == ["member"]


def h5(make):
    file = io.BytesIO()
    with h5py.File(file, "w") as content:
        make(content)
    return h5py.File(file, "r")


def bomb(file):
    """Two rows of 2**40 numbers that were never written."""
    file.create_dataset("a", (2, 2**40), "f4", chunks=(1, 2**20))


def packed(file):
    file.create_dataset("a", data=np.zeros(10**7, "f4"), compression="gzip")


def records(file):
    file["a"] = np.zeros(3, [("x", "f4"), ("y", "i4")])


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
    [bomb, packed, records, texts, references, virtual, external],
    ids=lambda make: make.__name__,
)
def test_arrays_that_are_not_whole_in_the_file(make):
    with h5(make) as file, pytest.raises(ValueError, match="a is "):
        datasets(file)


def test_links_are_not_followed():
    def make(file):
        file["a"] = np.ones(3, "f4")
        file["soft"] = h5py.SoftLink("/a")
        file["external"] = h5py.ExternalLink("/etc/hostname", "/a")
        file["group/b"] = np.ones((2, 2), "f8")
        file["group/again"] = file["group"]

    with h5(make) as file:
        assert [name for name, _ in datasets(file)] == ["a", "group/b"]
        assert check_weights(file) == (2, 7)


def test_what_is_not_finite_is_named():
    def make(file):
        file["a"] = np.array([1.0, np.nan])

    with h5(make) as file, pytest.raises(ValueError, match="a is not finite"):
        check_weights(file)
