"""Mutations of zip archives."""

import io
import zipfile

from tests.fuzz.mutations.attacks import MARKER
from tests.fuzz.mutations.plain import mutate_bytes

NAMES = [
    "../a",
    "../../../../../../../../.." + str(MARKER),
    str(MARKER),
    "a\\..\\b",
    "C:a",
    "config.json",
    "metadata.json",
    "model.weights.h5",
    "model.weights.json",
    "assets/a",
    "assets/../../a",
    "assets/tokenizer/vocabulary.txt",
    "a/" * 500 + "a",
    "",
    "é\0",
]
_KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_RARE = (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def mutate_archive(random, content, inside):
    """Another archive, of members that are changed, gone, added or evil.

    Args:
        random: `random.Random`.
        content: bytes of an archive.
        inside: function of a name and bytes, which mutates a member.
    """
    members = _members(content)
    if members is None:
        return mutate_bytes(random, content)
    kind = random.randrange(20)
    if kind < 14:
        place = random.randrange(len(members))
        if random.random() < 0.5:  # what most of the reading is about
            sizes = [len(data) for _, data in members]
            place = sizes.index(max(sizes))
        name, data = members[place]
        members[place] = name, inside(name, data)
    elif kind == 14:
        del members[random.randrange(len(members))]
    elif kind == 15:
        name, data = random.choice(members)
        members.append((random.choice(NAMES), data))
    elif kind == 16:
        size = random.choice((0, 10, 5_000_000))
        members.append((random.choice(NAMES), b"\0" * size))
    elif kind == 17:
        place = random.randrange(len(members))
        members[place] = random.choice(NAMES), members[place][1]
    elif kind == 18:
        members *= random.choice((2, 300))
    else:
        random.shuffle(members)
    return _written(random, members, is_evil=kind in (15, 16, 17))


def change_archive(random, content):
    """The same members in another order, compressed or not."""
    members = _members(content)
    if members is None:
        return content
    random.shuffle(members)
    return _written(random, members, is_evil=False, rare=False)


def _members(content):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # whatever zipfile and its decompressors raise
        return None


def _written(random, members, is_evil, rare=True):
    file = io.BytesIO()
    kind = random.choice(_KINDS)
    if rare and random.random() < 0.03:
        kind = random.choice(_RARE)
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members:
            member = zipfile.ZipInfo(name or "a")
            member.compress_type = kind
            if is_evil:
                mode = random.choice((0o100644, 0o120777, 0o040755, 0o020666))
                member.external_attr = mode << 16
            archive.writestr(member, data)
    return file.getvalue()


def rebuilt(content, inside):
    """The archive with other contents of its members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in _members(content):
            archive.writestr(name, inside(name, data))
    return file.getvalue()
