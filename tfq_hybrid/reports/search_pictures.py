"""The pictures of a search, and its content sorted for them."""

import itertools
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import numpy as np

from tfq_hybrid.errors import check_choice, is_number
from tfq_hybrid.estimate import number, plain
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import Ink, mark, points
from tfq_hybrid.shapes import check_shape

# An argument of a trial, or a level of a factor.
Value = bool | float | str | list | None
# What a training reaches without learning, and what that is.
WITHOUT_LEARNING = {
    "val_majority_accuracy": "accuracy of the majority class",
    "val_unigram_loss": "loss of unigrams",
}
_BETTER = {"max": "higher is better", "min": "lower is better"}


class Named(TypedDict):
    """A dimension of the space."""

    name: str


class Objective(Named):
    """What is searched for; a direction may be written out."""

    direction: str


class Predicted(TypedDict, total=False):
    """What a trial was estimated to take."""

    bytes: float | None
    seconds: float | None


class Trial(TypedDict):
    """What is used of a trial."""

    id: str
    status: str
    values: dict[str, Value]
    metrics: NotRequired[dict[str, float] | None]
    curve: NotRequired[dict[str, list[float]] | None]
    predicted: NotRequired[Predicted | None]
    seconds: NotRequired[float | None]
    parameters: NotRequired[float | None]
    reason: NotRequired[str | None]


class Search(TypedDict):
    """What is used of `search.json`."""

    objectives: list[Objective]
    space: list[Named]
    trials: list[Trial]
    pareto: NotRequired[list[str] | None]
    best: NotRequired[str | None]
    importance: NotRequired[dict[str, float | None] | None]
    executions: NotRequired[int | None]
    remarks: NotRequired[list[str] | None]


class Trials:
    """The content of `search.json`: all trials, and those that are done.

    `objectives` are pairs of a name and `"max"` or `"min"`; `done` are the
    completed trials that have the first objective; `pareto` are ids.
    """

    def __init__(self, content: Mapping[str, Any]):
        check_shape(content, Search)
        self.objectives = [
            (o["name"], o["direction"][:3]) for o in content["objectives"]
        ]
        if not self.objectives:
            raise ValueError("there is no objective")
        for _, direction in self.objectives:
            check_choice("direction", direction, _BETTER)
        self.names = list(dict.fromkeys(p["name"] for p in content["space"]))
        self.all = list(content["trials"])
        self._keys = {t["id"]: str(i) for i, t in enumerate(self.all)}
        first, _ = self.objectives[0]
        self.done = [
            t
            for t in self.all
            if t["status"] == "completed" and self.metric(t, first) is not None
        ]
        self.pareto = list(content.get("pareto") or ())
        self.importance = dict(content.get("importance") or {})
        self.executions = content.get("executions") or 1
        self.remarks = list(content.get("remarks") or ())
        best = content.get("best")
        self.best = next((t for t in self.all if t["id"] == best), None)
        self.tips = {self.key(t): self._tip(t) for t in self.all}

    def key(self, trial: dict) -> str:
        """What links a trial's marks and its row."""
        return self._keys[trial["id"]]

    def metric(self, trial: dict, name: str) -> Any:
        """A metric of a trial, or `None`."""
        metrics = trial.get("metrics") or {}
        found = metrics.get(name, trial.get(name))
        return found if is_number(found) else None

    def ranked(self) -> list[tuple[dict, float]]:
        """Each trial and its share, from 0 of the worst to 1 of the best."""
        name, direction = self.objectives[0]
        sign = -1 if direction == "min" else 1
        scores = {self.key(t): sign * self.metric(t, name) for t in self.done}
        order = sorted(self.done, key=lambda t: scores[self.key(t)])
        levels = sorted(set(scores.values()))
        last = len(levels) - 1 or 1
        shares = {level: place / last for place, level in enumerate(levels)}
        return [(trial, shares[scores[self.key(trial)]]) for trial in order]

    def is_best(self, trial: dict) -> bool:
        """Whether it is the best trial."""
        return self.best is not None and trial["id"] == self.best["id"]

    def _tip(self, trial: dict) -> str:
        metrics = [
            f"{name} {number(self.metric(trial, name))}"
            for name, _ in self.objectives
        ]
        values = [f"{k} {number(v)}" for k, v in trial["values"].items()]
        return "\n".join([f"trial {trial['id']}", *metrics, *values])


