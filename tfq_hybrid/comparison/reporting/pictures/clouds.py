"""Marks with intervals both ways."""

import dataclasses
import itertools
import math

from tfq_hybrid.comparison.reporting.pictures.axes import (
    LABEL,
    as_log,
    in_words,
)
from tfq_hybrid.reports.document import Picture, plain
from tfq_hybrid.reports.ink import MARKERS


@dataclasses.dataclass(frozen=True)
class Point:
    """A mark of `cloud_picture`.

    Args:
        label: str.
        x, y: `Interval`.
        group: str, which its colour tells. Defaults to `""`.
    """

    label: str
    x: object
    y: object
    group: str = ""


def cloud_picture(name, title, x_label, y_label, points, is_log=False):
    """Marks with their intervals both ways, a number beside each.

    The numbers are explained beside the picture, so that no name covers a
    mark; marks that cover each other share one label, such as `3-8`.

    Args:
        name: str, the stem of the files; unique in a report.
        title: str.
        x_label, y_label: str, with their units.
        points: sequence of `Point`.
        is_log: bool. Whether the horizontal axis is logarithmic. Defaults to
            `False`.

    Returns:
        `Picture`.
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
                label=f"{place}  {plain(point.label, LABEL)}",
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
