"""Every reader against whole, damaged and hostile files.

In the suite a few dozen inputs for each reader; `make fuzz` reads 20,000.
"""

import os

import pytest

from tests.fuzz.runner import LEAST_ACCEPTED, run
from tests.fuzz.targets import TARGETS

FEW = 40
MANY = int(os.environ.get("FUZZ_INPUTS", 20_000))
SEED = os.environ.get("FUZZ_SEED", "0")


@pytest.mark.long
def test_a_few_inputs(tmp_path):
    """All in one process: what they import takes longer than they do."""
    check(list(TARGETS), FEW, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", TARGETS)
def test_thousands_of_inputs(name, tmp_path):
    """`make fuzz`."""
    check([name], MANY, tmp_path)


def check(names, count, folder):
    for tally in run(names, count, folder / "fuzz", SEED):
        print(tally)
        assert not tally.failures, "\n".join(tally.failures)
        assert tally.inputs == count
        assert tally.accepted >= LEAST_ACCEPTED * tally.inputs, str(tally)
