"""What a comparison found, as the plain data that its page is made of."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from tfq_hybrid.comparison.jobs import Block
    from tfq_hybrid.comparison.results import Results

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


def content_of(
    plan: Any,
    results: "Results",
    blocks: "Sequence[Block]",
    about: Mapping[str, Any],
    texts: Sequence[str],
) -> dict[str, Any]:
    """The content of `comparison.json`: rows, differences, sentences.

    Args:
        plan: the plan of the comparison.
        results: what its jobs found.
        blocks: its costs, rates and seeds.
        about: the facts that stand beside.
        texts: of the test data.
    """
    block = blocks[-1]
    names = [row.name for row in plan.rows]
    scores = {n: 100.0 * results.scores(block, n) for n in names}
    answers = {n: results.scores(block, n, "predicted") for n in names}
    labels = results.scores(block, names[0], "labels")[0]
    floor = names[-1]
    differences = all_differences(scores)
    rows = [
        _row(plan, row, results, blocks, answers[row.name], labels, scores)
        for row in plan.rows
    ]
    circuits = {row["name"] for row in rows if row.get("circuit_parameters")}
    means = {name: float(scores[name].mean()) for name in names}
    first = names[0]
    return {
        "kind": "comparison",
        **about,
        "seeds": results.complete_seeds(block),
        "rates": plan.rates,
        "floor": floor,
        "reference": first,
        "rows": rows,
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
        "differing": _differing(answers, labels, texts, names[:-1]),
    }


def _row(plan, row, results, blocks, answers, labels, scores):
    """What the table and the pictures show of a row."""
    found = results.all_found(blocks[-1], row.name)
    cost = plan.cost(row, results, blocks)
    f1 = f1_interval(answers, labels).scaled(100)
    content = {
        "name": row.name,
        "kind": row.kind,
        "accuracy": _percent(scores[row.name]).to_dict(),
        "macro_f1": f1.to_dict(),
        "class_f1": [
            f1_interval(answers, labels, kind).scaled(100).value
            for kind in range(int(labels.max()) + 1)
        ],
        "validation_accuracy": [one["validation_accuracy"] for one in found],
        "curve": _curve([one.get("validation_curve", []) for one in found]),
        "rate": plan.picked(row, results, blocks),
        "settings": [one.get("setting") for one in found],
        "tried": {},
    }
    if len(plan.tried(row)) > 1:
        losses = plan.losses(row, results, blocks)
        content["tried"] = {f"{rate:g}": loss for rate, loss in losses.items()}
    if cost:
        return content | {name: cost[name] for name in COSTS}
    return content | {"parameters": found[0]["parameters"]["trained"]}


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


def _differing(answers, labels, texts, names):
    """Test examples that some rows answer rightly and others do not."""
    votes = {name: majority_vote(answers[name]) for name in names}
    right = np.stack([votes[name] == labels for name in names])
    # Those first on which opinions are most evenly divided.
    split = np.abs(right.mean(axis=0) - 0.5)
    is_single = isinstance(texts[0], str)
    places = [i for i in np.argsort(split, kind="stable") if split[i] < 0.5]
    return [
        {
            "text": texts[i] if is_single else " | ".join(texts[i]),
            "label": int(labels[i]),
            "answers": {name: int(votes[name][i]) for name in names},
        }
        for i in places[:DIFFERING]
    ]
