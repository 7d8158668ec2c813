"""The pictures of a diagnosis, and its content sorted for them."""

import math
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle
from scipy import optimize

from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import DASHES, MARKERS, Ink, mark, panels, points
from tfq_hybrid.shapes import check_shape

MEASURES = {
    "expressibility": "Expressibility",
    "entangling_capability": "Entangling capability",
    "gradient_variance": "Gradient variance",
}


class Interval(TypedDict):
    """A measure and its interval."""

    value: float
    low: float
    high: float


class Circuit(TypedDict):
    """What is used of a circuit."""

    ansatz: str
    qubits: int
    depth: int
    weights: NotRequired[int | None]
    expressibility: Interval
    entangling_capability: Interval
    gradient_variance: Interval


class Fit(TypedDict):
    """How the gradient variance of an ansatz decays with its qubits."""

    ansatz: NotRequired[str]
    depth: int
    rate: float
    low: float
    high: float
    intercept: float
    scatter: NotRequired[float | None]
    qubits: list[int]


class Diagnosis(TypedDict):
    """What is used of `diagnosis.json`."""

    settings: dict
    circuits: list[Circuit]
    decay: list[Fit]


class Circuits:
    """The content of `diagnosis.json`, circuits by ansatz, qubits and depth.

    `decay` are the fits, `names` those of the ansätze, `grids` the names of
    those in more than one size.
    """

    def __init__(self, content: Mapping[str, Any]):
        check_shape(content, Diagnosis)
        if not content["circuits"]:
            raise ValueError("there is no circuit")
        if not all(fit["qubits"] for fit in content["decay"]):
            raise ValueError("a fit is to no number of qubits")
        self.circuits = sorted(
            content["circuits"],
            key=lambda c: (c["ansatz"], c["qubits"], c["depth"]),
        )
        self.decay = content["decay"]
        self.observable = content["settings"].get("observable", "")
        self.names = list(dict.fromkeys(c["ansatz"] for c in self.circuits))
        self.keys = [str(i) for i in range(len(self.circuits))]
        self.tips = {
            key: f"{c['ansatz']}, {c['qubits']} qubits, depth {c['depth']}\n"
            + "\n".join(
                f"{title} {Estimate.of(c[name])}"
                for name, title in MEASURES.items()
            )
            for key, c in zip(self.keys, self.circuits, strict=True)
        }
        self.grids = [n for n in self.names if len(self.of(n)) > 1]

    def of(self, name: str) -> list[tuple[str, dict]]:
        """Pairs (key, circuit) of an ansatz."""
        pairs = zip(self.keys, self.circuits, strict=True)
        return [(key, c) for key, c in pairs if c["ansatz"] == name]


def is_of(fit: Mapping[str, Any], name: str) -> bool:
    """Whether a fit is that of an ansatz."""
    return fit.get("ansatz", name) == name


