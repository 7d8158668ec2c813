"""What a comparison found, as the plain data that its page is made of."""

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfq_hybrid.comparison.statistics import mean_interval, paired_difference
from tfq_hybrid.comparison.verdict import all_differences, sentences
from tfq_hybrid.errors import match_choice

if TYPE_CHECKING:
    from tfq_hybrid.training.metrics import Metric
    from tfq_hybrid.training.task import Task

FILE = "comparison.json"
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
        answers: of each seed, as of `Task.answers`.
        jobs: of each seed, where there are some, `validation_curve`, what the
            task's monitor said by epoch, and `setting`.
        rate: what was picked, if there was a choice.
        tried: the validation loss at each rate.
        cost: some of `COSTS`.
    """

    name: str
    kind: str
    answers: Sequence[Mapping[str, np.ndarray]]
    jobs: list[dict[str, Any]]
    rate: float | None
    tried: dict[float, float | None]
    cost: dict[str, Any]

    def scores(self, metric: "Metric") -> np.ndarray:
        """Contributions to a metric in its unit: (seeds, examples)."""
        parts = [metric.contributions(one) for one in self.answers]
        return metric.scale * np.stack(parts)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Args:
        content: that of `comparison.json`, plain data.
    """

    content: dict[str, Any]

    @property
    def sentences(self) -> list[str]:
        """What the data carry."""
        return self.content["sentences"]

    def table(self) -> str:
        """The tables in Markdown."""
        from tfq_hybrid.reports import markdown

        return markdown(self.content)

    def page(self, path: str | os.PathLike[str]) -> pathlib.Path:
        """Writes the page, an HTML file without others beside it."""
        from tfq_hybrid.reports import write_page

        return write_page(self.content, path)


def metric_of(task: str, name: str | None) -> "Metric":
    """The metric of a task; the first where no name is given.

    Raises:
        UserError: the task has no such metric.
    """
    from tfq_hybrid.training import TASKS

    metrics = {one.name: one for one in TASKS[task].metrics}
    if name is None:
        return next(iter(metrics.values()))
    return metrics[match_choice(f"metric of {task}", name, metrics)]


def content_of(
    task: "Task",
    metric: "Metric",
    rows: Sequence[Found],
    texts: Sequence[str],
    about: Mapping[str, Any],
    floor: str | None = None,
    beside: "Sequence[Metric]" = (),
) -> dict[str, Any]:
    """The content of `comparison.json`: rows, differences, sentences.

    Args:
        task: that of the rows.
        metric: of its metrics the one that tells rows apart.
        rows: what was found of each.
        texts: of the test data, or what stands for them; may be empty.
        about: the facts that stand beside, among them `label_names`.
        floor: the row that has learned nothing. Defaults to `None`: there is
            none.
        beside: metrics that are shown after those of the task. Defaults to
            none.
    """
    others = (one for one in task.metrics if one != metric)
    metrics = [metric, *others, *beside]
    names = [row.name for row in rows]
    scores = {row.name: row.scores(metric) for row in rows}
    first = names[0]
    learned = [row for row in rows if row.name != floor]
    low, high = metric.limits
    ends = low - high, high - low  # of a difference
    differences = {
        pair: found.clipped(*ends)
        for pair, found in all_differences(scores).items()
    }
    classes = len(about["label_names"])
    contents = [_row(task, metrics, row, classes) for row in rows]
    circuits = {c["name"] for c in contents if c.get("circuit_parameters")}
    means = {name: float(scores[name].mean()) for name in names}
    return {
        "kind": "comparison",
        **about,
        "metrics": [one.to_dict() for one in metrics],
        "monitor": _monitor(task)[0],
        "floor": floor,
        "reference": first,
        "rows": contents,
        "beside_reference": {
            n: paired_difference(scores[n], scores[first])
            .clipped(*ends)
            .to_dict()
            for n in names
            if n != first
        },
        "differences": [
            {"ours": ours, "theirs": theirs, **found.to_dict()}
            for (ours, theirs), found in differences.items()
            if names.index(ours) < names.index(theirs)
        ],
        "sentences": sentences(metric, means, differences, floor, circuits),
        "differing": _differing(task, learned, scores, texts, about),
    }


def _row(task, metrics, row, classes):
    """What the table and the pictures show of a row."""
    return {
        "name": row.name,
        "kind": row.kind,
        "metrics": {
            metric.name: mean_interval(row.scores(metric))
            .clipped(*metric.limits)
            .to_dict()
            for metric in metrics
        },
        "undefined": sum(map(task.is_undefined, row.answers)),
        "class_f1": _means(
            [task.by_class(one, classes) for one in row.answers]
        ),
        "curve": _curve(task, row.jobs),
        "rate": row.rate,
        "settings": [one.get("setting") for one in row.jobs],
        "tried": {f"{rate:g}": loss for rate, loss in row.tried.items()},
        **{name: row.cost[name] for name in COSTS if name in row.cost},
    }


def _means(scores):
    """Means over seeds, in percent."""
    return (100 * np.mean(scores, axis=0)).tolist()


def _monitor(task):
    """What a task's monitor is called, a factor to its unit, its limits."""
    if task.monitor == "val_accuracy":
        return "validation accuracy, %", 100.0, (0.0, 100.0)
    return "validation loss", 1.0, (0.0, np.inf)


def _curve(task, jobs):
    """What the monitor said along the epochs."""
    _, scale, limits = _monitor(task)
    curves = [one.get("validation_curve", []) for one in jobs]
    length = min(map(len, curves))
    columns = zip(*(curve[:length] for curve in curves), strict=True)
    return [
        mean_interval([[scale * value] for value in column])
        .clipped(*limits)
        .to_dict()
        for column in columns
    ]


def _differing(task, rows, scores, texts, about):
    """Test examples to which the rows contribute most unequally.

    `None` where answers are not shown.
    """
    if not texts:
        return None
    names = about["label_names"]
    shown = {row.name: task.in_words(row.answers, names) for row in rows}
    if None in shown.values():
        return None
    means = np.stack([scores[row.name].mean(axis=0) for row in rows])
    spread = np.ptp(means, axis=0)
    labels, _ = shown[rows[0].name]
    places = [i for i in np.argsort(-spread, kind="stable") if spread[i] > 0]
    found = []
    for place in places:
        answers = {name: said[place] for name, (_, said) in shown.items()}
        if len({*answers.values()}) > 1 and len(found) < DIFFERING:
            found.append(
                {
                    "text": texts[place],
                    "label": labels[place],
                    "answers": answers,
                }
            )
    return found
