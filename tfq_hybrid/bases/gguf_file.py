"""Files in GGUF, the format of llama.cpp: metadata and tensors, checked.

The header is read here, where every count and size in it is held against the
file before memory is asked for; `gguf.GGUFReader` trusts them, and takes five
seconds over the words of a small model. The blocks of quantised tensors are
decoded by `gguf`. The format:
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import contextlib
import itertools
import math
import os
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import gguf
import numpy as np

from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import foreign_code, open_file, reading

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = "general.alignment"
LARGEST_HEADER = 2**26  # bytes; Llama 3's has 8 million
MOST_DIMENSIONS = 4
_CHUNK = 2**21  # values that are decoded at once
_TEXT, _ARRAY = 8, 9
# The other types of values, by their numbers.
_NUMBERS = {
    number: np.dtype(kind)
    for number, kind in enumerate("<u1 <i1 <u2 <i2 <u4 <i4 <f4 ?".split())
} | {10: np.dtype("<u8"), 11: np.dtype("<i8"), 12: np.dtype("<f8")}
# The types of tensors that are read.
TYPES = tuple(
    gguf.GGMLQuantizationType[name]
    for name in "F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q4_K Q5_K Q6_K".split()
)


class Tensor(NamedTuple):
    """Where a tensor is in a file, and how it is written.

    Attributes:
        shape: as in NumPy, the last dimension contiguous.
        type: of its blocks.
        place: of its first byte in the file.
        size: in bytes.
    """

    shape: tuple[int, ...]
    type: gguf.GGMLQuantizationType
    place: int
    size: int


class GGUFFile:
    """An open GGUF file whose header was checked. See `open_gguf`.

    Attributes:
        path: of the file.
        metadata: dict of a key and a number, a bool, a text, a list of texts
            or an array of numbers.
        tensors: dict of a name and a `Tensor`.
    """

    def __init__(self, file: IO[bytes], path: str | os.PathLike[str]):
        self.path, self._file = path, file
        size = os.fstat(file.fileno()).st_size
        header = _Header(file, min(size, LARGEST_HEADER))
        tensors, keys = header.begin()
        self.metadata = header.metadata(keys)
        self.tensors = header.tensors(tensors, self._alignment(), size)

    def _alignment(self) -> int:
        found = self.metadata.get(ALIGNMENT, 32)
        if type(found) is not int or found < 1 or found & (found - 1):
            raise ValueError(f"{ALIGNMENT} is {found!r}, no power of two")
        return found

    def read(self, name: str) -> np.ndarray:
        """The values of a tensor, float32, decoded some rows at a time.

        Raises:
            UserError: they are not finite, or not there any more.
        """
        tensor = self.tensors[name]
        rows = math.prod(tensor.shape[:-1])
        found = np.empty((rows, tensor.shape[-1]), np.float32)
        step = max(_CHUNK // tensor.shape[-1], 1)
        for first in range(0, rows, step):
            part = found[first : first + step]
            part[...] = self._decoded(name, first, len(part), rows)
        return found.reshape(tensor.shape)

    def _decoded(self, name, first, count, rows):
        tensor = self.tensors[name]
        width = tensor.size // rows
        with reading("a whole .gguf file", self.path):
            self._file.seek(tensor.place + first * width)
            content = self._file.read(count * width)
            if len(content) < count * width:
                raise ValueError("it is cut short")
            blocks = np.frombuffer(content, np.uint8).reshape(count, width)
            with foreign_code(), np.errstate(all="ignore"):
                part = gguf.dequantize(blocks, tensor.type)
            if not np.isfinite(part).all():
                raise ValueError(f"{name} holds what is no finite number")
        return part

    def refused(self, reason: str) -> UserError:
        """What to raise where the file is whole, and of another kind."""
        return UserError(
            "Expected a .gguf file of a Llama with a byte-pair tokenizer. "
            f"Received: {self.path}, {reason}"
        )


@contextlib.contextmanager
def open_gguf(path: str | os.PathLike[str]) -> Iterator[GGUFFile]:
    """Opens a GGUF file for reading.

    Raises:
        UserError: it is damaged, big-endian, or its tensors are of a type
            that is not in `TYPES`.
    """
    with contextlib.ExitStack() as stack:
        with reading("a whole .gguf file", path):
            opened = stack.enter_context(open_file(path))
            file = GGUFFile(opened, path)
        yield file


class _Header:
    """The header of a file, of which no more than `left` bytes are read."""

    def __init__(self, file, left):
        self._file, self._left = file, left

    def take(self, size):
        if size > self._left:
            raise ValueError("its header is cut short, or larger than is read")
        self._left -= size
        return self._file.read(size)

    def number(self, kind):
        size = _NUMBERS[kind].itemsize
        return np.frombuffer(self.take(size), _NUMBERS[kind])[0].item()

    def text(self):
        return self.take(self.number(10)).decode()

    def begin(self):
        """How many tensors and keys there are."""
        if self.take(4) != MAGIC:
            raise ValueError(f"it does not begin with {MAGIC.decode()}")
        version = self.number(4)
        if version and not version % 2**16:
            raise ValueError("it is big-endian")
        if version not in VERSIONS:
            raise ValueError(f"its version is {version}, not 2 or 3")
        return self.number(10), self.number(10)

    def metadata(self, count):
        found: dict[str, Any] = {}
        for _ in range(self._checked(count, 13)):
            key, kind = self.text(), self.number(4)
            if key in found:
                raise ValueError(f"the key {key[:60]!r} is there twice")
            found[key] = self._value(key, kind)
        return found

    def _value(self, key, kind):
        if kind == _TEXT:
            return self.text()
        if kind in _NUMBERS:
            return self.number(kind)
        if kind == _ARRAY:
            kind, count = self.number(4), self.number(10)
            if kind == _TEXT:
                return [self.text() for _ in range(self._checked(count, 8))]
            if kind in _NUMBERS:
                content = self.take(count * _NUMBERS[kind].itemsize)
                return np.frombuffer(content, _NUMBERS[kind])
        raise ValueError(f"{key[:60]} is of the unknown type {kind}")

    def _checked(self, count, least):
        """A count of what takes that many bytes each, or more."""
        if count * least > self._left:
            raise ValueError(f"it is cut short: {count:,} entries are no more")
        return count

    def tensors(self, count, alignment, size):
        found: dict[str, Tensor] = {}
        for _ in range(self._checked(count, 32)):
            name, dimensions = self.text(), self.number(4)
            if name in found:
                raise ValueError(f"the tensor {name[:60]!r} is there twice")
            if not 1 <= dimensions <= MOST_DIMENSIONS:
                raise ValueError(f"{name[:60]} has {dimensions} dimensions")
            shape = [self.number(10) for _ in range(dimensions)]
            found[name] = _tensor(name, shape, self.number(4), self.number(10))
        begin = -(-self._file.tell() // alignment) * alignment
        for name, tensor in found.items():
            if tensor.place % alignment:
                raise ValueError(f"{name[:60]} is not aligned")
            if begin + tensor.place + tensor.size > size:
                raise ValueError(f"it is cut short: {name[:60]} is not whole")
            found[name] = tensor._replace(place=begin + tensor.place)
        ordered = sorted(found.items(), key=lambda item: item[1].place)
        for (name, first), (other, second) in itertools.pairwise(ordered):
            if first.place + first.size > second.place:
                raise ValueError(f"{name[:60]} and {other[:60]} overlap")
        return found


def _tensor(name, shape, kind, place):
    """A tensor from what stands in the header: its dimensions reversed."""
    known = {each.value: each for each in TYPES}
    if kind not in known:
        names = {each.value: each.name for each in gguf.GGMLQuantizationType}
        raise ValueError(
            f"{name[:60]} is of the type {names.get(kind, kind)}, and not of "
            f"{', '.join(each.name for each in TYPES)}"
        )
    block, size = gguf.GGML_QUANT_SIZES[known[kind]]
    if min(shape) < 1:
        raise ValueError(f"{name[:60]} is empty")
    if shape[0] % block:
        raise ValueError(
            f"{name[:60]} has rows of {shape[0]} values, in blocks of {block}"
        )
    shape = tuple(reversed(shape))
    size = math.prod(shape) // block * size
    return Tensor(shape, known[kind], place, size)
