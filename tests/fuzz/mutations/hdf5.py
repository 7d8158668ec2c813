"""Mutations of HDF5 files."""

import io

import h5py
import numpy as np

from tests.fuzz.mutations.attacks import MARKER, NUMBERS, TEXTS
from tests.fuzz.mutations.plain import mutate_bytes
from tests.fuzz.mutations.structured import mutate_json
from tfq_hybrid.files.hdf5 import check_hdf5

DTYPES = ("float16", "float32", "float64", "int8", "uint64", "bool", "S5")
LARGEST = 10**6  # numbers that are read to be changed
SHAPES = ((), (0,), (1,), (2, 3), (10**6,), (1,) * 20)


def mutate_hdf5(random, content, material):
    """The same file with other arrays, attributes or links.

    Args:
        random: `random.Random`.
        content: bytes.
        material: `Material`, for attributes that hold JSON.
    """
    memory = io.BytesIO(content)
    try:
        # HDF5 may have no end of what was damaged before.
        check_hdf5(memory)
        with h5py.File(memory, "r+") as file:
            for _ in range(random.choice((1, 1, 2))):
                _change(random, file, material)
    except Exception:  # whatever h5py raises for what was mutated before
        return mutate_bytes(random, content)
    return memory.getvalue()


def change_hdf5(random, content):
    """The same file with other numbers in its arrays."""
    memory = io.BytesIO(content)
    try:
        # HDF5 may have no end of what was damaged before.
        check_hdf5(memory)
        with h5py.File(memory, "r+") as file:
            for name in _arrays(file):
                values = _values(file[name])
                is_float = values.size and values.dtype.kind == "f"
                if is_float and random.random() < 0.5:
                    file[name][...] = values * random.choice((0.5, -1, 1.25))
    except Exception:  # whatever h5py raises for what was mutated before
        return content
    return memory.getvalue()


def _values(data):
    """The numbers of an array; none where it claims too many."""
    return data[()] if data.size and data.size <= LARGEST else np.zeros(0)


def _names(file):
    names = []
    file.visit(names.append)
    return names


def _arrays(file):
    return [n for n in _names(file) if isinstance(file[n], h5py.Dataset)]


def _change(random, file, material):
    names, arrays = _names(file), _arrays(file)
    name = random.choice(names or ["a"])
    array = random.choice(arrays or ["a"])
    kind = random.randrange(12)
    if kind == 0 and names:
        del file[name]
    elif kind == 1 and names:
        file.move(name, random.choice(("a/b", f"{name}_", "layers/dense/x")))
    elif kind == 2 and arrays:
        shape, dtype = random.choice(SHAPES), random.choice(DTYPES)
        _replace(file, array, data=np.zeros(shape, dtype))
    elif kind == 3 and arrays:
        _bomb(random, file, array)
    elif kind == 4 and arrays:
        _elsewhere(random, file, array)
    elif kind == 5:
        _link(random, file, name)
    elif kind in (6, 7):
        _attribute(
            random,
            file,
            random.choice([file, file[name]]) if names else file,
            material,
        )
    elif kind in (8, 9) and arrays:
        _spoil(random, file[array])
    elif kind == 10 and len(arrays) > 1:
        other = random.choice(arrays)
        data = _values(file[other])
        _replace(file, array, data=data)
    else:
        _add(random, file, name)


def _replace(file, name, **arguments):
    if name in file:
        del file[name]
    file.create_dataset(name, **arguments)


def _bomb(random, file, name):
    """Arrays that are larger than what is in the file."""
    kind = random.randrange(3)
    if kind == 0:  # chunks that were never written
        shape = random.choice(((2**31,), (2**20, 2**20), (2**40, 3)))
        chunks = (1,) * len(shape)
        _replace(
            file, name, shape=shape, dtype="f4", chunks=chunks, fillvalue=1.0
        )
    elif kind == 1:
        data = np.zeros(10**6, "f4")
        _replace(file, name, data=data, compression="gzip", chunks=(10**6,))
    else:  # contiguous, its room not yet taken
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
        space = h5py.h5s.create_simple((2**33,))
        del file[name]
        h5py.h5d.create(file.id, b"late", h5py.h5t.IEEE_F32LE, space, layout)


def _elsewhere(random, file, name):
    """Arrays whose numbers are in other files, or are no numbers."""
    path = random.choice(("/etc/passwd", str(MARKER), "model.weights.h5"))
    kind = random.randrange(5)
    if kind == 0:
        _replace(file, name, shape=(8,), dtype="u1", external=[(path, 0, 8)])
    elif kind == 1:
        layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
        layout[:] = h5py.VirtualSource(path, "a", shape=(4,))
        del file[name]
        file.create_virtual_dataset(name, layout, fillvalue=1)
    elif kind == 2:
        text = random.choice(TEXTS).replace("\0", "")
        data = text.encode("utf-8", "surrogatepass")
        _replace(file, name, data=data, dtype=h5py.string_dtype())
    elif kind == 3:
        _replace(file, name, data=file.ref, dtype=h5py.ref_dtype)
    else:
        compound = np.zeros(3, [("a", "f4"), ("b", "i8", (2,))])
        _replace(file, name, data=compound)


def _link(random, file, name):
    where = random.choice((name, f"{name}_", "layers/dense/vars/0", "a/b"))
    links = [
        h5py.SoftLink("/"),
        h5py.SoftLink("/nowhere"),
        h5py.SoftLink(f"/{where}"),
        h5py.ExternalLink(str(MARKER), "/"),
        h5py.ExternalLink("model.weights.h5", "/"),
        file,
        file.get(name, file),
    ]
    if where in file:
        del file[where]
    file[where] = random.choice(links)


def _attribute(random, file, item, material):
    attributes = item.attrs
    names = list(attributes) or ["a"]
    name = random.choice(names)
    kind = random.randrange(5)
    value = attributes.get(name)
    if isinstance(value, str) and kind < 3:
        text = mutate_json(random, value.encode(), material)
        attributes[name] = text.decode("utf-8", "ignore").replace("\0", "")
    elif kind == 3 and name in attributes:
        del attributes[name]
    else:
        numbers = [n for n in NUMBERS if isinstance(n, (float, bool))]
        texts = [t.replace("\0", "") for t in TEXTS if "\ud800" not in t]
        chosen = [*numbers, *texts, b"\xff", [1, 2], np.zeros((3, 3)), "é"]
        attributes[random.choice((name, "b"))] = random.choice(chosen)


def _spoil(random, data):
    values = _values(data)
    if values.size < 2 or values.dtype.kind not in "fiu":
        return
    value = random.choice((0, 1, 100, np.nan, np.inf, -np.inf))
    if data.dtype.kind in "iu":
        value = random.choice((0, 1, 100))
    values.flat[random.randrange(values.size)] = value
    data[...] = values


def _add(random, file, name):
    kind = random.randrange(3)
    if kind == 0:
        file.create_group("/".join(["a"] * random.choice((1, 30, 300))))
    elif kind == 1:
        file[random.choice((f"{name}_", "extra", "z/1"))] = np.ones(3)
    else:
        for number in range(200):
            file.require_group(f"many/{number}")
