"""Comparisons in this process: a tiny one takes seconds."""

import contextlib
import sys

import pytest

from tfq_hybrid import comparison
from tfq_hybrid.comparison import cells

COST = {"parameters": 7, "step_seconds": 0.5, "peak_bytes": 1000}


class _Here:
    """What `cluster` gives, without processes."""

    def results(self, function, jobs):
        for key, arguments in jobs.items():
            yield key, function(*arguments)


@contextlib.contextmanager
def _cluster(*_, **__):
    yield _Here()


def compare(*arguments, **options):
    """As `comparison.compare`, in this process and silently.

    What a step costs is not measured.
    """
    with pytest.MonkeyPatch.context() as patch:
        module = sys.modules["tfq_hybrid.comparison.compare"]
        patch.setattr(module, "cluster", _cluster)
        patch.setattr(cells, "measure_costs", lambda *_: COST)
        options = {"report": lambda line: None, "seeds": 2, **options}
        return comparison.compare(*arguments, **options)
