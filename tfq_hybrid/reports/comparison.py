"""The page of a comparison: what is better, by how much, at what cost."""

import dataclasses
import textwrap
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

from tfq_hybrid.engines import human_bytes
from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.document import Document, Picture, Table
from tfq_hybrid.reports.pictures import (
    Line,
    Panel,
    Point,
    cloud_picture,
    line_picture,
    rows_picture,
)
from tfq_hybrid.reports.stored import Interval
from tfq_hybrid.shapes import check_shape

LONGEST = 160  # letters of a text that rows differ on
TITLE = 120  # letters of a line above a picture


class _Metric(TypedDict):
    name: str
    label: str
    axis: str
    change: str
    sign: int


class _Row(TypedDict):
    name: str
    metrics: dict[str, Interval]
    undefined: int
    class_f1: list[float]
    curve: list[Interval]
    rate: float | None
    settings: list[float | None]
    tried: dict[str, float | None]
    parameters: int


class Compared(TypedDict):
    """What is used of any comparison of rows."""

    metrics: list[_Metric]
    monitor: str
    floor: str | None
    reference: str
    rows: list[_Row]
    beside_reference: dict[str, Interval]
    sentences: list[str]
    label_names: list[str]
    size: NotRequired[str]


class _Example(TypedDict):
    text: str
    label: str
    answers: dict[str, str]


class ComparisonFile(Compared):
    """What is used of `comparison.json`."""

    source: str
    parts: list[int]
    dropped: int
    seeds: list[int]
    epochs: int | str
    batch_size: int | str
    rates: int | str
    skipped: dict[str, str]
    differing: list[_Example] | None


def check_compared(content: Mapping[str, Any]) -> None:
    """Checks that all rows have what they are compared by.

    Raises:
        ValueError: one has not.
    """
    metrics = [metric["name"] for metric in content["metrics"]]
    names = [row["name"] for row in content["rows"]]
    if not metrics or any(
        metrics != [*row["metrics"]] for row in content["rows"]
    ):
        raise ValueError(f"not every row has {', '.join(metrics) or 'metrics'}")
    if content["floor"] not in (None, *names):
        raise ValueError(f"no row is named {content['floor']}")


def document(content: Mapping[str, Any]) -> Document:
    """The report of the content of `comparison.json`."""
    check_compared(check_shape(content, ComparisonFile))
    rows = content["rows"]
    seeds = len(content["seeds"])
    training, validation, test = content["parts"]
    below = (
        f"{plain(content['source'], 60)}: {test:,} test examples, {seeds} "
        f"seeds; circuits are simulated"
    )
    facts = [
        ("data", plain(content["source"])),
        (
            "train / validate / test",
            f"{training:,} / {validation:,} / {test:,}",
        ),
        ("dropped, as in another part too", number(content["dropped"])),
        ("seeds", number(seeds)),
        ("epochs", number(content["epochs"])),
        ("batch size", number(content["batch_size"])),
        ("rates tried for each training", number(content["rates"])),
    ]
    for name, why in content["skipped"].items():
        facts.append((f"left out: {name}", why))
    pictures = [_scores(content), *more_pictures(content)]
    return Document(
        f"Comparison on {plain(content['source'])}",
        list(content["sentences"]),
        facts,
        [captioned(picture, below) for picture in pictures],
        [
            _quality(content),
            _cost(rows),
            *([by_class(content)] if content["label_names"] else []),
            *([] if content["differing"] is None else [_differing(content)]),
        ],
    )


def captioned(picture: Picture, text: str) -> Picture:
    """A picture that says itself what it shows, and of what."""

    def draw(figure, ink):
        picture.draw(figure, ink)
        title = textwrap.fill(plain(picture.title), TITLE)
        figure.suptitle(
            f"{title}\n{textwrap.fill(text, TITLE)}",
            x=0.01,
            ha="left",
            fontsize=9,
            color=ink["text"],
        )

    width, height = picture.size
    return dataclasses.replace(picture, draw=draw, size=(width, height + 0.5))


def _estimate(content):
    return Estimate.of(content)


def _scores(content):
    """What rows are compared by, and the differences to the first."""
    metric, beside = content["metrics"][0], content["beside_reference"]
    scores = {
        row["name"]: _estimate(row["metrics"][metric["name"]])
        for row in content["rows"]
    }
    names = list(scores)
    floor = content["floor"]
    return rows_picture(
        metric["name"],
        f"{_title(metric)} of each row",
        names,
        [
            Panel(
                f"test {metric['axis']}",
                tuple(scores.values()),
                scores[floor].value if floor else None,
            ),
            Panel(
                _beside(content),
                tuple(
                    _estimate(beside[name]) if name in beside else None
                    for name in names
                ),
                0.0,
                is_difference=True,
            ),
        ],
    )


def _title(metric):
    label = metric["label"]
    return label[0].upper() + label[1:]


def _beside(content):
    unit = content["metrics"][0]["change"]
    reference = plain(content["reference"], 40)
    return f"difference to {reference}" + (f", {unit}" if unit else "")


