"""Follow the groups of an HDF5 file, with bounds, before HDF5 does.

HDF5 looks for names and free room in heaps, each part of which names the
next, without end where they lead in a circle.
"""

import struct

from tfq_hybrid.files.headers import Headers

SUPERBLOCK = b"\x89HDF\r\n\x1a\n\0"  # version 0
EIGHT = b"\x08\x08"  # bytes of an address and of a length
NOWHERE = b"\xff" * 8
ROOT = 56  # where the root's entry is
ENTRY = 40  # bytes
IN_ENTRY, A_LINK = 1, 2  # what an entry keeps of its object
NOTHING_FREE = 1
DEEPEST = 200  # groups in each other
LONGEST = 1024  # characters of a name, with those of the groups around it


def check_structure(content, begin, end):
    """Checks that an HDF5 file is safe to read: intact numeric arrays only.

    Args:
        content: bytes or `mmap.mmap`.
        begin, end: int. Where in it the file is.

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

    def __init__(self, file):
        self.file = file
        self.objects, self.nodes = set(), set()
        self.left = file.size  # for names: heaps that do not overlap have less

    def check(self, entry, name="the file", depth=0):
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

    def _entries(self, tree):
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

    def _names(self, heap):
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


def _text(names, place):
    end = names.find(b"\0", place, place + LONGEST)
    if end < 0:
        raise ValueError("its heaps are damaged")
    return names[place:end].decode("utf-8", "replace")
