"""Mutations of bytes and of lines of text."""

from tests.fuzz.mutations.attacks import TEXTS

LARGEST = 2**21  # bytes; what was doubled again and again is cut there
_BITS = [b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc0\x80"]
_SIGNS = [b'"', b",", b"\t", b"\r", b"\n", b"\r\n", b"{", b"}", b"\\", b"'"]


def mutate_bytes(random, content):
    """Some bytes flipped, cut out, put in, doubled or moved."""
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        place = random.randint(0, len(content))
        length = random.choice((1, 2, 8, 64, 512))
        part = content[place : place + length]
        kind = random.randrange(7)
        if kind == 0 and place < len(content):
            content[place] ^= 1 << random.randrange(8)
        elif kind == 1 and place < len(content):
            content[place] = random.choice((0, 1, 127, 128, 255))
        elif kind == 2:
            del content[place : place + length]
        elif kind == 3:
            content[place:place] = random.randbytes(length)
        elif kind == 4:
            content[place:place] = part * random.choice((1, 2, 50))
        elif kind == 5:
            other = random.randint(0, len(content))
            content[other : other + len(part)] = part
        elif random.random() < 0.3:
            del content[place:]
        else:
            content[place:place] = random.choice(_BITS + _SIGNS)
    return bytes(content[:LARGEST])


def mutate_lines(random, content):
    """Lines doubled, left out, exchanged, joined, or with another field."""
    lines = content.split(b"\n")
    for _ in range(random.choice((1, 1, 2))):
        place, other = (
            random.randrange(len(lines)),
            random.randrange(len(lines)),
        )
        kind = random.randrange(7)
        if kind == 0:
            lines.insert(other, lines[place])
        elif kind == 1 and len(lines) > 1:
            del lines[place]
        elif kind == 2:
            lines[place], lines[other] = lines[other], lines[place]
        elif kind == 3:
            lines[place] *= random.choice((2, 100))
        elif kind == 4:
            text = random.choice(TEXTS).encode("utf-8", "surrogatepass")
            lines[place] = _with_field(random, lines[place], text)
        elif kind == 5:
            lines[place] += random.choice(_SIGNS + _BITS)
        else:
            lines[place] = mutate_bytes(random, lines[place])
        if not lines:
            lines = [b""]
    return b"\n".join(lines)[:LARGEST]


def _with_field(random, line, text):
    separator = b"\t" if b"\t" in line else b","
    fields = line.split(separator)
    fields[random.randrange(len(fields))] = text
    return separator.join(fields)


def change_text(random, content):
    """Other letters in place of some: hardly any reader minds."""
    content = bytearray(content)
    for _ in range(random.randint(1, 3)):
        place = random.randrange(len(content)) if content else 0
        if content[place : place + 1].isalpha():
            content[place] = random.choice(b"abcdefgxyz")
    return bytes(content)
