"""Random and damaged files: whatever a file holds, a reader says one line.

In the suite a few dozen inputs for each reader; `make fuzz` reads hundreds.
Where harm could be done there are thousands: see `test_targets`.
"""

import contextlib
import io
import pathlib
import tempfile

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.damage import NASTY, SMALL, inputs
from tests.fuzz.readers import READERS, adapter, small_model
from tfq_hybrid.encoders.embedding import read_cached
from tfq_hybrid.errors import UserError
from tfq_hybrid.files.models import load_model

FEW = 25
MANY = 400


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_any_file_gives_a_result_or_one_line(name):
    check(name, FEW)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", READERS)
def test_hundreds_of_files(name):
    """`make fuzz`: 29 readers, 400 inputs each, are 11,600."""
    check(name, MANY)


def check(name, count):
    file, make, reader = READERS[name]
    valid = make()

    def read(content):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / file
            path.write_bytes(content)
            reader(path)

    read(valid)  # which any reader takes

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=count == FEW,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(valid, SMALL if name == "model config" else NASTY))
    def run(content):
        # It is one line by its class; anything else fails.
        with contextlib.suppress(UserError):
            read(content)

    run()


def test_a_valid_file_is_read():
    """The readers above do not refuse everything."""
    with h5py.File(io.BytesIO(adapter()), "r") as file:
        assert "fingerprint" in file.attrs
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "a.keras"
        path.write_bytes(small_model())
        assert load_model(path).count_params() == 3
        kept = pathlib.Path(folder) / "a.npy"
        np.save(kept, np.ones(3))
        assert read_cached(kept).sum() == 3


def test_an_error_is_one_line():
    """Whatever was received stands in it."""
    error = str(UserError("Received: " + "a\nb\r\u2028" * 5000))
    assert len(error.splitlines()) == 1
    assert error.startswith("Received: a b")
    assert len(error) < 4000
