"""What a comparison found, as the plain data that its page is made of."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfq_hybrid.comparison.reporting.measures import (
    ACCURACY,
    MACRO_F1,
    Measure,
)
from tfq_hybrid.comparison.statistics import share_interval
from tfq_hybrid.comparison.verdict import majority_vote, sentences

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
        answers: what the rows are compared by, of shape (seeds, examples):
            `predicted` classes, or `losses` and `tokens`.
        jobs: of each seed `validation_accuracy` and, where there are some,
            `validation_curve` and `setting`.
        rate: what was picked, if there was a choice.
        tried: the validation loss at each rate.
        cost: some of `COSTS`.
    """

    name: str
    kind: str
    answers: Mapping[str, np.ndarray]
    jobs: list[dict[str, Any]]
    rate: float | None
    tried: dict[float, float | None]
    cost: dict[str, Any]


def content_of(
    rows: Sequence[Found],
    labels: np.ndarray | None,
    texts: Sequence[Any],
    about: Mapping[str, Any],
    measure: Measure = ACCURACY,
) -> dict[str, Any]:
    """The content of `comparison.json`: rows, differences, sentences.

    Args:
        rows: the majority class, if it is among them, is the last.
        labels: of the test data, or `None` where there are none.
        texts: of the test data, or what stands for them; may be empty.
        about: the facts that stand beside.
        measure: what rows are compared by. Defaults to the accuracy.
    """
    names = [row.name for row in rows]
    arrays = {row.name: _arrays(row.answers, labels) for row in rows}
    scores = {
        name: tuple(of_row[one] for one in measure.arrays)
        for name, of_row in arrays.items()
    }
    means = {name: measure.mean(*of_row) for name, of_row in scores.items()}
    gains = measure.gains(scores)
    first, *others = names
    learned = [row.name for row in rows if row.kind != "majority"]
    contents = [_row(row, arrays[row.name], labels is not None) for row in rows]
    for content in contents:
        content[measure.key] = means[content["name"]].to_dict()
    circuits = {c["name"] for c in contents if c.get("circuit_parameters")}
    floor = names[-1] if names[-1] not in learned else None
    content = {
        "kind": "comparison",
        **about,
        "measure": {
            "key": measure.key,
            "label": measure.label,
            "beside": measure.beside.format(first),
            "is_lower_better": measure.is_lower_better,
        },
        "floor": floor,
        "reference": first,
        "rows": contents,
        "beside_reference": {
            name: measure.difference(scores[name], scores[first]).to_dict()
            for name in others
        },
        "differences": [
            {"ours": ours, "theirs": theirs, **found.to_dict()}
            for (ours, theirs), found in gains.items()
            if names.index(ours) < names.index(theirs)
        ],
        "sentences": sentences(
            {name: mean.value for name, mean in means.items()},
            gains,
            floor,
            circuits,
            measure,
        ),
    }
    if texts:
        answers = {name: arrays[name]["predicted"] for name in learned}
        votes = {name: majority_vote(one) for name, one in answers.items()}
        content["differing"] = _differing(votes, labels, texts)
    return content


def _arrays(answers, labels):
    """What measures read, of answers to test data with these labels."""
    if labels is None:
        return answers
    predicted = np.asarray(answers["predicted"])
    return {
        "predicted": predicted,
        "labels": np.broadcast_to(labels, predicted.shape),
        "scores": (predicted == labels).astype(float),
    }


def _row(row, arrays, has_classes):
    """What the table and the pictures show of a row."""
    found = {}
    if has_classes:
        for measure in (ACCURACY, MACRO_F1):
            scores = [arrays[name] for name in measure.arrays]
            found[measure.key] = measure.mean(*scores).to_dict()
        found["class_f1"] = _by_class(arrays["predicted"], arrays["labels"])
        found["curve"] = _curve(
            [one.get("validation_curve", []) for one in row.jobs]
        )
    return {
        "name": row.name,
        "kind": row.kind,
        **found,
        "validation_accuracy": [
            one.get("validation_accuracy") for one in row.jobs
        ],
        "rate": row.rate,
        "settings": [one.get("setting") for one in row.jobs],
        "tried": {f"{rate:g}": loss for rate, loss in row.tried.items()},
        **{name: row.cost[name] for name in COSTS if name in row.cost},
    }


def _by_class(predicted, labels):
    """The F1 of each class in percent, the mean over seeds."""
    from sklearn.metrics import f1_score

    kinds = range(int(labels.max()) + 1)
    pairs = zip(labels, predicted, strict=True)
    by_seed = [
        f1_score(*pair, labels=kinds, average=None, zero_division=0)
        for pair in pairs
    ]
    return [float(share) for share in 100 * np.mean(by_seed, axis=0)]


def _curve(curves):
    """The validation accuracy along the epochs, in percent."""
    length = min(map(len, curves))
    columns = zip(*(curve[:length] for curve in curves), strict=True)
    return [
        share_interval([[value] for value in column]).scaled(100).to_dict()
        for column in columns
    ]


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
