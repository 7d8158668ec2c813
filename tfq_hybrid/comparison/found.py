"""What a comparison found, as the plain data that its page is made of."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfq_hybrid.comparison.statistics import (
    f1_interval,
    paired_difference,
    share_interval,
)
from tfq_hybrid.comparison.verdict import (
    all_differences,
    majority_vote,
    sentences,
)
from tfq_hybrid.estimate import Estimate

DIFFERING = 12  # examples on which rows differ that are kept
COSTS = (
    "parameters",
    "circuit_parameters",
    "total_parameters",
    "step_seconds",
    "peak_bytes",
    "flops",
    "disk_bytes",
    "executions",
)


@dataclasses.dataclass(frozen=True)
class Found:
    """What was found of a row.

    Args:
        name: of the row.
        kind: see `rows.Row`.
        answers: classes, of shape (seeds, examples).
        jobs: of each seed `validation_accuracy` and, where there are some,
            `validation_curve` and `setting`.
        rate: what was picked, if there was a choice.
        tried: the validation loss at each rate.
        cost: some of `COSTS`.
    """

    name: str
    kind: str
    answers: np.ndarray
    jobs: list[dict[str, Any]]
    rate: float | None
    tried: dict[float, float | None]
    cost: dict[str, Any]


def content_of(
    rows: Sequence[Found],
    labels: np.ndarray,
    texts: Sequence[Any],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """The content of `comparison.json`: rows, differences, sentences.

    Args:
        rows: the last of them is the majority class.
        labels: of the test data.
        texts: of the test data, or what stands for them.
        about: the facts that stand beside.
    """
    names = [row.name for row in rows]
    scores = {row.name: 100.0 * (row.answers == labels) for row in rows}
    floor, first = names[-1], names[0]
    differences = all_differences(scores)
    contents = [_row(row, labels, scores[row.name]) for row in rows]
    circuits = {c["name"] for c in contents if c.get("circuit_parameters")}
    means = {name: float(scores[name].mean()) for name in names}
    votes = {row.name: majority_vote(row.answers) for row in rows[:-1]}
    return {
        "kind": "comparison",
        **about,
        "floor": floor,
        "reference": first,
        "rows": contents,
        "beside_reference": {
            n: paired_difference(scores[n], scores[first]).to_dict()
            for n in names
            if n != first
        },
        "differences": [
            {"ours": ours, "theirs": theirs, **found.to_dict()}
            for (ours, theirs), found in differences.items()
            if names.index(ours) < names.index(theirs)
        ],
        "sentences": sentences(means, differences, floor, circuits),
        "differing": _differing(votes, labels, texts),
    }


def _row(row, labels, scores):
    """What the table and the pictures show of a row."""
    f1 = f1_interval(row.answers, labels).scaled(100)
    return {
        "name": row.name,
        "kind": row.kind,
        "accuracy": _percent(scores).to_dict(),
        "macro_f1": f1.to_dict(),
        "class_f1": [
            f1_interval(row.answers, labels, kind).scaled(100).value
            for kind in range(int(labels.max()) + 1)
        ],
        "validation_accuracy": [one["validation_accuracy"] for one in row.jobs],
        "curve": _curve([one.get("validation_curve", []) for one in row.jobs]),
        "rate": row.rate,
        "settings": [one.get("setting") for one in row.jobs],
        "tried": {f"{rate:g}": loss for rate, loss in row.tried.items()},
        **{name: row.cost[name] for name in COSTS if name in row.cost},
    }


def _curve(curves):
    """The validation accuracy along the epochs, in percent."""
    length = min(map(len, curves))
    columns = zip(*(curve[:length] for curve in curves), strict=True)
    return [
        _percent([[100 * value] for value in column]).to_dict()
        for column in columns
    ]


def _percent(scores) -> Estimate:
    return share_interval(np.asarray(scores) / 100).scaled(100)


def _differing(votes, labels, texts):
    """Test examples that some rows answer rightly and others do not."""
    right = np.stack([answers == labels for answers in votes.values()])
    # Those first on which opinions are most evenly divided.
    split = np.abs(right.mean(axis=0) - 0.5)
    is_single = isinstance(texts[0], str)
    places = [i for i in np.argsort(split, kind="stable") if split[i] < 0.5]
    return [
        {
            "text": texts[i] if is_single else " | ".join(texts[i]),
            "label": int(labels[i]),
            "answers": {name: int(vote[i]) for name, vote in votes.items()},
        }
        for i in places[:DIFFERING]
    ]
