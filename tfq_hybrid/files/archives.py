"""Zip archives, checked before they are unpacked."""

import contextlib
import io
import pathlib
import stat
import struct
import zipfile

import numpy as np

from tfq_hybrid.reading import foreign_code

# What the members of an archive may take, unpacked, as a multiple of its own
# size. Keras does not compress at all; trained weights hardly can be.
LARGEST_EXPANSION = 100
LARGEST_NUMBER_OF_MEMBERS = 10_000  # and of folders, each made one by one
DEEPEST_FOLDER = 64


@contextlib.contextmanager
def open_archive(path):
    """Opens a zip archive for reading.

    Args:
        path: str or path of the file.

    Yields:
        A `zipfile.ZipFile`.

    Raises:
        ValueError, OSError: it is none.
    """
    with foreign_code():
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


def read_member(archive, name):
    """The content of a member of an open archive, bytes.

    Raises:
        ValueError, OSError: whatever its decompressor raises.
    """
    with foreign_code():
        return archive.read(name)


def check_archive(path, expansion=LARGEST_EXPANSION, checksums=True):
    """Checks that a zip archive is intact and safe to unpack.

    Args:
        path: str or path of the file.
        expansion: int. How many times its own size it may take, unpacked.
            Defaults to `LARGEST_EXPANSION`.
        checksums: bool. Whether to read it all and compare the checksums,
            which whoever reads a member to its end does anyway. Defaults to
            `True`.

    Returns:
        The names of its members, a list of str.

    Raises:
        ValueError: a member has an absolute path, one with `..`, is a link
            or encrypted, or there twice; the members take too much room;
            one has another content than was written; or it is no archive.
        OSError: it cannot be read.
    """
    with open_archive(path) as archive:
        names = check_members(archive, expansion)
        with foreign_code():
            broken = archive.testzip() if checksums else None
    if broken is not None:
        raise ValueError(f"{broken} has changed")
    return names


def check_members(archive, expansion=LARGEST_EXPANSION):
    """`check_archive` for an open archive, without checksums.

    Args:
        archive: `zipfile.ZipFile`.
        expansion: int, as there.

    Returns:
        The names of its members, a list of str.

    Raises:
        ValueError: see there.
    """
    size = archive.fp.seek(0, io.SEEK_END)
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


def _check_member(member):
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


def read_arrays(path):
    """Reads the arrays of an `.npz` file, without unpickling anything.

    Args:
        path: str or path.

    Returns:
        A dict of a name and an array.

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


def _check_array(file, size):
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


def open_member(archive, name):
    """Opens a member of an archive as a file with fast seeks.

    `zipfile` goes back in a member by reading it again from its beginning.

    Args:
        archive: an open `zipfile.ZipFile`, which `check_members` took.
        name: str. The member.

    Returns:
        A binary file: `io.BytesIO` or, where the member is as it is in the
        archive, a `Part` of it.

    Raises:
        ValueError, OSError: it is damaged.
    """
    member = archive.getinfo(name)
    if member.compress_type != zipfile.ZIP_STORED:
        return io.BytesIO(read_member(archive, name))
    with foreign_code(), archive.open(name):
        pass  # checks the header before the content
    archive.fp.seek(member.header_offset + 26)
    lengths = struct.unpack("<HH", archive.fp.read(4))
    begin = member.header_offset + 30 + sum(lengths)
    return Part(archive.fp, begin, member.file_size)


class Part(io.RawIOBase):
    """Some bytes in the middle of a file, as a file."""

    def __init__(self, file, begin, size):
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
