"""The models of `bases` against their reference implementations."""

import os

import pytest

from benchmarks.peers import pins
from benchmarks.references import CASES, GOAL, REQUIREMENTS, compare
from tfq_hybrid.errors import UserError


def test_every_reference_is_pinned():
    assert {"torch", "transformers"} <= set(pins(REQUIREMENTS))


def test_an_environment_without_them_says_so(tmp_path):
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho no torch here >&2\nexit 1\n")
    other.chmod(0o755)
    with pytest.raises(UserError, match="Received: no torch here"):
        compare(str(other), CASES[0], 0)


def test_references_agree():
    """With `TFQ_HYBRID_REFERENCES`, the Python of their environment."""
    python = os.environ.get("TFQ_HYBRID_REFERENCES")
    if not python:
        pytest.skip("TFQ_HYBRID_REFERENCES names no environment with them")
    found = compare(python, CASES[0], 0)
    assert found["difference"] <= GOAL
    assert found["generated_alike"] == found["generated"]
    assert found["generated_different_tokens"] > 9
    assert found["text_alike"]
