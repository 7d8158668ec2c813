"""What the tests of the command line share: a finished run."""

import pytest

from tests.presets import one_block
from tfq_hybrid.cli.main import main

SMALL = (
    "--limit 64 --sequence-length 12 --batch-size 16 --qubits 2 --depth 1"
).split()


@pytest.fixture(scope="session")
def trained(tmp_path_factory, data_dir):
    """A finished run of QFFN-BERT with one block."""
    path = tmp_path_factory.mktemp("runs") / "small"
    arguments = [*SMALL, "--data-dir", str(data_dir), "--output", str(path)]
    with one_block():
        main(["train", "--data", "embedded", "--json", *arguments])
    return path