def importance(trials: Trials) -> Picture | None:
    """Bars: which values of the space explain the first objective."""
    shares = {k: v for k, v in trials.importance.items() if v is not None}
    if not shares:
        return None
    names = sorted(shares, key=lambda name: shares[name])[-15:]

    def draw(figure, ink):
        panel = figure.subplots()
        values = [shares[name] for name in names]
        panel.barh(range(len(names)), values, color=ink["s0"], height=0.62)
        for place, value in enumerate(values):
            panel.annotate(
                number(float(value), 2),
                (max(value, 0), place),
                (5, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        panel.set_yticks(range(len(names)), [plain(n, 30) for n in names])
        panel.set_xlim(min(0, *values), max(1e-9, *values) * 1.15)
        panel.tick_params(axis="y", length=0)
        panel.set_xlabel(f"importance for {plain(trials.objectives[0][0], 40)}")
        panel.spines["left"].set_visible(False)

    return Picture(
        "importance",
        "Importance: what the result depends on",
        "The longer the bar, the more of the differences between trials goes "
        "with that value. It says what matters among the values that were "
        "tried, not which value is best; with few trials it is rough.",
        "Importance: "
        + "; ".join(
            f"{plain(n)} {number(float(shares[n]), 2)}" for n in names[::-1]
        ),
        (9.0, 1.0 + 0.34 * len(names)),
        draw,
    )


def pareto(trials: Trials) -> Picture | None:
    """Scatters of the objectives in pairs, with the Pareto front."""
    if len(trials.objectives) < 2 or not trials.done:
        return None
    pairs = list(itertools.combinations(trials.objectives[::-1], 2))[:3]

    def draw(figure, ink):
        panels = figure.subplots(1, len(pairs), squeeze=False)[0]
        for panel, (across, up) in zip(panels, pairs, strict=True):
            _scatter(panel, trials, across, up, ink)

    return Picture(
        "pareto",
        "Pareto front: what the result costs",
        "Each mark is a trial. Those of the front, in colour, are the ones "
        "that no other trial beats in every objective: choose among them by "
        "what you can afford, and no other. The axes say which way is better.",
        f"Scatter of {len(trials.done)} trials over "
        + " and ".join(plain(name) for name, _ in trials.objectives)
        + f"; {len(trials.pareto)} are on the Pareto front.",
        (9.0, 4.2) if len(pairs) == 1 else (4.2 * len(pairs), 3.9),
        draw,
        trials.tips,
    )


def _point(
    panel: Any, x: Any, y: Any, key: str, is_chosen: bool, ink: Ink
) -> None:
    """The mark of a trial; a chosen one stands out."""
    points(
        panel,
        [x],
        [y],
        key,
        marker="D" if is_chosen else "o",
        color=ink["accent"] if is_chosen else ink["r4"],
        markeredgecolor=ink["surface"],
        markersize=8.5 if is_chosen else 6.5,
        zorder=4 if is_chosen else 3,
    )


def _scatter(
    panel: Any,
    trials: Trials,
    across: tuple[str, str],
    up: tuple[str, str],
    ink: Ink,
) -> None:
    xs, front = [], []
    for trial in trials.done:
        x, y = (trials.metric(trial, name) for name, _ in (across, up))
        if x is None or y is None:
            continue
        chosen = trial["id"] in trials.pareto
        xs.append(x)
        front += [(x, y)] * chosen
        _point(panel, x, y, trials.key(trial), chosen, ink)
    if len(trials.objectives) == 2 and front:
        # What is known to be reachable changes only at a trial of the front.
        where = "post" if across[1] == "min" else "pre"
        panel.step(
            *zip(*sorted(front), strict=True),
            where=where,
            color=ink["accent"],
            linewidth=1.3,
            zorder=2,
        )
    if xs and min(xs) > 0 and max(xs) / min(xs) > 50:
        panel.set_xscale("log")
    panel.xaxis.set_major_formatter(lambda x, _: number(float(x)))
    panel.xaxis.set_minor_formatter("")
    panel.set_xlabel(f"{plain(across[0], 30)} ({_BETTER[across[1]]})")
    panel.set_ylabel(f"{plain(up[0], 30)} ({_BETTER[up[1]]})")
    panel.grid(True, linewidth=0.7)


def history(trials: Trials) -> Picture | None:
    """The first objective in the order of the trials."""
    if len(trials.done) < 3:
        return None
    name, direction = trials.objectives[0]
    best = np.minimum if direction == "min" else np.maximum
    values = [trials.metric(t, name) for t in trials.done]

    def draw(figure, ink):
        panel = figure.subplots()
        order = range(1, len(values) + 1)
        running = best.accumulate(values)
        panel.step(order, running, where="post", color=ink["s0"], linewidth=2)
        for x, y, trial in zip(order, values, trials.done, strict=True):
            _point(panel, x, y, trials.key(trial), trials.is_best(trial), ink)
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.set_xlabel("completed trials, in order")
        panel.set_ylabel(f"{plain(name, 30)} ({_BETTER[direction]})")
        panel.grid(True, axis="y", linewidth=0.7)

    return Picture(
        "history",
        "History: was it worth going on?",
        "Marks are trials in the order they ended, the line is the best so "
        "far. If the line has been flat for long, more trials of the same "
        "space will hardly help; if it still moves, go on.",
        f"{plain(name)} of {len(values)} trials in order; the best so far "
        f"ends at {number(best.reduce(values).item())}.",
        (9.0, 3.4),
        draw,
        trials.tips,
    )


def curves(trials: Trials) -> Picture | None:
    """Learning curves of all trials."""
    # The first objective where it has curves, else what does.
    names = [
        n for t in trials.done for n, c in (t.get("curve") or {}).items() if c
    ]
    if not names:
        return None
    first = trials.objectives[0][0]
    name = first if first in names else names[0]
    shown = [
        (trial, share)
        for trial, share in trials.ranked()
        if (trial.get("curve") or {}).get(name)
    ]
    longest = max(len(trial["curve"][name]) for trial, _ in shown)
    if longest < 2:
        return None

    def draw(figure, ink):
        panel = figure.subplots()
        for trial, share in shown:
            values = trial["curve"][name]
            best = trials.is_best(trial)
            panel.plot(
                range(1, len(values) + 1),
                values,
                color=ink["accent"] if best else ink.ramp(share),
                linewidth=2.8 if best else 1.4,
                marker="o" if len(values) < 3 else None,
                markersize=4,
                zorder=4 if best else 2 + share,
                gid=mark(trials.key(trial)),
            )
        panel.set_xlim(0.8, longest + 0.2)
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.set_xlabel("epoch")
        panel.set_ylabel(plain(name, 30))
        panel.grid(True, axis="y", linewidth=0.7)

    return Picture(
        "learning-curves",
        "Learning curves",
        f"{plain(name)} after each epoch, a line for each trial; strong lines "
        "ended well, the thick one is the best trial. Lines that still move "
        "at their end were stopped early, by the tuner or by too few epochs; "
        "lines that turn back overfit.",
        f"{plain(name)} over epochs for {len(shown)} trials.",
        (9.0, 3.9),
        draw,
        trials.tips,
    )
