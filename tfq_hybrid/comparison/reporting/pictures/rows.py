"""Rows with intervals, panels side by side."""

import dataclasses
import textwrap

from tfq_hybrid.comparison.reporting.pictures.axes import LABEL, in_words
from tfq_hybrid.reports.document import Picture, plain

LINE = 40  # letters of an axis label, beside long names of rows


@dataclasses.dataclass(frozen=True)
class Panel:
    """What `rows_picture` shows of each row.

    Args:
        label: str, of the axis, with its unit.
        intervals: tuple of `Interval`, one a row, or `None` for no mark.
        line: float. Where a line for reference stands. Defaults to `None`.
        is_difference: bool. Whether the line is what a row is judged by: one
            whose interval leaves it out stands out. Defaults to `False`.
    """

    label: str
    intervals: tuple
    line: float | None = None
    is_difference: bool = False


def rows_picture(name, title, labels, panels):
    """A dot and its 95 % bar for each row, panels side by side.

    Args:
        name: str, the stem of the files; unique in a report.
        title: str.
        labels: sequence of str, the rows from top to bottom.
        panels: sequence of `Panel`.

    Returns:
        `Picture`.

    Example:

    >>> from tfq_hybrid.comparison.statistics import Interval
    >>> panel = Panel("accuracy, %", (Interval(81.2, 80.0, 82.5),), 80.0)
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
