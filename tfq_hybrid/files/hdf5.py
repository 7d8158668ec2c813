"""Open HDF5 files, after checks that HDF5 itself does not make."""

import contextlib
import io
import mmap
import pathlib

import numpy as np

from tfq_hybrid.files.archives import Part
from tfq_hybrid.files.groups import check_structure
from tfq_hybrid.reading import foreign_code


@contextlib.contextmanager
def open_hdf5(path):
    """Opens an HDF5 file of intact numeric arrays for reading.

    Args:
        path: str or path.

    Yields:
        An `h5py.File`.

    Raises:
        ValueError, OSError: it is damaged; see `check_hdf5`.
    """
    import h5py

    with pathlib.Path(path).open("rb") as raw:
        check_hdf5(raw)
    with foreign_code():
        file = h5py.File(path, "r")
    with file:
        yield file


def check_hdf5(raw):
    """Checks an HDF5 file without the HDF5 library.

    Args:
        raw: a binary file, such as `archives.open_member` gives.

    Raises:
        ValueError: it is not safe to read; see `groups.check_structure`.
    """
    if isinstance(raw, io.BytesIO):
        content = raw.getvalue()
        check_structure(content, 0, len(content))
        return
    begin, size, whole = 0, None, raw
    if isinstance(raw, Part):
        begin, size, whole = raw.begin, raw.size, raw.file
    with mmap.mmap(whole.fileno(), 0, access=mmap.ACCESS_READ) as content:
        end = len(content) if size is None else begin + size
        check_structure(content, begin, min(end, len(content)))


def check_weights(file):
    """Checks that all arrays of an HDF5 file are finite.

    Args:
        file: what `open_hdf5` yields.

    Returns:
        A pair: how many arrays, and how many numbers are in them.

    Raises:
        ValueError: one is not; the message names it.
    """
    arrays, numbers = 0, 0
    for name, data in datasets(file):
        values = read_dataset(data)
        # A bfloat16 is kept as two bytes that NumPy has no name for.
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"{name} is not finite")
        arrays, numbers = arrays + 1, numbers + values.size
    return arrays, numbers


def read_dataset(data):
    """The array of a dataset.

    Raises:
        ValueError, OSError: it is damaged.
    """
    with foreign_code():
        return data[()]


def datasets(file):
    """The arrays of what `open_hdf5` yields: pairs of a name and a dataset.

    Raises:
        ValueError, OSError: a group is damaged.
    """
    import h5py

    found = []

    def visit(name, info):
        if info.type == h5py.h5o.TYPE_DATASET:
            data = h5py.Dataset(h5py.h5d.open(file.id, name))
            found.append((name.decode("utf-8", "replace"), data))

    with foreign_code():
        h5py.h5o.visit(file.id, visit, info=True)
    return found
