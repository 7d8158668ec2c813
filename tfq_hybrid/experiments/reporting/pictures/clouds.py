"""Marks with intervals both ways."""

import dataclasses

from tfq_hybrid.experiments.reporting.pictures.axes import (
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
    mark.

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
            axis.annotate(
                str(place),
                (x.value, y.value),
                (6, 5),
                textcoords="offset points",
                fontsize=9,
            )
        if is_log:
            as_log(axis)
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
