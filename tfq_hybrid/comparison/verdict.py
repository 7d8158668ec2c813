"""What a comparison carries, in sentences."""

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfq_hybrid.comparison.statistics import LEVEL, paired_difference
from tfq_hybrid.estimate import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Pairs = dict[tuple[str, str], Estimate]


def all_differences(scores: "Mapping[str, ArrayLike]") -> Pairs:
    """The difference of each pair of rows, with simultaneous intervals.

    All of them hold the truth at once in 95 % of comparisons, by Bonferroni's
    inequality: each alone has a level of 1 - 0.05 / pairs (Dunn 1961,
    "Multiple Comparisons Among Means").

    Args:
        scores: an array of shape (seeds, examples) by row, paired in both.

    Example:

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
    means: Mapping[str, float],
    differences: Pairs,
    floor: str,
    circuits: Collection[str] = (),
) -> list[str]:
    """What the data carry: who leads, who is beaten, who learned nothing.

    Args:
        means: the accuracy of each row, in percent.
        differences: of `all_differences`, in points.
        floor: the row that learned nothing, such as the majority class.
        circuits: the rows with circuits.

    Example:

    >>> differences = {}
    >>> for a, b, value in (("x", "y", 0.2), ("x", "z", 9), ("y", "z", 8.8)):
    ...     differences[a, b] = Estimate(value, value - 1, value + 1)
    ...     differences[b, a] = differences[a, b].scaled(-1)
    >>> for line in sentences({"x": 80, "y": 79.8, "z": 71}, differences, "z"):
    ...     print(line)
    x has the highest accuracy, 80.0 %; y is not significantly different.
    x beats z by +9.0 [+8.0, +10.0] points.
    y beats z by +8.8 [+7.8, +9.8] points.
    """
    ranked = sorted(means, key=lambda row: -means[row])
    best, *others = ranked
    equal = [row for row in others if not _beats(differences[best, row])]
    beaten = [row for row in others if row not in equal]
    lines = [
        f"{best} has the highest accuracy, {means[best]:.1f} %"
        + (f"; {_are(equal)} not significantly different." if equal else ".")
    ]
    if beaten:
        parts = [
            f"{row} by {_points(differences[best, row])}" for row in beaten
        ]
        lines.append(f"{best} beats {_listed(parts)} points.")
    for row in equal:
        parts = [
            f"{other} by {_points(differences[row, other])}"
            for other in beaten
            if _beats(differences[row, other])
        ]
        if parts and row != floor:
            lines.append(f"{row} beats {_listed(parts)} points.")
    lines += _of_circuits(ranked, differences, floor, circuits)
    idle = [
        row
        for row in ranked
        if row != floor and not _beats(differences[row, floor])
    ]
    if idle:
        lines.append(
            f"{_are(idle)} not significantly above {floor}: nothing was "
            "learned that these data can show. Try other rates, more epochs "
            "or more examples."
        )
    return lines


def _of_circuits(ranked, differences, floor, circuits):
    """Whether a circuit beats the best row without one, or not."""
    ours = [row for row in ranked if row in circuits]
    theirs = [row for row in ranked if row not in circuits and row != floor]
    if not ours or not theirs:
        return []
    found = differences[ours[0], theirs[0]]
    if _beats(found):
        return []  # it leads, and was said to
    return [
        f"No row with a circuit is significantly above {theirs[0]}, the best "
        f"without: {ours[0]} differs by {_points(found)} points."
    ]


def _beats(difference: Estimate) -> bool:
    return difference.low is not None and difference.low > 0


def _points(estimate):
    ends = (estimate.value, estimate.low, estimate.high)
    value, low, high = (f"{end:+.1f}" for end in ends)
    return f"{value} [{low}, {high}]"


def _are(names: Sequence[str]) -> str:
    return f"{_listed(names)} {'is' if len(names) == 1 else 'are'}"


def _listed(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def majority_vote(predicted: "ArrayLike") -> np.ndarray:
    """The most frequent answer of the seeds to each example.

    >>> majority_vote([[0, 1], [1, 1], [1, 2]])
    array([1, 1])
    """
    answers = np.asarray(predicted)
    kinds = np.arange(int(answers.max()) + 1)
    counts = (answers[..., None] == kinds).sum(axis=0)
    return np.argmax(counts, axis=-1)
