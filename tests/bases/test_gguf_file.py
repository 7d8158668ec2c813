"""GGUF files: blocks with known values, headers that lie."""

import struct

import gguf
import numpy as np
import pytest

from tests.bases.gguf_files import TYPES, tiny, words
from tfq_hybrid.bases.gguf_file import open_gguf
from tfq_hybrid.errors import UserError


def half(value):
    return np.float16(value).tobytes()


def bits(values):
    """Five-bit values: the fifth bits, and the low nibbles in two halves."""
    fifth = sum((value >> 4) << place for place, value in enumerate(values))
    low = [value & 15 for value in values]
    nibbles = bytes(a | b << 4 for a, b in zip(low[:16], low[16:], strict=True))
    return struct.pack("<I", fifth) + nibbles


UP_AND_DOWN = [*range(16), *range(15, -1, -1)]
NIBBLES = bytes(j | (15 - j) << 4 for j in range(16))
SIGNED = [*range(-16, 16)]
# Of each type a block by hand, and its values.
BLOCKS = {
    "F32": (struct.pack("<2f", 1.5, -2), [1.5, -2]),
    "F16": (half(1.5) + half(-2), [1.5, -2]),
    "BF16": (struct.pack("<2f", 1.5, -2)[2:4] + b"\0\xc0", [1.5, -2]),
    "Q8_0": (half(0.5) + struct.pack("32b", *SIGNED), np.array(SIGNED) / 2),
    "Q4_0": (half(2) + NIBBLES, (np.array(UP_AND_DOWN) - 8) * 2),
    "Q4_1": (half(1) + half(0) + NIBBLES, UP_AND_DOWN),
    "Q5_0": (half(1) + bits(range(32)), SIGNED),
    "Q5_1": (half(2) + half(-1) + bits(range(32)), 2 * np.arange(32) - 1),
    # Eight groups of 32, each with a scale of 1 and a minimum of 0.
    "Q4_K": (
        half(1) + half(1) + bytes([1] * 4 + [0] * 4 + [1] * 4) + b"\x21" * 128,
        ([1] * 32 + [2] * 32) * 4,
    ),
    "Q5_K": (
        half(1) + half(1) + bytes([1] * 4 + [0] * 4 + [1] * 4)
        + b"\1" * 32 + b"\x21" * 128,
        [17] * 32 + [2] * 32 + ([1] * 32 + [2] * 32) * 3,
    ),
    # Low nibbles 5, high bits 2: 37, less 32. Sixteen scales of 3.
    "Q6_K": (
        b"\x55" * 128 + b"\xaa" * 64 + b"\3" * 16 + half(1),
        [15] * 256,
    ),
}  # fmt: skip


def make(
    kind=0,
    shape=(2,),
    content=b"\0" * 8,
    name=b"w",
    version=3,
    order="<",
    tensors=1,
    keys=(),
    count=None,
    offset=0,
    alignment=32,
):
    """A file of one tensor, or of it several times, byte by byte."""
    content = bytes(content)
    info = struct.pack(f"{order}Q", len(name)) + name
    info += struct.pack(f"{order}I{len(shape)}Q", len(shape), *shape)
    info += struct.pack(f"{order}IQ", kind, offset)
    header = b"GGUF" + struct.pack(f"{order}I", version)
    count = len(keys) if count is None else count
    header += struct.pack(f"{order}QQ", tensors, count)
    header += b"".join(keys) + info * tensors
    return header + b"\0" * (-len(header) % alignment) + content


def key(name, kind, value):
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + value


def text(value):
    return struct.pack("<Q", len(value)) + value


def read(content, folder):
    path = folder / "a.gguf"
    path.write_bytes(content)
    with open_gguf(path) as file:
        return {name: file.read(name) for name in file.tensors}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_by_hand(name, tmp_path):
    content, values = BLOCKS[name]
    # The first dimension of a file is the last one here.
    file = make(TYPES[name].value, (len(values), 2), content * 2)
    found = read(file, tmp_path)["w"]
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, [values, values])


