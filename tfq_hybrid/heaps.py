"""The heaps of HDF5 files, where names and texts are kept.

HDF5 follows the sizes and offsets in them from one to the next, without end
where they lead in a circle. They are followed here first, with an end.
"""

import struct

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# How heaps begin: their names, versions and what is reserved.
OF_TEXTS = b"GCOL\1\0\0\0"
OF_NAMES = b"HEAP\0\0\0\0"
NOTHING_FREE = 1


def check_heaps(content, begin, end):
    """Raises where HDF5 would read a heap without end.

    Every heap is looked at that there may be: which of them HDF5 comes to is
    left to the file.

    Args:
        content: bytes or `mmap.mmap`.
        begin, end: int. Where in it the file is.

    Raises:
        ValueError: a heap leads in a circle, or they overlap.
    """
    if content[begin : begin + len(SIGNATURE)] != SIGNATURE:
        raise ValueError("it does not begin as an HDF5 file does")
    most = (end - begin) // 8  # objects; heaps that do not overlap have fewer
    for mark, walk in ((OF_TEXTS, _texts), (OF_NAMES, _free_names)):
        left = most
        place = content.find(mark, begin, end)
        while place >= 0:
            for _ in walk(content, place, begin, end):
                left -= 1
                if left < 0:
                    raise ValueError("its heaps are damaged")
            place = content.find(mark, place + 1, end)


def _texts(content, place, begin, end):
    """The objects of a heap of texts, by their sizes."""
    size = int.from_bytes(content[place + 8 : place + 16], "little")
    if place + size > end:
        raise ValueError("its heaps are cut short")
    last, place = place + size - 16, place + 16
    while place <= last:
        index, length = struct.unpack_from("<H6xQ", content, place)
        step = 16 + (length + 7) // 8 * 8 if index else length
        if step < 16:  # that of a free one is its own, too
            raise ValueError("its heaps are damaged")
        place += step
        yield place


def _free_names(content, place, begin, end):
    """The free parts of a heap of names, each of which names the next."""
    if place + 32 > end:
        return
    size, offset, address = struct.unpack_from("<3Q", content, place + 8)
    left = size // 16
    while offset != NOTHING_FREE and offset < size:
        place = begin + address + offset
        if place + 16 > end:
            return  # where HDF5 itself ends
        if not left:
            raise ValueError("its heaps are damaged")
        left -= 1
        (offset,) = struct.unpack_from("<Q", content, place)
        yield place
