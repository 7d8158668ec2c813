"""Pictures of a report, with intervals: rows, lines and clouds of points."""

import dataclasses
import itertools
import math
import textwrap
from collections.abc import Sequence
from typing import NotRequired, TypedDict

from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import DASHES, MARKERS
from tfq_hybrid.reports.stored import Interval, stored

LABEL = 44  # letters of a row's name


def in_words(interval: Estimate) -> str:
    """An interval as `3 (2 to 4)`."""
    return (
        f"{number(interval.value)} ({number(interval.low)} to "
        f"{number(interval.high)})"
    )


def as_log(axis):
    """A logarithmic axis whose ticks are plain numbers: 1, 2, 5, 10."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(lambda x, _: number(float(x)))
    axis.xaxis.set_minor_locator(NullLocator())


@dataclasses.dataclass(frozen=True)
class Point:
    """A mark of `cloud_picture`; its colour tells the group."""

    label: str
    x: Estimate
    y: Estimate
    group: str = ""


class _Point(TypedDict):
    label: str
    x: Interval
    y: Interval
    group: NotRequired[str]


class _Cloud(TypedDict):
    name: str
    title: str
    x_label: str
    y_label: str
    points: list[_Point]
    is_log: NotRequired[bool]


@stored("cloud", _Cloud, points=Point)
def cloud_picture(
    name: str,
    title: str,
    x_label: str,
    y_label: str,
    points: Sequence[Point],
    is_log: bool = False,
) -> Picture:
    """Marks with their intervals both ways, a number beside each.

    The numbers are explained beside the picture, so that no name covers a
    mark; marks that cover each other share one label, such as `3-8`. The name
    is the stem of the files, unique in a report; the horizontal axis may be
    logarithmic.
    """
    groups = list(dict.fromkeys(point.group for point in points))

    def draw(figure, ink):
        axis = figure.subplots()
        for place, point in enumerate(points, 1):
            index = groups.index(point.group)
            colour = ink.series(index)
            x, y = point.x, point.y
            axis.plot([x.low, x.high], [y.value] * 2, color=colour, lw=1)
            axis.plot([x.value] * 2, [y.low, y.high], color=colour, lw=1)
            axis.plot(
                [x.value],
                [y.value],
                marker=MARKERS[index % len(MARKERS)],
                color=colour,
                markeredgecolor=ink["surface"],
                markersize=9,
                linestyle="none",
                label=_numbered(place, point),
            )
        if is_log:
            as_log(axis)
        figure.draw_without_rendering()  # only then places are known
        marks = [(point.x.value, point.y.value) for point in points]
        inches = axis.transData.transform(marks) / figure.dpi
        for group in _close(inches):
            axis.annotate(
                _ranges([index + 1 for index in group]),
                marks[max(group, key=lambda index: inches[index][0])],
                (6, 5),
                textcoords="offset points",
                fontsize=9,
            )
        axis.set_xlabel(x_label)
        axis.set_ylabel(y_label)
        axis.grid(True, linewidth=0.7)
        figure.legend(loc="outside right upper")

    words = "; ".join(
        f"{plain(point.label)} at {in_words(point.x)}, {in_words(point.y)}"
        for point in points
    )
    return Picture(
        name,
        title,
        "Each mark is a row, its bars the 95 % intervals.",
        f"{y_label} over {x_label}: {words}.",
        (9.0, max(4.4, 0.6 + 0.26 * len(points))),
        draw,
    )


def _numbered(place, point):
    """What the legend says of a mark: its number, its name, its group."""
    group = f" ({plain(point.group, LABEL)})" if point.group else ""
    return f"{place}  {plain(point.label, LABEL)}{group}"


def _close(places, distance=0.15):
    """Groups of the indices of places that lie within a distance."""
    groups = []
    for index, place in enumerate(places):
        near = [
            group
            for group in groups
            if min(math.dist(place, places[i]) for i in group) < distance
        ]
        groups = [group for group in groups if group not in near]
        groups.append(sorted([index, *itertools.chain(*near)]))
    return groups


def _ranges(numbers):
    """Sorted numbers in few words.

    >>> _ranges([1, 3, 4, 5, 7, 8])
    '1, 3-5, 7, 8'
    """
    words = []
    for _, run in itertools.groupby(
        enumerate(numbers), lambda pair: pair[1] - pair[0]
    ):
        run = [number for _, number in run]
        words += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else map(str, run)
    return ", ".join(words)


MARKED = 16  # points of a line up to which each has a mark


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of `line_picture`, a band around it: an interval at each place."""

    label: str
    places: tuple[float, ...]
    intervals: tuple[Estimate, ...]


class _Line(TypedDict):
    label: str
    places: list[float]
    intervals: list[Interval]


class _Lines(TypedDict):
    name: str
    title: str
    x_label: str
    y_label: str
    lines: list[_Line]
    is_log: NotRequired[bool]
    reference: NotRequired[tuple[str, float] | None]


