"""Open HDF5 files, after checks that HDF5 itself does not make.

HDF5 looks for names and free room in heaps, each part of which names the
next, without end where they lead in a circle.
"""

import contextlib
import io
import mmap
import os
import struct
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

import numpy as np

from tfq_hybrid.files.archives import Part
from tfq_hybrid.files.headers import Headers
from tfq_hybrid.reading import foreign_code, open_file

if TYPE_CHECKING:
    import h5py

SUPERBLOCK = b"\x89HDF\r\n\x1a\n\0"  # version 0
EIGHT = b"\x08\x08"  # bytes of an address and of a length
NOWHERE = b"\xff" * 8
ROOT = 56  # where the root's entry is
ENTRY = 40  # bytes
IN_ENTRY, A_LINK = 1, 2  # what an entry keeps of its object
NOTHING_FREE = 1
DEEPEST = 200  # groups in each other
LONGEST = 1024  # characters of a name, with those of the groups around it


@contextlib.contextmanager
def open_hdf5(path: str | os.PathLike[str]) -> Iterator["h5py.File"]:
    """Opens an HDF5 file of intact numeric arrays for reading.

    Raises:
        ValueError, OSError: it is damaged; see `check_hdf5`.
    """
    import h5py

    with open_file(path) as raw:
        check_hdf5(raw)
    with foreign_code():
        file = h5py.File(path, "r")
    with file:
        yield file


def check_hdf5(raw: IO[bytes] | io.BytesIO | Part) -> None:
    """Checks a binary file without the HDF5 library.

    Raises:
        ValueError: it is not safe to read; see `check_structure`.
    """
    if isinstance(raw, io.BytesIO):
        check_structure(raw.getvalue(), 0, len(raw.getvalue()))
        return
    part = raw if isinstance(raw, Part) else None
    number = (part.file if part else raw).fileno()
    with mmap.mmap(number, 0, access=mmap.ACCESS_READ) as content:
        begin = part.begin if part else 0
        end = begin + part.size if part else len(content)
        check_structure(content, begin, min(end, len(content)))


def check_weights(file: "h5py.File") -> tuple[int, int]:
    """Checks that all arrays are finite: how many there are, and numbers.

    Raises:
        ValueError: one is not; the message names it.
    """
    arrays, numbers = 0, 0
    for name, data in datasets(file):
        values = read_dataset(data)
        # A bfloat16 is kept as two bytes that NumPy has no name for.
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{name} is not finite")
        arrays, numbers = arrays + 1, numbers + values.size
    return arrays, numbers


def read_dataset(data: "h5py.Dataset") -> np.ndarray:
    """The array of a dataset.

    Raises:
        ValueError, OSError: it is damaged.
    """
    with foreign_code():
        return data[()]


def datasets(file: "h5py.File") -> list[tuple[str, "h5py.Dataset"]]:
    """The arrays of a file with their names.

    Raises:
        ValueError, OSError: a group is damaged.
    """
    import h5py

    found: list[tuple[str, h5py.Dataset]] = []

    def visit(name, info):
        if info.type == h5py.h5o.TYPE_DATASET:
            data = h5py.Dataset(h5py.h5d.open(file.id, name))
            found.append((name.decode("utf-8", "replace"), data))

    with foreign_code():
        h5py.h5o.visit(file.id, visit, info=True)
    return found


def check_structure(content: bytes | mmap.mmap, begin: int, end: int) -> None:
    """Checks that an HDF5 file is safe to read: intact numeric arrays only.

    Raises:
        ValueError: see `headers.Headers.check`; or groups lead in a circle,
            or to another file.
    """
    file = Headers(content, begin, end)
    begins_well = content[begin : begin + len(SUPERBLOCK)] == SUPERBLOCK
    head = file.read(0, ROOT + ENTRY) if begins_well else b""
    if (
        not begins_well
        or head[13:15] != EIGHT
        or any(head[24:32])  # places are counted from the beginning
        or head[48:56] != NOWHERE  # no driver
    ):
        raise ValueError("it does not begin as h5py begins an HDF5 file")
    try:
        _Groups(file).check(head[ROOT:])
    except struct.error:
        raise ValueError("it is cut short") from None


class _Groups:
    """One walk; every object, tree and heap is looked at once."""

    def __init__(self, file: Headers):
        self.file = file
        self.objects: set[int] = set()
        self.nodes: set[int] = set()
        self.left = file.size  # for names: heaps that do not overlap have less

    def check(
        self, entry: bytes, name: str = "the file", depth: int = 0
    ) -> None:
        _, address, kept = struct.unpack_from("<QQI", entry)
        if kept == A_LINK or address in self.objects:
            return  # a link is within the file, by name
        self.objects.add(address)
        group = self.file.check(address, name)
        if group is None:
            return
        if depth > DEEPEST or len(name) > LONGEST:
            raise ValueError(f"it has more than {DEEPEST} nested groups")
        in_entry = struct.unpack_from("<QQ", entry, 24)
        if kept == IN_ENTRY and in_entry != group:
            raise ValueError(f"{name} is in two places")
        tree, heap = group
        names = self._names(heap)
        for inner in self._entries(tree):
            own = _text(names, *struct.unpack_from("<Q", inner))
            path = f"{name}/{own}" if depth else own
            self.check(inner, path, depth + 1)

    def _entries(self, tree: int) -> Iterator[bytes]:
        """The entries of the objects in a group."""
        left = [tree]
        while left:
            place = left.pop()
            if place in self.nodes:
                raise ValueError("its groups lead in a circle")
            self.nodes.add(place)
            head = self.file.read(place, 8)
            kind, count = struct.unpack_from("<BxH", head, 4)
            if head[:4] == b"SNOD":
                content = self.file.read(place + 8, count * ENTRY)
                for begin in range(0, len(content), ENTRY):
                    yield content[begin : begin + ENTRY]
            elif head[:4] == b"TREE" and kind == 0:
                pairs = self.file.read(place + 24, 16 * count + 8)
                left += struct.unpack(f"<{2 * count + 1}Q", pairs)[1::2]
            else:
                raise ValueError("its groups have another format")

    def _names(self, heap: int) -> bytes:
        """The content of a heap of names."""
        head = self.file.read(heap, 32)
        if head[:8] != b"HEAP\0\0\0\0":
            raise ValueError("its groups have another format")
        size, free, address = struct.unpack_from("<3Q", head, 8)
        self.left -= size
        if self.left < 0:
            raise ValueError("its heaps are damaged")
        content = self.file.read(address, size)
        left = size // 16
        while free != NOTHING_FREE:
            if free + 16 > size or not left:
                raise ValueError("its heaps are damaged")
            (free,) = struct.unpack_from("<Q", content, free)
            left -= 1
        return content


def _text(names: bytes, place: int) -> str:
    end = names.find(b"\0", place, place + LONGEST)
    if end < 0:
        raise ValueError("its heaps are damaged")
    return names[place:end].decode("utf-8", "replace")
