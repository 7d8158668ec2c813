"""Check the headers of an HDF5 file: the sizes that its objects claim.

HDF5 and h5py ask for as much memory as that, and follow texts to wherever
they claim to be. The format, of the one version that HDF5 writes unless told
otherwise:
https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

import math
import mmap
import struct
from collections.abc import Iterator

# Messages of a header.
NOTHING, DATASPACE, DATATYPE, FILL, FILL_VALUE = 0x00, 0x01, 0x03, 0x04, 0x05
EXTERNAL, LAYOUT, FILTER, ATTRIBUTE = 0x07, 0x08, 0x0B, 0x0C
COMMENT, TIME, CONTINUATION, GROUP, TIME_TOO = 0x0D, 0x0E, 0x10, 0x11, 0x12
COUNT = 0x16
KNOWN = {
    *(NOTHING, DATASPACE, DATATYPE, FILL, FILL_VALUE, EXTERNAL, LAYOUT),
    *(FILTER, ATTRIBUTE, COMMENT, TIME, CONTINUATION, GROUP, TIME_TOO, COUNT),
}
OF_ARRAYS = {DATASPACE, DATATYPE, LAYOUT}
SHARED = 2  # flag: the content of a message is elsewhere
# Classes of datatypes.
INTEGER, FLOAT, TEXT, BITS, OPAQUE, ENUMERATION = 0, 1, 3, 4, 5, 8
VARIABLE_LENGTH = 9
LISTS = 16  # what is of variable length and no text
NUMBERS = (INTEGER, FLOAT, BITS, OPAQUE)  # opaque: bfloat16
_FIXED = {1: 8, 2: 8, 3: 9}  # bytes of an attribute before its name, by version
HEAP_OF_TEXTS = b"GCOL\1\0\0\0"


class Headers:
    """The headers of one file of `size` bytes."""

    def __init__(self, content: bytes | mmap.mmap, begin: int, end: int):
        self.content, self.begin, self.size = content, begin, end - begin
        self._left = self.size  # for the arrays
        # Those that do not overlap have less altogether.
        self._heaps_left = self._headers_left = self.size
        self._heaps: set[int] = set()

    def read(self, place: int, size: int) -> bytes:
        """Some bytes. Raises ValueError where the file has ended."""
        if place + size > self.size:
            raise ValueError("it is cut short")
        return self.content[self.begin + place : self.begin + place + size]

    def check(self, address: int, name: str) -> tuple[int, int] | None:
        """Checks the header of an object of that name.

        Returns for a group where its names are: the addresses of a tree and
        a heap.

        Raises:
            ValueError: an array is elsewhere, larger than the file or of
                other things than numbers; an attribute is larger than the
                file, or an array of texts of any length, each of which may be
                the same one; or the format is another.
        """
        found: dict[int, bytes] = {}
        for kind, flags, body in self._messages(address):
            if kind not in KNOWN or flags & SHARED:
                raise ValueError(f"{name} has another format")
            if kind == ATTRIBUTE:
                self._check_attribute(body)
            elif kind in found and kind in (*OF_ARRAYS, GROUP):
                raise ValueError(f"{name} has another format")
            found[kind] = body
        is_array = not OF_ARRAYS.isdisjoint(found)
        if is_array == (GROUP in found):
            raise ValueError(f"{name} has another format")
        if is_array:
            self._check_array(found, name)
            return None
        tree, heap = struct.unpack_from("<QQ", found[GROUP])
        return tree, heap

    def _check_array(self, found: dict[int, bytes], name: str) -> None:
        if not found.keys() >= OF_ARRAYS:
            raise ValueError(f"{name} has another format")
        version, layout = struct.unpack_from("<BB", found[LAYOUT])
        if (
            version != 3
            or layout > 1
            or not found.keys().isdisjoint((EXTERNAL, FILTER))
        ):
            raise ValueError(f"{name} is in pieces or in another file")
        kind, size = _datatype(found[DATATYPE])
        if kind not in NUMBERS:
            raise ValueError(f"{name} is of no numbers")
        self._left -= size * math.prod(_shape(found[DATASPACE]))
        if self._left < 0:
            raise ValueError(f"{name} is larger than the file")

    def _check_attribute(self, body: bytes) -> None:
        version, flags, *sizes = struct.unpack_from("<BBHHH", body)
        if version not in _FIXED or (version > 1 and flags):
            raise ValueError("its attributes have another format")
        place, step = _FIXED[version], 8 if version == 1 else 1
        parts = []
        for size in sizes:
            parts.append(body[place : place + size])
            place += -(-size // step) * step
        kind, size = _datatype(parts[1])
        shape = _shape(parts[2])
        if kind not in (*NUMBERS, TEXT, VARIABLE_LENGTH):
            raise ValueError("an attribute holds other things than texts")
        if kind == VARIABLE_LENGTH and not shape:
            size, heap = struct.unpack_from("<IQ", body, place)
            if heap:
                self._check_texts(heap)
        elif kind == VARIABLE_LENGTH:
            raise ValueError("an attribute holds many texts of any length")
        if size * math.prod(shape) > self.size:
            raise ValueError("an attribute is larger than the file")

    def _check_texts(self, heap: int) -> None:
        """HDF5 goes from one object of a heap to the next without end."""
        if heap in self._heaps:
            return
        self._heaps.add(heap)
        head = self.read(heap, 16)
        if head[:8] != HEAP_OF_TEXTS:
            raise ValueError("its heaps are damaged")
        size = int.from_bytes(head[8:], "little")
        self._heaps_left -= size
        if self._heaps_left < 0:
            raise ValueError("its heaps are damaged")
        content = self.read(heap, size)
        place = 16
        while place + 16 <= len(content):
            index, length = struct.unpack_from("<H6xQ", content, place)
            step = 16 + (length + 7) // 8 * 8 if index else length
            if step < 16:
                raise ValueError("its heaps are damaged")
            place += step

    def _messages(self, address: int) -> Iterator[tuple[int, int, bytes]]:
        """The messages of an object's header: kinds, flags and contents."""
        head = self.read(address, 16)
        if head[0] != 1:
            raise ValueError("its headers have another format")
        blocks = [(address + 16, struct.unpack_from("<I", head, 8)[0])]
        for begin, size in blocks:
            self._headers_left -= size
            if self._headers_left < 0:
                raise ValueError("its headers are larger than the file")
            block, place = self.read(begin, size), 0
            while place + 8 <= size:
                kind, length, flags = struct.unpack_from("<HHB", block, place)
                body = block[place + 8 : place + 8 + length]
                if kind == CONTINUATION:
                    blocks.append(struct.unpack_from("<QQ", body))
                yield kind, flags, body
                place += 8 + length


def _datatype(body: bytes) -> tuple[int, int]:
    """The class of a datatype and its size in bytes."""
    bits, size = struct.unpack_from("<B3xI", body)
    kind = bits & 0xF
    if kind == ENUMERATION and body[8:] and body[8] & 0xF == INTEGER:
        kind = INTEGER  # as h5py keeps a bool
    if kind == VARIABLE_LENGTH and body[1] & 0xF != 1:
        kind = LISTS
    return kind, size


def _shape(body: bytes) -> tuple[int, ...]:
    """The shape that a dataspace describes."""
    version, rank, _, kind = struct.unpack_from("<BBBB", body)
    if version == 2 and kind == 2:  # nothing
        return (0,)
    if version not in (1, 2):
        raise ValueError("its shapes have another format")
    return struct.unpack_from(f"<{rank}Q", body, 8 if version == 1 else 4)
