"""Zip archives, checked before they are unpacked."""

import contextlib
import io
import os
import pathlib
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterator
from typing import IO

import numpy as np

from tfq_hybrid.reading import foreign_code, open_file

# What the members of an archive may take, unpacked, as a multiple of its own
# size. Keras does not compress at all; trained weights hardly can be.
LARGEST_EXPANSION = 100
LARGEST_NUMBER_OF_MEMBERS = 10_000  # and of folders, each made one by one
DEEPEST_FOLDER = 64


@contextlib.contextmanager
def open_archive(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    """Opens a zip archive for reading.

    Raises:
        ValueError, OSError: it is none.
    """
    with open_file(path) as file:
        with foreign_code():
            archive = zipfile.ZipFile(file)
        with archive:
            yield archive


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of a member of an open archive.

    Raises:
        ValueError, OSError: whatever its decompressor raises.
    """
    with foreign_code():
        return archive.read(name)


def copy_member(archive: zipfile.ZipFile, name: str, file: IO[bytes]) -> None:
    """Copies a member of an open archive into a file, piece by piece.

    Raises:
        ValueError, OSError: it is missing or damaged.
    """
    with foreign_code(), archive.open(name) as member:
        shutil.copyfileobj(member, file, 2**20)


def check_archive(path: str | os.PathLike[str]) -> list[str]:
    """The members of a zip archive that is intact and safe to unpack.

    Raises:
        ValueError: as for `check_members`; a member has another content than
            was written; or it is no archive.
        OSError: it cannot be read.
    """
    with open_archive(path) as archive:
        names = check_members(archive)
        with foreign_code():
            broken = archive.testzip()
    if broken is not None:
        raise ValueError(f"{broken} has changed")
    return names


def check_members(
    archive: zipfile.ZipFile, expansion: int = LARGEST_EXPANSION
) -> list[str]:
    """The members of an archive that is safe to unpack, checksums apart.

    Unpacked it may take `expansion` times its own size.

    Raises:
        ValueError: a member has an absolute path, one with `..`, is a link
            or encrypted, or there twice; or the members take too much room.
    """
    size = _file_of(archive).seek(0, io.SEEK_END)
    members = archive.infolist()
    if len(members) > LARGEST_NUMBER_OF_MEMBERS:
        raise ValueError(f"it has {len(members)} members")
    for member in members:
        _check_member(member)
    names = [member.filename for member in members]
    if len(set(names)) < len(names):
        raise ValueError("a member is there twice")
    folders = {f for n in names for f in pathlib.PurePosixPath(n).parents}
    if len(folders) > LARGEST_NUMBER_OF_MEMBERS:
        raise ValueError(f"it has {len(folders)} folders")
    total = sum(member.file_size for member in members)
    if total > expansion * size:
        raise ValueError(
            f"{size:,} bytes would unpack to {total:,}, which is more "
            f"than {expansion} times as many"
        )
    return names


def _file_of(archive: zipfile.ZipFile) -> IO[bytes]:
    """The file that an open archive reads from."""
    assert archive.fp is not None
    return archive.fp


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise ValueError(f"the member {name!r} leads out of it")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ValueError(f"the member {name!r} is a link")
    if len(parts) > DEEPEST_FOLDER:
        raise ValueError(f"a member is in {len(parts)} folders")
    if member.flag_bits & 1:
        raise ValueError(f"the member {name!r} is encrypted")


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file by name, without unpickling anything.

    Raises:
        ValueError, OSError: it is damaged, or no such file; see
            `check_archive`.
    """
    found = {}
    for name in check_archive(path):
        with open_archive(path) as archive:
            with foreign_code(), archive.open(name) as file:
                _check_array(file, archive.getinfo(name).file_size)
            with foreign_code(), archive.open(name) as file:
                array = np.lib.format.read_array(file, allow_pickle=False)
        found[name.removesuffix(".npy")] = array
    return found


def _check_array(file: IO[bytes], size: int) -> None:
    """Holds the shape that a header claims against the bytes there are."""
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"arrays of the format {version} are not known")
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("an array holds Python objects")
    count = 1
    for length in shape:
        count *= length
    if file.tell() + count * dtype.itemsize != size:
        raise ValueError(f"an array of shape {shape} is not whole")


def open_member(archive: zipfile.ZipFile, name: str) -> "io.BytesIO | Part":
    """Opens a member of a checked archive as a file with fast seeks.

    `zipfile` goes back in a member by reading it again from its beginning.

    Raises:
        ValueError, OSError: it is damaged.
    """
    member = archive.getinfo(name)
    if member.compress_type != zipfile.ZIP_STORED:
        return io.BytesIO(read_member(archive, name))
    with foreign_code(), archive.open(name):
        pass  # checks the header before the content
    file = _file_of(archive)
    file.seek(member.header_offset + 26)
    lengths = struct.unpack("<HH", file.read(4))
    begin = member.header_offset + 30 + sum(lengths)
    return Part(file, begin, member.file_size)


class Part(io.RawIOBase):
    """Some bytes in the middle of a file, as a file."""

    def __init__(self, file: IO[bytes], begin: int, size: int):
        self.file, self.begin, self.size, self.place = file, begin, size, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self.place}
        self.place = origin.get(whence, self.size) + offset
        return self.place

    def tell(self):
        return self.place

    def readinto(self, buffer):
        left = max(self.size - self.place, 0)
        self.file.seek(self.begin + self.place)
        content = self.file.read(min(len(buffer), left))
        buffer[: len(content)] = content
        self.place += len(content)
        return len(content)
