"""What a comparison carries, in sentences."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfq_hybrid.comparison.reporting.measures import ACCURACY, Measure
from tfq_hybrid.estimate import Estimate

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def sentences(
    means: Mapping[str, float],
    differences: Mapping[tuple[str, str], Estimate],
    floor: str | None,
    circuits: Collection[str] = (),
    measure: Measure = ACCURACY,
) -> list[str]:
    """What the data carry: who leads, who is beaten, who learned nothing.

    Args:
        means: of each row, such as its accuracy in percent.
        differences: by how much one is better, as of `Measure.gains`.
        floor: the row that learned nothing, such as the majority class, or
            `None`.
        circuits: the rows with circuits. Defaults to none.
        measure: what rows are compared by. Defaults to the accuracy.

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
    sign, unit = 1 if measure.is_lower_better else -1, measure.unit
    ranked = sorted(means, key=lambda row: sign * means[row])
    best, *others = ranked
    equal = [row for row in others if not _beats(differences[best, row])]
    beaten = [row for row in others if row not in equal]
    lines = [
        f"{best} has {measure.best.format(means[best])}"
        + (f"; {_are(equal)} not significantly different." if equal else ".")
    ]
    if beaten:
        parts = [
            f"{row} by {_points(differences[best, row])}" for row in beaten
        ]
        lines.append(f"{best} beats {_listed(parts)} {unit}.")
    for row in equal:
        parts = [
            f"{other} by {_points(differences[row, other])}"
            for other in beaten
            if _beats(differences[row, other])
        ]
        if parts and row != floor:
            lines.append(f"{row} beats {_listed(parts)} {unit}.")
    lines += _of_circuits(ranked, differences, floor, circuits, unit)
    idle = [
        row
        for row in ranked
        if floor not in (None, row) and not _beats(differences[row, floor])
    ]
    if idle:
        lines.append(
            f"{_are(idle)} not significantly above {floor}: nothing was "
            "learned that these data can show. Try other rates, more epochs "
            "or more examples."
        )
    return lines


def _of_circuits(ranked, differences, floor, circuits, unit):
    """Whether a circuit beats the best row without one, or not."""
    ours = [row for row in ranked if row in circuits]
    theirs = [row for row in ranked if row not in circuits and row != floor]
    if not ours or not theirs:
        return []
    found = differences[ours[0], theirs[0]]
    if _beats(found):
        return []  # it leads, and was said to
    return [
        f"No row with a circuit is significantly better than {theirs[0]}, "
        f"the best without: {ours[0]} differs by {_points(found)} {unit}."
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