def _size(count: int, height: float) -> tuple[float, float]:
    """Inches of a figure of so many panels of a height, two a row."""
    return (9.0, 0.4 + height * -(-count // 2)) if count > 1 else (8.0, height)


# Qubits from which four of five random fidelities are in the first of 75 bins.
_WIDE = 7
# Nats: below it a divergence is not told from zero by thousands of pairs.
_FLOOR = 2e-3


def heat_map(found: Circuits, measure: str, colours: str) -> Picture:
    """A measure over qubits and depth, a panel for each ansatz.

    `colours` is a colour map of Matplotlib.
    """
    shown = [c[measure]["value"] for c in found.circuits]
    is_log = measure == "expressibility"

    def shade(value):
        if not is_log:
            return value
        low, high = math.log(_FLOOR), math.log(max(1.0, *shown))
        return (math.log(max(value, _FLOOR)) - low) / (high - low)

    def draw(figure, ink):
        palette = matplotlib.colormaps[colours]
        axes = panels(figure, len(found.grids))
        for panel, name in zip(axes, found.grids, strict=True):
            cells = found.of(name)
            columns = sorted({c["qubits"] for _, c in cells})
            rows = sorted({c["depth"] for _, c in cells})
            for key, c in cells:
                x, y = columns.index(c["qubits"]), rows.index(c["depth"])
                value = c[measure]["value"]
                red, green, blue, _ = palette(shade(value))
                box = Rectangle(
                    (x - 0.5, y - 0.5),
                    width=1,
                    height=1,
                    facecolor=(red, green, blue),
                    edgecolor=ink["surface"],
                    linewidth=1.5,
                    gid=mark(key),
                )
                panel.add_patch(box)
                light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
                style = {"ha": "center", "va": "center", "fontsize": 8.5}
                style["color"] = "#10151d" if light else "#ffffff"
                panel.text(x, y, _cell(value), **style)
            panel.set_xlim(-0.5, len(columns) - 0.5)
            panel.set_ylim(-0.5, len(rows) - 0.5)
            panel.set_xticks(range(len(columns)), columns)
            panel.set_yticks(range(len(rows)), rows)
            panel.tick_params(length=0)
            panel.spines[:].set_visible(False)
            panel.set_xlabel("qubits")
            panel.set_ylabel("depth (layers)")
            panel.set_title(plain(name, 40), loc="left")

    if is_log:
        title = "Expressibility: how evenly a circuit covers the states"
        reading = (
            "Each cell is the divergence of the circuit's states from "
            "random ones, in nats (Sim et al. 2019). Read it as a distance: "
            "0 reaches every state alike, larger numbers reach fewer. More "
            "layers help until the cells stop falling; layers beyond that "
            "add parameters, not reach."
        )
        if max(c["qubits"] for c in found.circuits) >= _WIDE:
            reading += (
                f" From {_WIDE} qubits on nearly all random states fall into "
                "one bin of the histogram, so that wide circuits look alike: "
                "compare them by the other measures too."
            )
    else:
        title = "Entangling capability: how entangled its states are"
        reading = (
            "Each cell is the mean Meyer–Wallach measure of the circuit's "
            "states: 0 where every qubit is by itself, 1 where each is fully "
            "entangled with the rest. Random (Haar) states have 0.4 on two "
            "qubits, 0.67 on three, and close to 1 on many. States with a low "
            "number are close to products of single qubits, which any "
            "computer handles with ease."
        )
    deepest = max(found.circuits, key=lambda c: (c["depth"], c["qubits"]))
    alt = (
        f"Heat map of {MEASURES[measure].lower()} over qubits and depth, from "
        f"{number(min(shown))} to {number(max(shown))}; "
        f"{number(deepest[measure]['value'])} for the largest circuit. The "
        "table below has every number."
    )
    rows = len({c["depth"] for c in found.circuits})
    size = _size(len(found.grids), 1.3 + 0.42 * rows)
    name = measure.replace("_", "-")
    return Picture(name, title, reading, alt, size, draw, found.tips)


def _cell(value: float) -> str:
    """A number in a small space."""
    if value < 0.0005:
        return "0"
    return f"{value:.3f}" if value < 10 else f"{value:.0f}"


def circuit_map(found: Circuits) -> Picture:
    """Expressibility against entangling capability, a mark a circuit."""

    def draw(figure, ink):
        panel = figure.subplots()
        for place, name in enumerate(found.names):
            kind = {
                "marker": MARKERS[place % len(MARKERS)],
                "color": ink.series(place),
            }
            for key, c in found.of(name):
                ex, en = c["expressibility"], c["entangling_capability"]
                x = [max(ex[n], _FLOOR) for n in ("value", "low", "high")]
                bar = {"linewidth": 0.8, "alpha": 0.55}
                panel.plot(x[1:], [en["value"]] * 2, color=kind["color"], **bar)
                style = {
                    "markersize": 3.5 + 0.6 * min(c["qubits"], 10),
                    "markeredgecolor": ink["surface"],
                }
                points(panel, x[:1], [en["value"]], key, **style, **kind)
            panel.plot([], [], linestyle="none", label=plain(name, 40), **kind)
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        panel.xaxis.set_minor_formatter("")
        panel.invert_xaxis()
        panel.set_ylim(-0.03, 1.03)
        panel.set_xlabel("expressibility (nats): more expressive to the right")
        panel.set_ylabel("entangling capability")
        panel.grid(True, linewidth=0.7)
        if len(found.names) > 1:
            figure.legend(
                loc="outside upper left", ncols=min(3, len(found.names))
            )

    return Picture(
        "map",
        "Where each circuit stands",
        "One mark for each circuit, larger for more qubits. Upwards it "
        "entangles more, to the right it reaches the states more evenly "
        "(the axis is logarithmic and turned around; at 0.002, where the "
        "axis ends, the divergence is not told from zero). Among circuits "
        "at one place take the one with the fewest layers.",
        f"Scatter of entangling capability over expressibility of "
        f"{len(found.circuits)} circuits.",
        (9.0, 4.6),
        draw,
        found.tips,
    )


def decay(found: Circuits) -> Picture:
    """The gradient variance over qubits with its fits, a line a depth."""
    names = [n for n in found.names if any(is_of(f, n) for f in found.decay)]
    shown = [c["gradient_variance"]["value"] for c in found.circuits]
    shown = [math.log2(value) for value in shown if value]
    gap = max(max(shown) - min(shown), 1.0) / 20  # between two labels

    def draw(figure, ink):
        axes = panels(figure, len(names), sharey=True)
        for panel, name in zip(axes, names, strict=True):
            fits = {f["depth"]: f for f in found.decay if is_of(f, name)}
            depths = sorted(fits)
            for place, depth in enumerate(depths):
                share = (place + 1) / len(depths)
                colour = ink.ramp(share - 1e-9)
                marker = MARKERS[place % len(MARKERS)]
                style = {"marker": marker, "color": colour, "markersize": 5.5}
                for key, c in found.of(name):
                    estimate, x = c["gradient_variance"], c["qubits"]
                    if c["depth"] != depth or not estimate["value"]:
                        continue
                    ends = [max(estimate["low"], 1e-30), estimate["high"]]
                    panel.plot([x, x], ends, color=colour, linewidth=1.2)
                    points(panel, [x], [estimate["value"]], key, **style)
                fit = fits[depth]
                x = np.array([min(fit["qubits"]), max(fit["qubits"])])
                y = 2 ** (fit["intercept"] - fit["rate"] * x)
                panel.plot(x, y, color=colour, linewidth=1.6, zorder=1)
            _label_ends(panel, fits, gap, ink)
            panel.set_yscale("log", base=2)
            panel.yaxis.set_major_formatter(lambda y, _: f"{y:.3g}")
            qubits = sorted({c["qubits"] for _, c in found.of(name)})
            panel.set_xticks(qubits)
            panel.set_xlim(qubits[0] - 0.3, qubits[-1] + 1.5)
            panel.grid(True, axis="y", linewidth=0.7)
            panel.set_xlabel("qubits")
            panel.label_outer()
            panel.set_title(plain(name, 40), loc="left")
        figure.supylabel("variance of the gradient", fontsize=10)

    rates = [fit["rate"] for fit in found.decay]
    return Picture(
        "gradient-variance",
        "Gradient variance: will it train when it grows?",
        "Points are the variance of the gradient of "
        f"{plain(found.observable)} over random initialisations, bars their "
        "intervals, lines the fits, one for each depth; each step down on the "
        "axis is a factor. Flat lines keep their gradient as the circuit "
        "grows; a straight fall is an exponential one, a barren plateau "
        "(McClean et al. 2018), where the steps of the optimizer drown in "
        "noise.",
        f"Gradient variance over qubits on a logarithmic axis, with a fitted "
        f"line for each depth. Decay rates lie from {number(min(rates))} to "
        f"{number(max(rates))} halvings for each qubit.",
        _size(len(names), 4.2),
        draw,
        found.tips,
    )


def _label_ends(
    panel: Any, fits: dict[int, dict], gap: float, ink: Ink
) -> None:
    """The depth at the right end of each line, without overlap."""
    ends = []
    for depth, fit in fits.items():
        x = max(fit["qubits"])
        ends.append((fit["intercept"] - fit["rate"] * x, depth, x))
    ends.sort()
    heights = spread([end[0] for end in ends], gap)
    for height, (_, depth, x) in zip(heights, ends, strict=True):
        text = "depth " * (depth in (min(fits), max(fits))) + str(depth)
        style = {"va": "center", "fontsize": 8.5, "color": ink["text"]}
        panel.text(x + 0.2, 2**height, text, **style)


def spread(heights: list[float], gap: float) -> list[float]:
    """Sorted heights, moved as little as it takes to keep a gap.

    >>> spread([0.0, 0.2, 5.0], gap=1.0)
    [-0.4, 0.6, 5.0]
    """
    steps = gap * np.arange(len(heights))
    found = optimize.isotonic_regression(np.subtract(heights, steps))
    return (found.x + steps).tolist()


def rates(found: Circuits) -> Picture:
    """The fitted rates over depth, a line for each ansatz."""
    names = list(dict.fromkeys(f.get("ansatz", "") for f in found.decay))

    def draw(figure, ink):
        panel = figure.subplots()
        panel.axhline(0, color=ink["muted"], linewidth=1)
        panel.axhline(1, color=ink["muted"], linewidth=1, linestyle="--")
        for place, name in enumerate(names):
            fits = [f for f in found.decay if f.get("ansatz", "") == name]
            fits.sort(key=lambda f: f["depth"])
            shift = 0.08 * (place - (len(names) - 1) / 2)
            x = [f["depth"] + shift for f in fits]
            y = np.array([f["rate"] for f in fits])
            low = y - [f["low"] for f in fits]
            high = np.array([f["high"] for f in fits]) - y
            panel.errorbar(
                x,
                y,
                np.maximum([low, high], 0),
                color=ink.series(place),
                marker=MARKERS[place % len(MARKERS)],
                linestyle=DASHES[place % len(DASHES)],
                capsize=3,
                label=plain(name, 40),
            )
        depths = sorted({f["depth"] for f in found.decay})
        panel.set_xticks(depths)
        panel.set_xlabel("depth (layers)")
        panel.set_ylabel("halvings for each qubit")
        panel.grid(True, axis="y", linewidth=0.7)
        if len(names) > 1:
            panel.legend(loc="best")

    return Picture(
        "decay-rate",
        "Decay rate over depth",
        "The slope of each line above, with its interval: 0 is no decay, at "
        "the dashed line each qubit more halves the variance of the gradient. "
        "The bars tell the noise of sampling alone: where the points above "
        "lie far from their line, even and odd numbers of qubits apart, say, "
        "the rate is only their trend.",
        "Decay rate over depth with 95 % intervals: "
        + "; ".join(
            f"depth {f['depth']} {number(f['rate'])}" for f in found.decay[:12]
        ),
        (9.0, 3.6),
        draw,
    )
