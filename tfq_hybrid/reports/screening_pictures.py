"""The pictures of a screening, and its content sorted for them."""

import math
from typing import NotRequired, TypedDict

import numpy as np
from scipy import stats

from tfq_hybrid.estimate import number, plain
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import mark
from tfq_hybrid.reports.search_pictures import Value
from tfq_hybrid.shapes import check_shape


class Effect(TypedDict):
    """The effect of a factor, and its interval."""

    factor: str
    effect: float | None
    low: NotRequired[float | None]
    high: NotRequired[float | None]


class Run(TypedDict):
    """What is used of a run."""

    levels: dict[str, float]
    values: NotRequired[dict[str, Value]]
    response: float | None
    seed: NotRequired[int | None]


class ScreeningFile(TypedDict):
    """What is used of `screening.json`."""

    design: str
    response: str
    factors: dict[str, tuple[Value, Value]]
    runs: list[Run]
    effects: list[Effect]
    aliases: NotRequired[list[str] | None]


class Screening:
    """The effects and runs of a screening.

    Args:
        content: dict, the content of `screening.json`.

    Attributes:
        response: str.
        factors: dict of a name -> its two levels.
        effects: list of dict, the largest first.
        keys: dict of a factor -> its key.
        tips: dict of a key -> text.
        runs: list of dict, those with a response.
    """

    def __init__(self, content):
        check_shape(content, ScreeningFile)
        names = content["factors"].keys()
        if not all(names <= run["levels"].keys() for run in content["runs"]):
            raise ValueError("a run has not all factors")
        self.response = content["response"]
        self.factors = content["factors"]
        self.effects = sorted(
            (e for e in content["effects"] if e["effect"] is not None),
            key=lambda e: -abs(e["effect"]),
        )
        self.keys = {e["factor"]: str(i) for i, e in enumerate(self.effects)}
        self.tips = {
            self.keys[e["factor"]]: f"{e['factor']}: {signed(e)}"
            for e in self.effects
        }
        self.runs = [r for r in content["runs"] if r["response"] is not None]

    @property
    def clear(self):
        """Effects whose interval excludes zero."""
        return [e for e in self.effects if is_clear(e)]


def is_clear(effect):
    """Whether the interval of an effect excludes zero."""
    low, high = effect.get("low"), effect.get("high")
    return low is not None and high is not None and low * high > 0


def signed(effect):
    """An effect and its interval as a text, with signs.

    Example:

    >>> signed({"effect": 0.5, "low": -0.25, "high": 1.25})
    '+0.5 (-0.25 to +1.25)'
    """
    text = f"{effect['effect']:+.3g}"
    if effect.get("low") is None or effect.get("high") is None:
        return text
    return f"{text} ({effect['low']:+.3g} to {effect['high']:+.3g})"


def level(value):
    """A level of a factor as a short text."""
    if isinstance(value, (list, tuple)):
        value = ", ".join(map(str, value))
    return plain(number(value), 14)


def effects(found):
    """Effects with their intervals, the largest at the top."""
    shown = found.effects[:20]

    def draw(figure, ink):
        panel = figure.subplots()
        panel.axvline(0, color=ink["muted"], linewidth=1)
        for place, effect in enumerate(shown):
            colour = ink["accent"] if is_clear(effect) else ink["s5"]
            if effect.get("low") is not None and effect.get("high") is not None:
                ends = [effect["low"], effect["high"]]
                panel.plot(ends, [place] * 2, color=colour, linewidth=2)
            panel.plot(
                [effect["effect"]],
                [place],
                marker="o" if is_clear(effect) else "D",
                color=colour,
                markersize=7,
                gid=mark(found.keys[effect["factor"]]),
            )
        names = [plain(e["factor"], 30) for e in shown]
        panel.set_yticks(range(len(shown)), names)
        panel.set_ylim(len(shown) - 0.5, -0.5)
        panel.set_xlabel(
            f"change of {plain(found.response, 40)}, from low to high"
        )
        panel.grid(True, axis="x", linewidth=0.7)

    words = "; ".join(f"{plain(e['factor'])} {signed(e)}" for e in shown)
    return Picture(
        "effects",
        "Main effects and their intervals",
        "Each mark is an effect, its bar the 95 % interval, the largest at "
        "the top. Round marks in colour exclude zero: the factor matters. "
        "Grey diamonds do not: more runs would be needed to say. A name of "
        "two factors is an interaction: how much the effect of one changes "
        "with the other.",
        f"Effects on {plain(found.response)}: {words}.",
        (9.0, 1.1 + 0.36 * len(shown)),
        draw,
        found.tips,
    )