def test_the_header_is_that_of_the_reader_of_gguf(tmp_path):
    path = tmp_path / "tiny.gguf"
    path.write_bytes(tiny())
    theirs = gguf.GGUFReader(path)
    with open_gguf(path) as ours:
        assert ours.metadata["tokenizer.ggml.tokens"] == words()
        for name, value in ours.metadata.items():
            value = value.tolist() if isinstance(value, np.ndarray) else value
            assert value == theirs.fields[name].contents(), name
        assert len(ours.tensors) == len(theirs.tensors)
        for tensor in theirs.tensors:
            np.testing.assert_array_equal(ours.read(tensor.name), tensor.data)


def test_alignment_is_a_key_of_the_file(tmp_path):
    wide = key(b"general.alignment", 4, struct.pack("<I", 64))
    padding = key(b"a", 8, text(b"b" * 32))
    content = struct.pack("<2f", 1, 2)
    file = make(content=content, keys=(wide, padding), alignment=64)
    assert file != make(content=content, keys=(wide, padding))
    np.testing.assert_array_equal(read(file, tmp_path)["w"], [1, 2])


U32 = struct.pack("<I", 7)
BAD = {
    "nothing": (b"", "cut short"),
    "another file": (b"PK" + bytes(60), "does not begin with GGUF"),
    "version 1": (make(version=1), "version is 1"),
    "version 4": (make(version=4), "version is 4"),
    "big-endian": (make(order=">"), "big-endian"),
    "cut in the header": (make()[:40], "cut short"),
    "cut in the tensor": (make()[:-1], "w is not whole"),
    "counts": (make(count=2**40), "cut short"),
    "tensors": (make()[:8] + struct.pack("<Q", 2**60) + make()[16:], "cut"),
    "a long text": (make(keys=[struct.pack("<Q", 2**63)]), "cut short"),
    "a long list": (
        make(keys=[key(b"a", 9, struct.pack("<IQ", 8, 2**50))]),
        "cut short",
    ),
    "a long array": (
        make(keys=[key(b"a", 9, struct.pack("<IQ", 6, 2**62))]),
        "cut short",
    ),
    "lists of lists": (
        make(keys=[key(b"a", 9, struct.pack("<IQ", 9, 1))]),
        "unknown type 9",
    ),
    "an unknown value": (make(keys=[key(b"a", 13, U32)]), "unknown type 13"),
    "a key twice": (make(keys=[key(b"a", 4, U32)] * 2), "'a' is there twice"),
    "no UTF-8": (make(keys=[key(b"a\xff", 4, U32)]), "utf-8"),
    "a tensor twice": (make(tensors=2), "tensor 'w' is there twice"),
    "no dimension": (make(shape=()), "has 0 dimensions"),
    "five dimensions": (make(shape=(1,) * 5), "has 5 dimensions"),
    "empty": (make(shape=(0, 2)), "w is empty"),
    "huge": (make(shape=(2**40, 2**40)), "w is not whole"),
    "an unknown type": (make(kind=99, name=b"q"), "q is of the type 99"),
    "a type that is not read": (make(kind=10), "w is of the type Q2_K"),
    "a row of 48": (make(kind=8, shape=(48,)), "48 values, in blocks of 32"),
    "not aligned": (make(offset=4), "w is not aligned"),
    "a wrong alignment": (
        make(keys=[key(b"general.alignment", 4, U32)]),
        "is 7, no power of two",
    ),
    "infinite": (
        make(content=struct.pack("<2f", 1, np.inf)),
        "no finite number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_one_line(name, tmp_path):
    content, message = BAD[name]
    with pytest.raises(UserError, match=message):
        read(content, tmp_path)


def test_tensors_that_overlap(tmp_path):
    """A small file would be a large model."""
    file = make(tensors=2)
    second = file.index(b"w", file.index(b"w") + 1)
    file = file[:second] + b"v" + file[second + 1 :]
    with pytest.raises(UserError, match="w and v overlap"):
        read(file, tmp_path)


def test_a_big_endian_quantised_file_of_the_writer(tmp_path):
    path = tmp_path / "big.gguf"
    writer = gguf.GGUFWriter(path, "llama", endianess=gguf.GGUFEndian.BIG)
    blocks = gguf.quantize(np.ones((2, 32), "f"), TYPES.Q8_0)
    writer.add_tensor("w", blocks, raw_dtype=TYPES.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(UserError, match="big-endian"):
        read(path.read_bytes(), tmp_path)
