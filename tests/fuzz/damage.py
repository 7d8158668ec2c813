"""Random and damaged contents of files."""

import contextlib
import copy
import io
import json
import zipfile

from hypothesis import strategies as st

NASTY = [
    None,
    True,
    -1,
    0,
    3,
    2**31,
    10**400,
    1e308,
    -0.5,
    float("nan"),
    float("inf"),
    "",
    "\ud800",
    "\0",
    "../../etc/passwd",
    "a" * 5000,
    [],
    {},
    [[]],
    {"": None},
    [None] * 100,
]


@st.composite
def damaged_bytes(draw, valid):
    """Valid bytes with some flipped, cut, doubled or put in."""
    content = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        kind = draw(st.sampled_from(["flip", "cut", "insert", "double"]))
        if kind == "flip" and place < len(content):
            content[place] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del content[place:]
        elif kind == "insert":
            content[place:place] = draw(st.binary(max_size=8))
        else:
            content[place:place] = content[place : place + 40]
    return bytes(content)


def places(value, path=()):
    """The paths of all that is in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inner in items:
        yield from places(inner, (*path, key))


# A layer of 2**31 units would be built before its weights are missed.
SMALL = [value for value in NASTY if value != 2**31]


@st.composite
def damaged_json(draw, content, values):
    """JSON with values of other kinds, missing, or nested without end."""
    content = json.loads(json.dumps(content))
    for _ in range(draw(st.integers(1, 3))):
        paths = [path for path in places(content) if path]
        *above, last = draw(st.sampled_from([("x",), *paths]))
        inner = content
        try:
            for key in above:
                inner = inner[key]
            if draw(st.booleans()) and draw(st.booleans()):
                del inner[last]
            else:
                inner[last] = copy.deepcopy(draw(st.sampled_from(values)))
        except (LookupError, TypeError):
            return _text_of(draw(st.sampled_from(values)))
    text = _text_of(content)
    if draw(st.integers(0, 15)) == 0:
        deep = draw(st.sampled_from([b"[", b'{"a":'])) * 100_000
        text = text.replace(b"1", deep, 1)
    return text


@st.composite
def damaged_archive(draw, valid):
    """An archive with members that no good one has."""
    file = io.BytesIO(valid)
    names = ["../a", "/a", "a\\..\\b", "config.json", "C:a", "assets/a"]
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for _ in range(draw(st.integers(1, 3))):
            member = zipfile.ZipInfo(draw(st.sampled_from(names)))
            member.compress_type = zipfile.ZIP_DEFLATED
            mode = draw(st.sampled_from([0o100644, 0o120777, 0o040755]))
            member.external_attr = mode << 16
            size = draw(st.sampled_from([0, 10, 5_000_000]))
            archive.writestr(member, b"\0" * size)
    return file.getvalue()


def inputs(valid, values=NASTY):
    """What a reader is fed with, beside what is right."""
    kinds = [st.binary(max_size=300), damaged_bytes(valid)]
    with contextlib.suppress(ValueError):
        kinds += [damaged_json(json.loads(valid), values)] * 2
    if zipfile.is_zipfile(io.BytesIO(valid)):
        kinds.append(damaged_archive(valid))
    return st.one_of(kinds)


def _text_of(content):
    return json.dumps(content).encode()
