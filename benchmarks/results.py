"""What was measured, as a file that grows case by case, and its ratios."""

import dataclasses
import os
import pathlib
import statistics
from typing import TypedDict

from benchmarks.common import environment, ratio
from benchmarks.implementations import IMPLEMENTATIONS
from benchmarks.measure import Settings
from tfq_hybrid.errors import UserError
from tfq_hybrid.reading import read_json


class Content(TypedDict):
    """What every results file has."""

    environment: dict
    settings: dict
    cases: dict


class Results:
    """The results of a run of the benchmark.

    The content has `"environment"`, `"settings"`, `"cases"` and, once
    measured, `"training_step"`.
    """

    def __init__(self, content: Content):
        self.content = content

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        settings: Settings,
        overwrite: bool = False,
    ) -> "Results":
        """Goes on with the results in a JSON file, or begins new ones.

        Raises:
            UserError: the file is none of this benchmark, or was measured
                with other settings or versions, which do not compare.
        """
        path = pathlib.Path(path)
        new = {
            "environment": environment(),
            "settings": dataclasses.asdict(settings),
            "cases": {},
        }
        if overwrite or not path.exists():
            return cls(new)
        stored = cls.read(path)
        for part in ("settings", "environment"):
            for name, value in new[part].items():
                before = stored.content[part].get(name)
                if before != value:
                    raise UserError(
                        f"Expected {name}={before!r} to go on with the "
                        f"results in {path}; --overwrite begins anew. "
                        f"Received: {name}={value!r}"
                    )
        return stored

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Results":
        """Reads a file.

        Raises:
            UserError: it is not there, or is none of this benchmark.
        """
        expected = "the results.json of `python -m benchmarks.engines`"
        return cls(read_json(path, expected, Content))

    @property
    def cases(self):
        """dict of a case's key and its results."""
        return self.content["cases"]

    def add(self, case, measured):
        """Adds a case's results; those of other implementations stay."""
        entry = self.cases.setdefault(
            case.key,
            {"group": case.group, **dataclasses.asdict(case.problem)},
        )
        entry.setdefault("implementations", {}).update(measured)

    def done(self, case):
        """Names of the implementations measured for a case."""
        return set(self.cases.get(case.key, {}).get("implementations", {}))

    def figures(self, key: str, name: str, mode: str) -> dict:
        """The dict of an implementation and mode, empty where there is none."""
        entry = self.cases.get(key, {}).get("implementations", {})
        return entry.get(name, {}).get(mode, {})

    def seconds(self, key: str, name: str, mode: str) -> list[float]:
        """Seconds of one call by turn; empty where nothing was timed."""
        figures = self.figures(key, name, mode)
        return figures["seconds"] if figures.get("status") == "ok" else []

    def median(self, key: str, name: str, mode: str) -> float | None:
        """Median seconds of one call, or `None`."""
        seconds = self.seconds(key, name, mode)
        return statistics.median(seconds) if seconds else None

    def best(self, key: str, mode: str, *kinds: str) -> str | None:
        """Name of the fastest implementation of some kinds, or `None`."""
        medians = {}
        for name in self.done_names(key):
            row = IMPLEMENTATIONS.get(name)
            seconds = self.median(key, name, mode)
            if row is not None and row.kind in kinds and seconds is not None:
                medians[name] = seconds
        return min(medians, key=medians.get) if medians else None

    def done_names(self, key):
        """Names of the implementations of a case, in the table's order."""
        entry = self.cases.get(key, {}).get("implementations", {})
        known = [name for name in IMPLEMENTATIONS if name in entry]
        return known + [name for name in entry if name not in known]

    def ratio(
        self, key: str, mode: str, slower: str, faster: str
    ) -> dict[str, float] | None:
        """Median, minimum and maximum of times slower / faster, by turn."""
        above = self.seconds(key, slower, mode)
        below = self.seconds(key, faster, mode)
        turns = min(len(above), len(below))
        return ratio(above[:turns], below[:turns]) if turns else None

    def grew(self, key, name, mode="gradient"):
        """Bytes by which a process grew over its start, or `None`."""
        entry = self.cases.get(key, {}).get("implementations", {})
        peak = self.figures(key, name, mode).get("peak_bytes")
        if peak is None:
            return None
        return peak - entry[name]["start_bytes"]
