"""Archives and arrays from files: looked through before they are unpacked."""

import contextlib
import io
import math
import mmap
import pathlib
import stat
import struct
import zipfile

import numpy as np

from tfq_hybrid.attributes import check_attributes
from tfq_hybrid.heaps import check_heaps

# What the members of an archive may take, unpacked, as a multiple of its own
# size. Keras does not compress at all; trained weights hardly can be.
LARGEST_EXPANSION = 100
LARGEST_NUMBER_OF_MEMBERS = 10_000  # and of folders, each made one by one
DEEPEST_FOLDER = 64


def check_archive(path, expansion=LARGEST_EXPANSION, checksums=True):
    """Raises unless a zip archive is safe to unpack, and whole.

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
            or encrypted, or there twice; the members take too much room; or
            one has another content than was written.
        OSError, zipfile.BadZipFile: it is none.
    """
    path = pathlib.Path(path)
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
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
        broken = archive.testzip() if checksums else None
    if broken is not None:
        raise ValueError(f"{broken} has changed")
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
    """The arrays of an `.npz` file, without anything pickled.

    Args:
        path: str or path.

    Returns:
        A dict of a name and an array.

    Raises:
        ValueError, OSError, zipfile.BadZipFile: it is damaged, or no such
            file; see `check_archive`.
    """
    found = {}
    for name in check_archive(path):
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
            size = archive.getinfo(name).file_size
            _check_array(file, size)
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
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


@contextlib.contextmanager
def open_member(path, name):
    """A member of an archive as a file that can be searched quickly.

    `zipfile` goes back in a member by reading it again from its beginning.

    Args:
        path: str or path of the archive, which `check_archive` took.
        name: str. The member.

    Yields:
        A binary file.

    Raises:
        ValueError, OSError, zipfile.BadZipFile: it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(name)
        if member.compress_type != zipfile.ZIP_STORED:
            yield io.BytesIO(archive.read(name))
            return
        with archive.open(name):  # checks the header before the content
            pass
        with pathlib.Path(path).open("rb") as file:
            file.seek(member.header_offset + 26)
            lengths = struct.unpack("<HH", file.read(4))
            begin = member.header_offset + 30 + sum(lengths)
            part = _Part(file, begin, member.file_size)
            yield io.BufferedReader(part, 2**16)


class _Part(io.RawIOBase):
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


@contextlib.contextmanager
def open_hdf5(path):
    """An HDF5 file to read, looked through where HDF5 itself does not.

    Args:
        path: str or path.

    Yields:
        An `h5py.File`.

    Raises:
        ValueError, OSError, RuntimeError: it is damaged; see `heaps`
            and `attributes`.
    """
    import h5py

    with pathlib.Path(path).open("rb") as raw:
        check_open_heaps(raw)
        with h5py.File(path, "r") as file:
            check_attributes(file, raw)
            yield file


def check_open_heaps(file):
    """`heaps.check_heaps` for an open file.

    Args:
        file: an open binary file, or what `open_member` yields.

    Raises:
        ValueError: see there.
    """
    if isinstance(file, io.BytesIO):
        content = file.getvalue()
        check_heaps(content, 0, len(content))
        return
    raw, begin, size = file.raw, 0, None
    if isinstance(raw, _Part):
        raw, begin, size = raw.file, raw.begin, raw.size
    with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content:
        end = len(content) if size is None else begin + size
        check_heaps(content, begin, min(end, len(content)))


def check_weights(file):
    """Raises unless an HDF5 file holds whole arrays of finite numbers alone.

    Args:
        file: an open `h5py.File`.

    Returns:
        A pair: how many arrays, and how many numbers are in them.

    Raises:
        ValueError: an array is elsewhere, larger than the file, of other
            things than numbers, or not finite; the message names it.
    """
    arrays, numbers = 0, 0
    for name, data in datasets(file):
        values = data[()]
        # A bfloat16 is kept as two bytes that NumPy has no name for.
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{name} is not finite")
        arrays, numbers = arrays + 1, numbers + values.size
    return arrays, numbers


def datasets(file):
    """The arrays of an HDF5 file that are safe to read: pairs with names.

    Links are not followed. No array is larger than the file: nothing here
    writes compressed ones.

    Raises:
        ValueError: see `check_weights`.
    """
    import h5py

    # By HDF5's own functions: h5py's take ten times as long.
    root, names, found = file.id, [], []

    def visit(name, info):
        if info.type == h5py.h5o.TYPE_DATASET:
            names.append(name)

    h5py.h5o.visit(root, visit, info=True)
    left = root.get_filesize()
    for raw in names:
        data, name = h5py.h5d.open(root, raw), raw.decode("utf-8", "replace")
        options, kind = data.get_create_plist(), data.dtype
        is_virtual = options.get_layout() == h5py.h5d.VIRTUAL
        if is_virtual or options.get_external_count():
            raise ValueError(f"{name} is kept in another file")
        # V: bfloat16, and no array of records.
        if kind.kind not in "biufV" or kind.hasobject or kind.names:
            raise ValueError(f"{name} is of {kind}")
        left -= math.prod(data.shape or ()) * kind.itemsize
        if left < 0:
            raise ValueError(f"{name} is larger than the file")
        found.append((name, h5py.Dataset(data)))
    return found
