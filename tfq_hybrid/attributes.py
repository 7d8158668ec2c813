"""The attributes of HDF5 files: their sizes, looked at before they are read.

HDF5 and h5py ask for as much memory as an attribute claims to need, and the
claim of a text stands in the file beside the place of the text. No function of
HDF5's tells it, so the headers are read here, of the one version that HDF5
writes unless told otherwise.
"""

import struct

CONTINUATION, ATTRIBUTE = 0x10, 0x0C
VARIABLE_LENGTH = 9
_FIXED = {1: 8, 2: 8, 3: 9}  # bytes before the name, by version


def check_attributes(file, raw):
    """Raises where an attribute would take more room than its file.

    Args:
        file: an open `h5py.File`.
        raw: the same, as an open binary file.

    Raises:
        ValueError: it would, or it is an array of texts of any length, each
            of which may be the same one.
    """
    import h5py

    root, names = file.id, [b"."]

    def visit(name, info):
        if info.num_attrs:
            names.append(name)

    h5py.h5o.visit(root, visit, info=True)
    most = root.get_filesize()
    for name in names:
        item = h5py.h5o.open(root, name)
        texts = sum(_is_text(each, most) for each in _attributes(item))
        if texts:
            address = h5py.h5o.get_info(item).addr
            try:
                lengths = list(_lengths(raw, address, most))
            except struct.error:
                raise ValueError("its headers are cut short") from None
            if len(lengths) != texts or max(lengths) > most:
                raise ValueError("an attribute is larger than the file")


def _attributes(item):
    import h5py

    for place in range(h5py.h5a.get_num_attrs(item)):
        yield h5py.h5a.open(item, index=place)


def _is_text(attribute, most):
    """Whether its content is elsewhere. Raises where there is too much."""
    import h5py

    kind = attribute.get_type()
    if isinstance(kind, h5py.h5t.TypeStringID):
        is_text = kind.is_variable_str()
    else:
        is_text = False
        if kind.get_class() in (h5py.h5t.VLEN, h5py.h5t.COMPOUND):
            raise ValueError("an attribute holds lists")
    if attribute.get_storage_size() > most or (is_text and attribute.shape):
        raise ValueError("an attribute is larger than the file")
    return is_text


def _lengths(raw, address, most):
    """The lengths that the texts among an object's attributes claim."""
    for kind, body in _messages(raw, address, most):
        if kind == ATTRIBUTE:
            version, flags, *sizes = struct.unpack_from("<BBHHH", body)
            if version not in _FIXED or (version > 1 and flags):
                raise ValueError("its attributes are of another format")
            place, step = _FIXED[version], 8 if version == 1 else 1
            begins = []
            for size in sizes:
                begins.append(place)
                place += -(-size // step) * step
            if body[begins[1]] & 0xF == VARIABLE_LENGTH:
                yield struct.unpack_from("<I", body, place)[0]


def _messages(raw, address, most):
    """The messages of an object's header: pairs of a kind and a content."""
    head = _read(raw, address, 16)
    if head[0] != 1:
        raise ValueError("its headers are of another format")
    blocks = [(address + 16, struct.unpack_from("<I", head, 8)[0])]
    for begin, size in blocks:
        most -= size  # no block is there twice
        if most < 0:
            raise ValueError("its headers are larger than the file")
        block, place = _read(raw, begin, size), 0
        while place + 8 <= size:
            kind, length = struct.unpack_from("<HH", block, place)
            body = block[place + 8 : place + 8 + length]
            if kind == CONTINUATION:
                blocks.append(struct.unpack_from("<QQ", body))
            yield kind, body
            place += 8 + length


def _read(raw, place, size):
    raw.seek(place)
    content = raw.read(size)
    if len(content) < size:
        raise ValueError("its headers are cut short")
    return content
