"""What a comparison carries, in sentences."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from tfq_hybrid.comparison.statistics import LEVEL, paired_difference
from tfq_hybrid.estimate import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tfq_hybrid.training.metrics import Metric

Pairs = dict[tuple[str, str], Estimate]


def all_differences(scores: "Mapping[str, ArrayLike]") -> Pairs:
    """The difference of each pair of rows, with simultaneous intervals.

    All of them hold the truth at once in 95 % of comparisons, by Bonferroni's
    inequality: each alone has a level of 1 - 0.05 / pairs (Dunn 1961,
    "Multiple Comparisons Among Means").

    Args:
        scores: an array of shape (seeds, examples) by row, paired in both.

    Example:

    >>> import numpy as np
    >>> rows = {"a": np.ones((2, 9)), "b": np.zeros((2, 9))}
    >>> all_differences(rows)["a", "b"]
    Estimate(value=1.0, low=1.0, high=1.0)
    """
    pairs = [*itertools.combinations(scores, 2)]
    level = 1 - (1 - LEVEL) / max(1, len(pairs))
    found: Pairs = {}
    for ours, theirs in pairs:
        one = paired_difference(scores[ours], scores[theirs], level=level)
        found[ours, theirs] = one
        found[theirs, ours] = one.scaled(-1)
    return found


def sentences(
    metric: "Metric",
    means: Mapping[str, float],
    differences: Pairs,
    floor: str | None,
    circuits: Collection[str] = (),
) -> list[str]:
    """What the data carry: who leads, who is beaten, who learned nothing.

    Args:
        metric: what the rows are compared by.
        means: that of each row, in its unit.
        differences: of `all_differences`, in its unit.
        floor: the row that learned nothing, such as the majority class, or
            `None`.
        circuits: the rows with circuits. Defaults to none.

    Example:

    >>> from tfq_hybrid.training import TASKS
    >>> accuracy = TASKS["classification"].metrics[0]
    >>> found = {}
    >>> for a, b, value in (("x", "y", 0.2), ("x", "z", 9), ("y", "z", 8.8)):
    ...     found[a, b] = Estimate(value, value - 1, value + 1)
    ...     found[b, a] = found[a, b].scaled(-1)
    >>> means = {"x": 80, "y": 79.8, "z": 71}
    >>> for line in sentences(accuracy, means, found, "z"):
    ...     print(line)
    x has the highest accuracy, 80.0 %; y is not significantly different.
    x beats z by +9.0 [+8.0, +10.0] points.
    y beats z by +8.8 [+7.8, +9.8] points.
    """

    def beats(ours, theirs):
        return metric.is_better(differences[ours, theirs])

    ranked = sorted(means, key=lambda row: -metric.sign * means[row])
    best, *others = ranked
    equal = [row for row in others if not beats(best, row)]
    beaten = [row for row in others if row not in equal]
    lines = [
        f"{best} has the {metric.best} {metric.label}, "
        + metric.shown(Estimate(means[best]))
        + (f"; {_are(equal)} not significantly different." if equal else ".")
    ]
    for row in (best, *equal):
        parts = [
            f"{other} by {metric.shown_change(differences[row, other])}"
            for other in beaten
            if beats(row, other)
        ]
        if parts and row != floor:
            lines.append(f"{row} beats {_listed(parts)}.")
    ours = next((row for row in ranked if row in circuits), None)
    theirs = next((r for r in ranked if r not in (*circuits, floor)), None)
    # Where a circuit leads, that was said.
    if ours and theirs and not beats(ours, theirs):
        found = metric.shown_change(differences[ours, theirs])
        lines.append(
            f"No row with a circuit is significantly better than {theirs}, "
            f"the best without: {ours} differs by {found}."
        )
    idle = [
        row
        for row in ranked
        if floor not in (None, row) and not beats(row, floor)
    ]
    if idle:
        lines.append(
            f"{_are(idle)} not significantly better than {floor}: nothing was "
            "learned that these data can show. Try other rates, more epochs "
            "or more examples."
        )
    return lines


def _are(names: Sequence[str]) -> str:
    return f"{_listed(names)} {'is' if len(names) == 1 else 'are'}"


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
