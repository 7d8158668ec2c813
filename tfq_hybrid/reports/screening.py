"""The report of a screening: which factors move the response."""

import math
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import numpy as np
from scipy import stats

from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.document import Document, Picture, Table, listed
from tfq_hybrid.reports.render import Ink, mark, panels, points
from tfq_hybrid.reports.search_pictures import WITHOUT_LEARNING, Value
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
    val_majority_accuracy: NotRequired[float | None]
    val_unigram_loss: NotRequired[float | None]


class ScreeningFile(TypedDict):
    """What is used of `screening.json`."""

    design: str
    response: str
    factors: dict[str, tuple[Value, Value]]
    runs: list[Run]
    effects: list[Effect]
    aliases: NotRequired[list[str] | None]
    remarks: NotRequired[list[str] | None]


class Screening:
    """The content of `screening.json`: effects, the largest first, and runs.

    `factors` are pairs of levels, `keys` those of the factors' marks, `runs`
    those with a response.
    """

    def __init__(self, content: Mapping[str, Any]):
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
        self.remarks = [
            plain(remark, 400) for remark in content.get("remarks") or ()
        ]

    @property
    def clear(self) -> list[dict]:
        """Effects whose interval excludes zero."""
        return [e for e in self.effects if is_clear(e)]


def is_clear(effect: Mapping[str, Any]) -> bool:
    """Whether the interval of an effect excludes zero."""
    low, high = effect.get("low"), effect.get("high")
    return low is not None and high is not None and low * high > 0


def signed(effect: Mapping[str, Any]) -> str:
    """An effect and its interval as a text, with signs.

    >>> signed({"effect": 0.5, "low": -0.25, "high": 1.25})
    '+0.5 (-0.25 to +1.25)'
    """
    text = f"{effect['effect']:+.3g}"
    if effect.get("low") is None or effect.get("high") is None:
        return text
    return f"{text} ({effect['low']:+.3g} to {effect['high']:+.3g})"


def level(value: Any) -> str:
    """A level of a factor as a short text."""
    return plain(number(listed(value)), 14)


def document(content: Mapping[str, Any]) -> Document:
    """The report of the content of `screening.json`."""
    found = Screening(content)
    pictures = [effects(found)] if found.effects else []
    if found.runs:
        pictures.append(means(found))
    if len(found.effects) > 2:
        pictures.append(half_normal(found))
    facts = [
        ("design", plain(content["design"], 40)),
        ("factors", number(len(found.factors))),
        ("runs", number(len(content["runs"]))),
        ("response", plain(found.response, 40)),
    ]
    failed = len(content["runs"]) - len(found.runs)
    if failed:
        facts.append(("runs without a response", number(failed)))
    for name, label in WITHOUT_LEARNING.items():
        rates = [run[name] for run in found.runs if run.get(name) is not None]
        if rates:
            facts.append((label, number(max(rates))))
    known = ("kind", "runs", "effects", "remarks")
    settings = {k: v for k, v in content.items() if k not in known}
    return Document(
        f"Screening of {plain(found.response, 60)}",
        _lead(found),
        facts,
        pictures,
        [_effects_table(found, content), _runs_table(found, content["runs"])],
        settings,
    )


def _lead(found: Screening) -> list[str]:
    response = plain(found.response, 60)
    if not found.effects:
        return found.remarks or ["No effect could be estimated."]
    if not found.clear:
        largest = found.effects[0]
        first = (
            f"No factor moves {response} significantly: every 95 % CI includes "
            f"0. The largest effect is that of {plain(largest['factor'], 60)}, "
            f"{signed(largest)}."
        )
    else:
        parts = [
            f"{plain(e['factor'], 60)} {signed(e)}" for e in found.clear[:4]
        ]
        more = len(found.clear) - len(parts)
        first = f"What moves {response} clearly: {'; '.join(parts)}"
        first += f"; and {more} more." if more else "."
    return [
        *found.remarks,
        first,
        "An effect is the mean response at a factor's high level less that "
        "at its low level, over all other factors; in brackets its 95 % "
        "interval.",
    ]


def _effects_table(found: Screening, content: Mapping[str, Any]) -> Table:
    note = "In brackets the 95 % interval; rows that stand out exclude zero."
    aliases = content.get("aliases") or []
    if aliases:
        shown = "; ".join(plain(alias) for alias in aliases[:20])
        more = f"; and {len(aliases) - 20} more" if len(aliases) > 20 else ""
        note += f" This design does not tell apart: {shown}{more}."
    rows = []
    for e in found.effects:
        ends = map(level, found.factors.get(e["factor"], (None, None)))
        rows.append([e["factor"], *ends, Estimate.of(e, "effect")])
    return Table(
        "Every effect",
        ("factor", "low level", "high level", "effect"),
        rows,
        note,
        [found.keys[e["factor"]] for e in found.effects],
        frozenset(found.keys[e["factor"]] for e in found.clear),
    )


def _runs_table(found: Screening, runs: list[dict]) -> Table:
    factors = list(found.factors)
    known = [
        name
        for name in WITHOUT_LEARNING
        if any(run.get(name) is not None for run in runs)
    ]
    rows = []
    for run in runs:
        values = run.get("values", {})
        settings = []
        for name in factors:
            value = values.get(name)
            if value is None:
                value = found.factors[name][run["levels"][name] > 0]
            is_plain = isinstance(value, (int, float, str))
            settings.append(value if is_plain else level(value))
        others = [run.get(name) for name in known]
        rows.append([*settings, run.get("seed"), run["response"], *others])
    columns = (*factors, "seed", found.response, *known)
    return Table("Every run", columns, rows)


def _point(
    panel: Any, x: float, y: float, effect: dict, key: str, ink: Ink
) -> None:
    """The mark of an effect; one whose interval excludes zero stands out."""
    is_round = is_clear(effect)
    points(
        panel,
        [x],
        [y],
        key,
        marker="o" if is_round else "D",
        color=ink["accent"] if is_round else ink["s5"],
        markersize=7,
    )


def effects(found: Screening) -> Picture:
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
            key = found.keys[effect["factor"]]
            _point(panel, effect["effect"], place, effect, key, ink)
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


def means(found: Screening) -> Picture:
    """The response at both levels of each factor."""
    factors = list(found.factors)
    rows = -(-len(factors) // 5)
    columns = -(-len(factors) // rows)

    def draw(figure, ink):
        axes = panels(figure, len(factors), 5, sharey=True)
        overall = np.mean([run["response"] for run in found.runs])
        for panel, factor in zip(axes, factors, strict=True):
            groups = [
                [r["response"] for r in found.runs if r["levels"][factor] == at]
                for at in (-1, 1)
            ]
            for at, group in zip((0, 1), groups, strict=True):
                faint = {"color": ink["r2"], "markersize": 4, "alpha": 0.7}
                panel.plot([at] * len(group), group, "o", **faint)
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


def half_normal(found: Screening) -> Picture:
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
        noise = {"color": ink["muted"], "linestyle": "--", "linewidth": 1.2}
        panel.plot([0, edge], [0, scale * edge], **noise)
        above = math.inf
        largest_first = [*zip(quantiles, sizes, effects, strict=True)][::-1]
        for x, y, effect in largest_first[::-1]:
            _point(panel, x, y, effect, found.keys[effect["factor"]], ink)
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
