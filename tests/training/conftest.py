"""What the tests of training share: a config that is quick to train."""

import pytest

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
def quick(data_dir):
    return TrainConfig(**QUICK, data_dir=str(data_dir))
