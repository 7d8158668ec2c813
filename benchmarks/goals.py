"""What the engines shall reach, and whether they do.

Every goal is a ratio measured in one run. A goal that is missed names what
bounds it: `BOUNDS`, written by hand beside the measurement that shows it.
"""

import dataclasses
import statistics
from collections.abc import Callable

from benchmarks.implementations import of_kind
from benchmarks.results import Results


@dataclasses.dataclass(frozen=True)
class Goal:
    """One row of the table of goals.

    Args:
        key: Its name in `BOUNDS`.
        title: In the table.
        target: What the ratio shall be.
        measure: A dict of `"median"`, `"min"`, `"max"` and what was divided
            (`"of"`), or `None` where the run holds nothing of it.
        at_least: Else at most.
    """

    key: str
    title: str
    target: float
    measure: Callable[[Results], dict | None]
    at_least: bool = True

    def reached(self, value: float) -> bool:
        """Whether a median meets the target."""
        sign = 1 if self.at_least else -1
        return sign * value >= sign * self.target


def against(key, slower, faster, mode="gradient"):
    """A measure: the fastest of some kinds over the fastest of others."""

    def measure(results):
        above = results.best(key, mode, *slower)
        below = results.best(key, mode, *faster)
        if above is None or below is None:
            return None
        ratio = results.ratio(key, mode, above, below)
        return {**ratio, "of": f"{above} / {below}"}

    return measure


def over_the_grid(slower, faster, reduce):
    """A measure: one figure of the ratios at all points of the grid."""

    def measure(results):
        ratios = {}
        for key, entry in results.cases.items():
            if entry["group"] in ("grid", "large"):
                measured = against(key, slower, faster)(results)
                if measured:
                    ratios[key] = measured["median"]
        if not ratios:
            return None
        lowest = min(ratios, key=ratios.get)
        return {
            "median": reduce(ratios.values()),
            "min": ratios[lowest],
            "max": max(ratios.values()),
            "of": f"{len(ratios)} points, lowest at {lowest}",
        }

    return measure


def _memory(results):
    """Peak resident size at depth 16 over that at depth 4, and the growth."""
    deep, flat = "memory/10x16x4096", "memory/10x4x4096"
    ratios = {}
    for name in of_kind("batched"):
        peaks = [
            results.figures(key, name, "gradient").get("peak_bytes")
            for key in (deep, flat)
        ]
        if all(peaks):
            ratios[name] = peaks[0] / peaks[1]
    if not ratios:
        return None
    best = min(ratios, key=ratios.get)
    growth = results.grew(deep, best) / results.grew(flat, best)
    value = ratios[best]
    return {
        "median": value,
        "min": value,
        "max": value,
        "of": f"{best}; without the libraries {growth:.2f}",
    }


_STOCK, _BATCHED, _PEER = ("stock",), ("batched",), ("peer",)
GOALS = (
    Goal(
        "tfq-4",
        "forward + gradient against stock TFQ, shared weights, 4 qubits, "
        "batch 4,096",
        700,
        against("grid/4x2x4096", _STOCK, _BATCHED),
    ),
    Goal(
        "tfq-8",
        "the same, 8 qubits, batch 512",
        60,
        against("grid/8x2x512", _STOCK, _BATCHED),
    ),
    Goal(
        "tfq-10",
        "the same, 10 qubits, batch 512",
        30,
        against("grid/10x2x512", _STOCK, _BATCHED),
    ),
    Goal(
        "fed",
        "every value fed per example, 4 qubits, batch 4,096",
        25,
        against("fed/4x2x4096", _STOCK, _BATCHED),
    ),
    Goal(
        "peers-median",
        "against the best peer over the grid, median",
        3,
        over_the_grid(_PEER, _BATCHED, statistics.median),
    ),
    Goal(
        "peers-minimum",
        "against the best peer over the grid, minimum",
        1.5,
        over_the_grid(_PEER, _BATCHED, min),
    ),
    Goal(
        "memory",
        "training memory (peak resident size), depth 16 against depth 4, 10 "
        "qubits",
        1.2,
        _memory,
        at_least=False,
    ),
    Goal(
        "shots",
        "shots (1,024) with gradient, 4 qubits, batch 512, against TFQ",
        200,
        against("shots/4x2x512", _STOCK, _BATCHED),
    ),
    Goal(
        "noise",
        "depolarizing noise, 4 qubits, batch 512, forward, against TFQ at "
        "equal standard error",
        50,
        against("noise/4x2x512", _STOCK, _BATCHED, mode="forward"),
    ),
    Goal(
        "own-tfq",
        "this project's `tfq` engine against stock `ControlledPQC`",
        1.5,
        over_the_grid(_STOCK, ("tfq",), statistics.median),
    ),
)

# Key of a goal: what bounds it, with the measurement that shows it. What a
# call costs beside arithmetic is `benchmark engines --batches 1`.
BOUNDS = {
    "peers-minimum": (
        "launch overhead at 2 qubits: a compiled TensorFlow function of one "
        "multiplication takes 0.2 to 0.3 ms where the whole circuit takes "
        "0.3 ms"
    ),
}


def judge(results: Results) -> list[dict]:
    """Every goal with what was measured.

    Each has `"title"`, `"goal"`, `"measured"` (a dict or `None`), `"verdict"`
    (`"reached"`, `"missed"` or `"not measured"`) and `"bound"` (for a goal
    that is missed; may be empty).
    """
    rows = []
    for goal in GOALS:
        measured = goal.measure(results)
        if measured is None:
            verdict = "not measured"
        elif goal.reached(measured["median"]):
            verdict = "reached"
        else:
            verdict = "missed"
        sign = "at least" if goal.at_least else "at most"
        rows.append(
            {
                "title": goal.title,
                "goal": f"{sign} {goal.target:g} ×",
                "measured": measured,
                "verdict": verdict,
                "bound": BOUNDS.get(goal.key, "") * (verdict == "missed"),
            }
        )
    return rows
