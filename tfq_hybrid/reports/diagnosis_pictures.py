"""The pictures of a diagnosis, and its content sorted for them."""

import math
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import matplotlib
from matplotlib.patches import Rectangle

from tfq_hybrid.estimate import Estimate, number, plain
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import MARKERS, mark, panels, points
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


def panels_size(count: int, height: float) -> tuple[float, float]:
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
    size = panels_size(len(found.grids), 1.3 + 0.42 * rows)
    name = measure.replace("_", "-")
    return Picture(name, title, reading, alt, size, draw, found.tips)


def _cell(value: float) -> str:
    """A number in a small space."""
    if value < 0.0005:
        return "<0.001" if value else "0"
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
