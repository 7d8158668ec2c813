"""The axes of parallel coordinates: from a value to a height."""

import dataclasses
import functools
import itertools
import math

from tfq_hybrid.estimate import number, plain
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import mark

_ABSENT = -0.12  # the height of a value that a trial did not use
_MOST_TICKS = 8


@dataclasses.dataclass(frozen=True)
class Axis:
    """One axis, whose heights go from 0 to 1.

    Attributes:
        name: str.
        categories: tuple of the texts of its categories, or `()` for numbers.
        low, high: float. The range of the numbers.
        is_log: bool. Whether their logarithms are spread evenly.
        flipped: bool. Whether low values are at the top.
        has_gaps: bool. Whether the value is absent in some trials.
    """

    name: str
    categories: tuple = ()
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False
    flipped: bool = False
    has_gaps: bool = False

    @property
    def is_category(self):
        """Whether its values are categories."""
        return bool(self.categories)

    @property
    def varies(self):
        """Whether there is more than one value."""
        return len(self.categories) > 1 or (
            not self.categories and self.high > self.low
        )

    def height(self, value):
        """The height of a value; below the axis for one that is absent."""
        if value is None:
            return _ABSENT
        if self.is_category:
            place = self.categories.index(_text(value))
            return (place + 0.5) / len(self.categories)
        if not self.varies:
            return 0.5
        share = (self._even(value) - self._even(self.low)) / (
            self._even(self.high) - self._even(self.low)
        )
        return 1 - share if self.flipped else share

    def ticks(self):
        """Pairs (height, text)."""
        gaps = [(_ABSENT, "not used")] if self.has_gaps else []
        return gaps + self._present_ticks()

    def _present_ticks(self):
        if self.is_category:
            step = -(-len(self.categories) // _MOST_TICKS)
            return [
                ((place + 0.5) / len(self.categories), text)
                for place, text in enumerate(self.categories)
                if place % step == 0
            ]
        if not self.varies:
            return [(0.5, number(self.low))]
        shares = (0.0, 0.5, 1.0)
        ends = self._even(self.low), self._even(self.high)
        values = [ends[0] + share * (ends[1] - ends[0]) for share in shares]
        if self.is_log:
            values = [math.exp(value) for value in values]
        values[0], values[-1] = self.low, self.high
        return [(self.height(v), number(v)) for v in values]

    def _even(self, value):
        return math.log(value) if self.is_log else float(value)


def scale_of(name, values, result=None):
    """The axis that fits some values.

    Numbers of up to six kinds are categories in their order, which reads
    better than a scale; so is whatever is no number.

    Args:
        name: str.
        values: list of numbers, strings, lists or `None`.
        result: str. For a result, which is no category, `"max"`, or `"min"`
            to have low values at the top. Defaults to `None`: no result.

    Returns:
        An `Axis`.

    Example:

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
    if not all(_is_number(v) for v in present):
        return make(tuple(sorted({_text(v) for v in present})))
    whole = all(isinstance(v, int) for v in present)
    if whole and result is None and len(set(present)) <= 6:
        return make(tuple(_text(v) for v in sorted(set(present))))
    low, high = min(present), max(present)
    is_log = low > 0 and high / low >= 50
    return make((), low, high, is_log, result == "min")


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value):
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return number(value)


_MOST_AXES = 10  # more do not fit beside each other


def parallel(trials):
    """Parallel coordinates: a line for each trial over all its values."""
    if len(trials.done) < 2:
        return None
    scales = []
    for name in trials.names:
        values = [t["values"].get(name) for t in trials.done]
        scales.append(scale_of(name, values))
    varied = [s for s in scales if s.varies]
    weight = trials.importance
    if len(varied) > _MOST_AXES:
        kept = sorted(varied, key=lambda s: -(weight.get(s.name) or 0))
        kept = kept[:_MOST_AXES]
        varied = [s for s in varied if s in kept]
    results = [
        scale_of(
            name,
            [trials.metric(t, name) for t in trials.done],
            result=direction,
        )
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
            heights = [
                axis.height(value)
                for axis, value in zip(axes, values, strict=True)
            ]
            # Lines through one category are set apart a little.
            apart = (rank / len(ranked) - 0.5) * 0.05
            heights = [
                h + apart * axis.is_category
                for h, axis in zip(heights, axes, strict=True)
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

    gaps = (
        " Lines below an axis did not use that value."
        if any(axis.has_gaps for axis in axes)
        else ""
    )
    hidden = len([s for s in scales if s.varies]) - len(varied)
    more = (
        f" The {hidden} least important of the space are left out."
        if hidden
        else ""
    )
    return Picture(
        "parallel-coordinates",
        "Parallel coordinates: all trials at once",
        "Each line is a trial and crosses each axis at its value; the last "
        "axes are the results, turned so that up is better. Strong lines are "
        "good trials, the thick one is the best. Where strong lines bundle at "
        "one height of an axis, that value seems to help; where they spread, "
        "it matters little." + gaps + more,
        f"Parallel coordinates of {len(trials.done)} trials over "
        + ", ".join(plain(axis.name) for axis in axes),
        (max(9.0, 1.3 * len(axes) + 0.6), 4.6),
        draw,
        trials.tips,
    )