def more_pictures(content: Mapping[str, Any], of: str = "") -> list[Picture]:
    """Quality over size, and the training epoch by epoch, where there is any.

    The names of the pictures begin with those of what they are `of`.
    """
    pictures = []
    if any(row["parameters"] for row in content["rows"]):
        pictures.append(_pareto(content, f"{of}pareto"))
    lines = _curves(content["rows"])
    if lines:
        title = "Along the training"
        name, label = f"{of}curves", content["monitor"]
        pictures.append(line_picture(name, title, "epochs", label, lines))
    return pictures


def _pareto(content, name):
    """Quality over parameters, the rows on the front in colour."""
    metric = content["metrics"][0]
    sized = [row for row in content["rows"] if row["parameters"]]
    front = _front(sized, metric)
    size = content.get("size", "trained parameters")
    points = [
        Point(
            row["name"],
            Estimate(*(float(row["parameters"]),) * 3),
            _estimate(row["metrics"][metric["name"]]),
            "on the front" if row["name"] in front else "",
        )
        for row in sorted(sized, key=lambda r: r["name"] not in front)
    ]
    return cloud_picture(
        name,
        f"{_title(metric)} against {size}",
        size,
        f"test {metric['axis']}",
        points,
        is_log=True,
    )


def _front(rows, metric):
    """The names of the rows that no other is better and smaller than."""

    def place(row):
        value = row["metrics"][metric["name"]]["value"]
        return -row["parameters"], metric["sign"] * value

    def beats(a, b):
        ours, theirs = place(a), place(b)
        is_as_good = all(x >= y for x, y in zip(ours, theirs, strict=True))
        return is_as_good and ours != theirs

    return [
        row["name"]
        for row in rows
        if not any(beats(other, row) for other in rows)
    ]


def _curves(rows):
    """What the monitor said along the epochs, where there are several."""
    return [
        Line(
            row["name"],
            tuple(range(1, len(row["curve"]) + 1)),
            tuple(map(_estimate, row["curve"])),
        )
        for row in rows
        if len(row["curve"]) > 1
    ]


def _quality(content):
    beside, metrics = content["beside_reference"], content["metrics"]
    rows = [
        [
            plain(row["name"]),
            *(_estimate(row["metrics"][one["name"]]) for one in metrics),
            _estimate(beside[row["name"]]) if row["name"] in beside else None,
            _picked(row),
        ]
        for row in content["rows"]
    ]
    columns = (
        "row",
        *(
            f"{'' if place else 'test '}{one['axis']}"
            for place, one in enumerate(metrics)
        ),
        _beside(content),
        "picked by validation, of",
    )
    note = (
        "Intervals are 95 %, paired over seeds and examples, "
        "each for itself; the sentences above hold for all pairs at once "
        "(Bonferroni). The test data was read once."
    )
    for row in content["rows"]:
        if row["undefined"]:
            note += (
                f" {plain(row['name'])} gave constant answers from "
                f"{row['undefined']} of {len(content['seeds'])} seeds: their "
                "correlation is undefined, and counts as 0."
            )
    return Table("Quality", columns, rows, note)


def _picked(row):
    if row["rate"] is None:
        settings = [s for s in row["settings"] if s is not None]
        return ", ".join(f"{s:g}" for s in dict.fromkeys(settings))
    tried = f" of {', '.join(row['tried'])}" if row["tried"] else ""
    return f"rate {row['rate']:g}{tried}"


def _cost(rows):
    columns = (
        "row",
        "trained parameters",
        "of them in circuits",
        "seconds per step",
        "peak memory",
        "GFLOPs per batch forward",
        "size on disk",
        "circuit executions per step",
    )
    note = (
        "Measured in a process of its own. A step runs what is above the "
        "blocks that are frozen, memory is what a built model and its training "
        "add; FLOPs are those of matrix products of the whole; executions are "
        "what a step would take on hardware, by the parameter-shift rule."
    )
    cells = [
        [
            plain(row["name"]),
            row["parameters"],
            row.get("circuit_parameters"),
            row.get("step_seconds"),
            human_bytes(row["peak_bytes"]) if row.get("peak_bytes") else None,
            row["flops"] / 1e9 if "flops" in row else None,
            human_bytes(row["disk_bytes"]) if "disk_bytes" in row else None,
            row.get("executions"),
        ]
        for row in rows
    ]
    return Table("Cost", columns, cells, note)


def by_class(content: Mapping[str, Any]) -> Table:
    """The F1 of each class of each row, the mean over seeds."""
    names = [plain(name) for name in content["label_names"]]
    rows = [
        [plain(row["name"]), *(float(f"{x:.1f}") for x in row["class_f1"])]
        for row in content["rows"]
    ]
    columns = ("row", *(f"F1 of {name}, %" for name in names))
    return Table("By class", columns, rows, "Means over seeds.")


def _differing(content):
    rows = [row["name"] for row in content["rows"]][:-1]
    cells = [
        [
            plain(one["text"], LONGEST),
            plain(one["label"], LONGEST),
            *(plain(one["answers"][row], LONGEST) for row in rows),
        ]
        for one in content["differing"]
    ]
    return Table(
        "Examples on which the rows differ",
        ("text", "label", *map(plain, rows)),
        cells,
        "What most seeds answer, or their mean; the most divided first.",
    )