@stored("lines", _Lines, lines=Line)
def line_picture(
    name: str,
    title: str,
    x_label: str,
    y_label: str,
    lines: Sequence[Line],
    is_log: bool = False,
    reference: tuple[str, float] | None = None,
) -> Picture:
    """Lines with a 95 % band over a numeric axis.

    The name is the stem of the files, unique in a report; the reference is a
    dashed line across, with a label.

    >>> line = Line("quantum", (1, 2), (Estimate(3, 2, 4), Estimate(2, 1, 3)))
    >>> line_picture("depth", "How deep?", "depth", "loss", [line]).alt
    'loss over depth: quantum from 3 (2 to 4) at 1 to 2 (1 to 3) at 2.'
    """

    def draw(figure, ink):
        axis = figure.subplots()
        if is_log:
            as_log(axis)
        if reference is not None:
            axis.axhline(
                reference[1],
                color=ink["muted"],
                linewidth=1.2,
                ls="--",
                label=plain(reference[0], LABEL),
            )
        for index, line in enumerate(lines):
            _line(axis, index, line, ink)
        places = sorted({x for line in lines for x in line.places})
        if len(places) <= MARKED:
            axis.set_xticks(places, [number(place) for place in places])
        axis.set_xlabel(x_label)
        axis.set_ylabel(y_label)
        axis.grid(True, axis="y", linewidth=0.7)
        if len(lines) > 1 or reference is not None:
            count = len(lines) + (reference is not None)
            figure.legend(
                loc="outside lower left", ncols=min(4, count), handlelength=2.8
            )

    words = ", ".join(
        f"{plain(line.label)} from {in_words(line.intervals[0])} at "
        f"{number(line.places[0])} to {in_words(line.intervals[-1])} at "
        f"{number(line.places[-1])}"
        for line in lines
    )
    return Picture(
        name,
        title,
        "Lines are means, bands their 95 % intervals.",
        f"{y_label} over {x_label}: {words}.",
        (9.0, 4.4),
        draw,
    )


def _line(axis, index, line, ink):
    colour = ink.series(index)
    low, value, high = (
        [getattr(interval, part) for interval in line.intervals]
        for part in ("low", "value", "high")
    )
    axis.fill_between(
        line.places, low, high, color=colour, alpha=0.16, linewidth=0
    )
    axis.plot(
        line.places,
        value,
        color=colour,
        linewidth=2,
        linestyle=DASHES[index % len(DASHES)],
        marker=MARKERS[index % len(MARKERS)]
        if len(line.places) <= MARKED
        else None,
        markersize=6,
        label=plain(line.label, LABEL),
    )


LINE = 40  # letters of an axis label, beside long names of rows


@dataclasses.dataclass(frozen=True)
class Panel:
    """What `rows_picture` shows of each row.

    Args:
        label: of the axis, with its unit.
        intervals: one a row, or `None` for no mark.
        line: where a line for reference stands.
        is_difference: whether the line is what a row is judged by: one
            whose interval leaves it out stands out.
    """

    label: str
    intervals: tuple[Estimate | None, ...]
    line: float | None = None
    is_difference: bool = False


class _Panel(TypedDict):
    label: str
    intervals: list[Interval | None]
    line: NotRequired[float | None]
    is_difference: NotRequired[bool]


class _Rows(TypedDict):
    name: str
    title: str
    labels: list[str]
    panels: list[_Panel]


@stored("rows", _Rows, panels=Panel)
def rows_picture(
    name: str, title: str, labels: Sequence[str], panels: Sequence[Panel]
) -> Picture:
    """A dot and its 95 % bar for each row, panels side by side.

    The name is the stem of the files, unique in a report; the rows go from top
    to bottom.

    >>> panel = Panel("accuracy, %", (Estimate(81.2, 80.0, 82.5),), 80.0)
    >>> rows_picture("sst2", "SST-2", ["quantum"], [panel]).alt
    'accuracy, %: quantum 81.2 (80 to 82.5).'
    """

    def draw(figure, ink):
        axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axis, panel in zip(axes, panels, strict=True):
            if panel.line is not None:
                axis.axvline(
                    panel.line, color=ink["muted"], linewidth=1, ls="--"
                )
            for place, interval in enumerate(panel.intervals):
                if interval is not None:
                    _row(axis, place, interval, panel, ink)
            axis.set_xlabel(textwrap.fill(panel.label, LINE))
            axis.grid(True, axis="x", linewidth=0.7)
            axis.tick_params(axis="y", length=0)
            axis.locator_params(axis="x", nbins=6)
        axes[0].set_yticks(
            range(len(labels)), [plain(label, LABEL) for label in labels]
        )
        axes[0].set_ylim(len(labels) - 0.5, -0.5)

    words = (
        f"{panel.label}: "
        + ", ".join(
            f"{plain(label)} {in_words(interval)}"
            for label, interval in zip(labels, panel.intervals, strict=True)
            if interval is not None
        )
        for panel in panels
    )
    return Picture(
        name,
        title,
        "Each mark is a row, its bar the 95 % interval; the dashed line is "
        "what they are compared with."
        + (
            " A round mark in colour leaves the line out, a grey diamond "
            "does not."
            if any(panel.is_difference for panel in panels)
            else ""
        ),
        "; ".join(words) + ".",
        (9.0, 0.9 + 0.34 * max(2, len(labels))),
        draw,
    )


def _row(axis, place, interval, panel, ink):
    is_clear = not interval.low <= (panel.line or 0) <= interval.high
    colour, marker = ink["s0"], "o"
    if panel.is_difference:
        colour, marker = (ink["accent"], "o") if is_clear else (ink["s5"], "D")
    axis.plot(
        [interval.low, interval.high], [place] * 2, color=colour, linewidth=2
    )
    axis.plot(
        [interval.value],
        [place],
        marker=marker,
        color=colour,
        markersize=7,
        linestyle="none",
    )
