"""What the tests of training share: a config that is quick to train."""

import pytest

from tests.presets import one_block
from tfq_hybrid.training import TrainConfig

QUICK = {
    "data": "embedded",
    "limit": 64,
    "sequence_length": 12,
    "batch_size": 16,
    "vocabulary_size": 128,
    "options": {"circuit": {"qubits": 2, "depth": 1}},
}


@pytest.fixture
def of_two_blocks(data_dir):
    """That config."""
    return TrainConfig(**QUICK, data_dir=str(data_dir))


@pytest.fixture
def quick(of_two_blocks):
    """That config, of which each model has one block."""
    with one_block():
        yield of_two_blocks
