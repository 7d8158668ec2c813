"""Lines with bands over a number."""

import dataclasses

from tfq_hybrid.comparison.reporting.pictures.axes import (
    LABEL,
    as_log,
    in_words,
)
from tfq_hybrid.reports.document import Picture, number, plain
from tfq_hybrid.reports.ink import DASHES, MARKERS

MARKED = 16  # points of a line up to which each has a mark


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of `line_picture`, a band around it.

    Args:
        label: str.
        places: tuple of numbers, on the horizontal axis.
        intervals: tuple of `Interval`, one a place.
    """

    label: str
    places: tuple
    intervals: tuple


def line_picture(
    name, title, x_label, y_label, lines, is_log=False, reference=None
):
    """Lines with a 95 % band over a numeric axis.

    Args:
        name: str, the stem of the files; unique in a report.
        title: str.
        x_label, y_label: str, with their units.
        lines: sequence of `Line`.
        is_log: bool. Whether the horizontal axis is logarithmic. Defaults to
            `False`.
        reference: pair (label, number), a dashed line across. Defaults to
            `None`.

    Returns:
        `Picture`.

    Example:

    >>> from tfq_hybrid.comparison.statistics import Interval
    >>> line = Line("quantum", (1, 2), (Interval(3, 2, 4), Interval(2, 1, 3)))
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
                loc="outside upper left", ncols=min(4, count), handlelength=2.8
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
