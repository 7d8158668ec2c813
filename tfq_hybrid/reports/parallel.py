"""Parallel coordinates of a search, and their axes."""

import dataclasses
import functools
import itertools
import math
from typing import Any

from tfq_hybrid.estimate import number, plain
from tfq_hybrid.reports.document import Picture, is_number, listed
from tfq_hybrid.reports.render import mark
from tfq_hybrid.reports.search_pictures import Trials

_ABSENT = -0.12  # the height of a value that a trial did not use
_MOST_TICKS = 8


@dataclasses.dataclass(frozen=True)
class Axis:
    """One axis, whose heights go from 0 to 1.

    It is of categories, by their texts, or of numbers from `low` to `high`,
    whose logarithms may be spread evenly; `flipped` has low ones at the top.
    `has_gaps` where some trials do not have the value.
    """

    name: str
    categories: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False
    flipped: bool = False
    has_gaps: bool = False

    @property
    def varies(self) -> bool:
        """Whether there is more than one value."""
        if self.categories:
            return len(self.categories) > 1
        return self.high > self.low

    def height(self, value: Any) -> float:
        """The height of a value; below the axis for one that is absent."""
        if value is None:
            return _ABSENT
        if self.categories:
            place = self.categories.index(_text(value))
            return (place + 0.5) / len(self.categories)
        if not self.varies:
            return 0.5
        low, high = self._even(self.low), self._even(self.high)
        share = (self._even(value) - low) / (high - low)
        return 1 - share if self.flipped else share

    def ticks(self) -> list[tuple[float, str]]:
        """Heights and their texts."""
        gaps = [(_ABSENT, "not used")] if self.has_gaps else []
        if self.categories:
            step = -(-len(self.categories) // _MOST_TICKS)
            some = self.categories[::step]
            return gaps + [(self.height(text), text) for text in some]
        values = [self.low]
        if self.varies:
            middle = (self._even(self.low) + self._even(self.high)) / 2
            middle = math.exp(middle) if self.is_log else middle
            values = [self.low, middle, self.high]
        return gaps + [(self.height(v), number(v)) for v in values]

    def _even(self, value: float) -> float:
        return math.log(value) if self.is_log else float(value)


def scale_of(name: str, values: list, result: str | None = None) -> Axis:
    """The axis that fits some values, each of which may be `None`.

    Numbers of up to six kinds are categories in their order, which reads
    better than a scale; so is whatever is no number. `result` is the
    direction of an objective, whose values are no categories.

    >>> axis = scale_of("rate", [1e-4 * 2**i for i in range(9)])
    >>> axis.is_log, round(axis.height(1.6e-3), 6)
    (True, 0.5)
    >>> scale_of("depth", [4, 1, None, 2]).categories
    ('1', '2', '4')
    """
    present = [v for v in values if v is not None]
    make = functools.partial(
        Axis, name, has_gaps=0 < len(present) < len(values)
    )
    if not present:
        return make()
    if not all(map(is_number, present)):
        return make(tuple(sorted({_text(v) for v in present})))
    whole = all(isinstance(v, int) for v in present)
    if whole and result is None and len(set(present)) <= 6:
        return make(tuple(_text(v) for v in sorted(set(present))))
    low, high = min(present), max(present)
    is_log = low > 0 and high / low >= 50
    return make((), low, high, is_log, result == "min")


def _text(value: Any) -> str:
    return number(listed(value))


_MOST_AXES = 10  # more do not fit beside each other


def parallel(trials: Trials) -> Picture | None:
    """Parallel coordinates: a line for each trial over all its values."""
    if len(trials.done) < 2:
        return None
    scales = [
        scale_of(name, [t["values"].get(name) for t in trials.done])
        for name in trials.names
    ]
    scales = [scale for scale in scales if scale.varies]
    weight = trials.importance
    kept = sorted(scales, key=lambda s: -(weight.get(s.name) or 0))
    varied = [s for s in scales if s in kept[:_MOST_AXES]]
    results = [
        scale_of(name, [trials.metric(t, name) for t in trials.done], direction)
        for name, direction in trials.objectives
    ]
    axes = [*varied, *results]
    places = range(len(axes))
    titles = [
        plain(axis.name, 22) + (" ↑" if axis in results else "")
        for axis in axes
    ]
    neighbours = itertools.pairwise(map(len, titles))
    staggered = any(a + b > 30 for a, b in neighbours)

    def draw(figure, ink):
        panel = figure.subplots()
        ranked = trials.ranked()
        for rank, (trial, share) in enumerate(ranked):
            values = [trial["values"].get(s.name) for s in varied]
            values += [trials.metric(trial, s.name) for s in results]
            # Lines through one category are set apart a little.
            apart = (rank / len(ranked) - 0.5) * 0.05
            heights = [
                axis.height(value) + apart * bool(axis.categories)
                for axis, value in zip(axes, values, strict=True)
            ]
            best = trials.is_best(trial)
            panel.plot(
                places,
                heights,
                color=ink["accent"] if best else ink.ramp(share),
                linewidth=3 if best else 1.4,
                zorder=4 if best else 2 + share,
                gid=mark(trials.key(trial)),
                solid_joinstyle="round",
            )
        for place, axis in enumerate(axes):
            panel.plot([place] * 2, [0, 1], color=ink["muted"], linewidth=1.2)
            for height, text in axis.ticks():
                panel.text(
                    place + 0.03,
                    height,
                    plain(text, 14),
                    fontsize=9,
                    va="center",
                    zorder=6,
                    bbox={
                        "facecolor": ink["surface"],
                        "edgecolor": "none",
                        "alpha": 0.82,
                        "pad": 1.2,
                    },
                )
            panel.text(
                place,
                1.2 if staggered and place % 2 else 1.08,
                titles[place],
                ha="center",
                va="bottom",
                fontsize=9.5,
                fontweight="bold",
            )
        panel.set_xlim(-0.3, len(axes) - 0.45)
        panel.set_ylim(-0.2, 1.32 if staggered else 1.18)
        panel.axis("off")

    more = ""
    if any(axis.has_gaps for axis in axes):
        more += " Lines below an axis did not use that value."
    if hidden := len(scales) - len(varied):
        more += f" The {hidden} least important of the space are left out."
    return Picture(
        "parallel-coordinates",
        "Parallel coordinates: all trials at once",
        "Each line is a trial and crosses each axis at its value; the last "
        "axes are the results, turned so that up is better. Strong lines are "
        "good trials, the thick one is the best. Where strong lines bundle at "
        "one height of an axis, that value seems to help; where they spread, "
        "it matters little." + more,
        f"Parallel coordinates of {len(trials.done)} trials over "
        + ", ".join(plain(axis.name) for axis in axes),
        (max(9.0, 1.3 * len(axes) + 0.6), 4.6),
        draw,
        trials.tips,
    )