def means(found):
    """The response at both levels of each factor."""
    factors = list(found.factors)
    rows = -(-len(factors) // 5)
    columns = -(-len(factors) // rows)

    def draw(figure, ink):
        panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
        panels = panels.reshape(-1)
        overall = np.mean([run["response"] for run in found.runs])
        for panel, factor in zip(panels, factors, strict=False):
            groups = [
                [r["response"] for r in found.runs if r["levels"][factor] == at]
                for at in (-1, 1)
            ]
            for at, group in zip((0, 1), groups, strict=True):
                panel.plot(
                    [at] * len(group),
                    group,
                    "o",
                    color=ink["r2"],
                    markersize=4,
                    alpha=0.7,
                )
            panel.axhline(overall, color=ink["muted"], linewidth=0.8, ls="--")
            if all(groups):
                panel.plot(
                    [0, 1],
                    [np.mean(group) for group in groups],
                    color=ink["s0"],
                    marker="s",
                    linewidth=2.2,
                    gid=mark(found.keys.get(factor, "-")),
                )
            levels = [level(value) for value in found.factors[factor]]
            panel.set_xticks([0, 1], levels)
            panel.set_xlim(-0.35, 1.35)
            panel.set_title(plain(factor, 24), loc="left")
            panel.grid(True, axis="y", linewidth=0.7)
        for spare in panels[len(factors) :]:
            spare.set_visible(False)
        figure.supylabel(plain(found.response, 40), fontsize=10)

    return Picture(
        "main-effects",
        "The response at both levels of each factor",
        "Dots are runs, the line joins the means at the low and the high "
        "level, the dashed line is the mean of all. The steeper the line, "
        "the stronger the factor; where the clouds of dots overlap and the "
        "line is flat, choose the cheaper level.",
        "For each factor the mean response at its low and its high level: "
        + "; ".join(plain(name) for name in factors),
        (max(6.4, 1.9 * columns + 0.5), 2.8 * rows + 0.1),
        draw,
        found.tips,
    )


def half_normal(found):
    """Sizes of effects over half-normal quantiles."""
    sizes = np.array([abs(e["effect"]) for e in found.effects])[::-1]
    effects = found.effects[::-1]
    places = (np.arange(len(sizes)) + 0.5) / len(sizes)
    quantiles = stats.halfnorm.ppf(places)
    # Lenth 1989: a scale of noise from the effects themselves.
    first = 1.5 * np.median(sizes)
    small = sizes[sizes < 2.5 * first]
    scale = 1.5 * np.median(small) if small.size else 0.0

    def draw(figure, ink):
        panel = figure.subplots()
        edge = quantiles[-1] * 1.08
        panel.plot(
            [0, edge],
            [0, scale * edge],
            color=ink["muted"],
            linestyle="--",
            linewidth=1.2,
        )
        for x, y, effect in zip(quantiles, sizes, effects, strict=True):
            stands_out = is_clear(effect)
            panel.plot(
                [x],
                [y],
                marker="o" if stands_out else "D",
                color=ink["accent"] if stands_out else ink["s5"],
                markersize=7,
                linestyle="none",
                gid=mark(found.keys[effect["factor"]]),
            )
        above = math.inf
        largest_first = [*zip(quantiles, sizes, effects, strict=True)][::-1]
        for place, (x, y, effect) in enumerate(largest_first):
            if place > 4 and not is_clear(effect):
                continue
            # Beside the mark; below it where the one above would be covered.
            beside = above - y > sizes[-1] * 0.06
            above = y
            panel.annotate(
                plain(effect["factor"], 26),
                (x, y),
                (-9, 3) if beside else (8, -11),
                textcoords="offset points",
                ha="right" if beside else "left",
                fontsize=9,
            )
        panel.set_xlim(0, edge)
        panel.set_ylim(0, max(sizes[-1] * 1.12, 1e-12))
        panel.set_xlabel("half-normal quantile")
        panel.set_ylabel("size of the effect")
        panel.grid(True, linewidth=0.7)

    return Picture(
        "half-normal",
        "Half-normal plot: effects that rise out of the noise",
        "If nothing mattered, the sizes of the effects would lie along a "
        "straight line through the corner (Daniel 1959); the dashed one has "
        "the slope of the noise as the small effects tell it (Lenth 1989). "
        "What lies far above it, at the right, is real; what follows it is "
        "noise.",
        "Half-normal plot of the sizes of the effects; the largest are "
        + ", ".join(plain(e["factor"]) for e in found.effects[:3]),
        (9.0, 4.4),
        draw,
        found.tips,
    )
