"""`python -m benchmarks.peft`: LoRA in files of PEFT, both ways."""

import os

import pytest

from benchmarks.peers import pins
from benchmarks.peft import CASES, GOAL, MOVED, compare
from benchmarks.references import REQUIREMENTS


def test_it_is_pinned():
    assert "peft" in pins(REQUIREMENTS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_peft_agrees(case):
    """With `TFQ_HYBRID_REFERENCES`, the Python of their environment."""
    python = os.environ.get("TFQ_HYBRID_REFERENCES")
    if not python:
        pytest.skip("TFQ_HYBRID_REFERENCES names no environment with PEFT")
    found = compare(python, case)
    assert found["moved"] > 1000 * GOAL
    assert all(found[name] <= GOAL for name in ("base", *MOVED))
