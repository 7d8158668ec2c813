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


class _Measure(TypedDict):
    key: str
    label: str
    beside: str
    is_lower_better: bool


class _Row(TypedDict):
    name: str
    accuracy: NotRequired[Interval]
    macro_f1: NotRequired[Interval]
    loss: NotRequired[Interval]
    class_f1: NotRequired[list[float]]
    curve: NotRequired[list[Interval]]
    rate: float | None
    settings: list[float | None]
    tried: dict[str, float | None]
    parameters: int


class Compared(TypedDict):
    """What is used of any comparison of rows."""

    measure: _Measure
    floor: str | None
    reference: str
    rows: list[_Row]
    beside_reference: dict[str, Interval]
    sentences: list[str]
    label_names: list[str]
    size: NotRequired[str]


class _Example(TypedDict):
    text: str
    label: int
    answers: dict[str, int]


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
    differing: list[_Example]


def check_compared(content: Mapping[str, Any]) -> None:
    """Checks that all rows have what they are compared by.

    Raises:
        ValueError: one has not.
    """
    key = content["measure"]["key"]
    names = [row["name"] for row in content["rows"]]
    if not all(key in row for row in content["rows"]):
        raise ValueError(f"a row has no {key}")
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
        facts.append((f"left out of {name}", why))
    pictures = [_scores(content), *more_pictures(content)]
    return Document(
        f"Comparison on {plain(content['source'])}",
        list(content["sentences"]),
        facts,
        [captioned(picture, below) for picture in pictures],
        [
            _quality(content),
            _cost(rows),
            by_class(content),
            _differing(content),
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
    measure, beside = content["measure"], content["beside_reference"]
    scores = {
        row["name"]: _estimate(row[measure["key"]]) for row in content["rows"]
    }
    names = list(scores)
    floor = content["floor"]
    return rows_picture(
        measure["key"],
        f"{_name(measure)} of each row",
        names,
        [
            Panel(
                measure["label"],
                tuple(scores.values()),
                scores[floor].value if floor else None,
            ),
            Panel(
                plain(measure["beside"], 60),
                tuple(
                    _estimate(beside[name]) if name in beside else None
                    for name in names
                ),
                0.0,
                is_difference=True,
            ),
        ],
    )


def _name(measure):
    """What rows are compared by, without its unit."""
    name = measure["label"].partition(",")[0]
    return name[0].upper() + name[1:]


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
        label = "validation accuracy, %"
        name = f"{of}curves"
        pictures.append(line_picture(name, title, "epochs", label, lines))
    return pictures


def _pareto(content, name):
    """Quality over parameters, the rows on the front in colour."""
    measure = content["measure"]
    key, label = measure["key"], measure["label"]
    sized = [row for row in content["rows"] if row["parameters"]]
    front = _front(sized, key, measure["is_lower_better"])
    size = content.get("size", "trained parameters")
    points = [
        Point(
            row["name"],
            Estimate(*(float(row["parameters"]),) * 3),
            _estimate(row[key]),
            "on the front" if row["name"] in front else "",
        )
        for row in sorted(sized, key=lambda r: r["name"] not in front)
    ]
    return cloud_picture(
        name,
        f"{_name(measure)} against {size}",
        size,
        label,
        points,
        is_log=True,
    )


def _front(rows, key, is_lower_better):
    """The names of the rows that no other is better and smaller than."""
    sign = -1 if is_lower_better else 1

    def beats(a, b):
        pair = [(-r["parameters"], sign * r[key]["value"]) for r in (a, b)]
        ours, theirs = pair
        is_as_good = all(x >= y for x, y in zip(ours, theirs, strict=True))
        return is_as_good and ours != theirs

    return [
        row["name"]
        for row in rows
        if not any(beats(other, row) for other in rows)
    ]


def _curves(rows):
    """Validation accuracy along the epochs, where there are several."""
    return [
        Line(
            row["name"],
            tuple(range(1, len(row["curve"]) + 1)),
            tuple(map(_estimate, row["curve"])),
        )
        for row in rows
        if len(row.get("curve", ())) > 1
    ]


def _quality(content):
    beside = content["beside_reference"]
    rows = [
        [
            plain(row["name"]),
            _estimate(row["accuracy"]),
            _estimate(row["macro_f1"]),
            _estimate(beside[row["name"]]) if row["name"] in beside else None,
            _picked(row),
        ]
        for row in content["rows"]
    ]
    columns = (
        "row",
        "test accuracy, %",
        "macro F1, %",
        plain(content["measure"]["beside"]),
        "picked by validation, of",
    )
    note = (
        "Intervals are 95 %, paired over seeds and examples, "
        "each for itself; the sentences above hold for all pairs at once "
        "(Bonferroni). The test data was read once."
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
        "Measured in a process of its own. Memory is what building and "
        "training add; FLOPs are those of matrix products; executions are "
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
    names = content["label_names"]
    rows = [row["name"] for row in content["rows"]][:-1]
    cells = [
        [
            plain(one["text"], LONGEST),
            plain(names[one["label"]]),
            *(plain(names[one["answers"][row]]) for row in rows),
        ]
        for one in content["differing"]
    ]
    return Table(
        "Examples on which the rows differ",
        ("text", "label", *map(plain, rows)),
        cells,
        "What most seeds answer; the most divided first.",
    )
