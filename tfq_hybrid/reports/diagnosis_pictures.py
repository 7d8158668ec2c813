"""The pictures of a diagnosis: heat maps, and a map of all circuits."""

import math

import matplotlib
from matplotlib.patches import Rectangle

from tfq_hybrid.estimate import number, plain
from tfq_hybrid.reports.circuits import MEASURES, panel_size, panels
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import MARKERS, mark

# Qubits from which four of five random fidelities are in the first of 75 bins.
_WIDE = 7
# Nats: below it a divergence is not told from zero by thousands of pairs.
_FLOOR = 2e-3


def heat_map(found, measure, colours):
    """A measure over qubits and depth, a panel for each ansatz.

    Args:
        found: `Circuits`.
        measure: str, one of `MEASURES`.
        colours: str, a colour map of Matplotlib.
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
                    1,
                    1,
                    facecolor=(red, green, blue),
                    edgecolor=ink["surface"],
                    linewidth=1.5,
                )
                box.set_gid(mark(key))
                panel.add_patch(box)
                light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
                panel.text(
                    x,
                    y,
                    _cell(value),
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color="#10151d" if light else "#ffffff",
                    gid="label",
                )
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
            "entangled with the rest. Random states of many qubits are close "
            "to 1. States with a low number are close to products of single "
            "qubits, which any computer handles with ease."
        )
    deepest = max(found.circuits, key=lambda c: (c["depth"], c["qubits"]))
    alt = (
        f"Heat map of {MEASURES[measure].lower()} over qubits and depth, from "
        f"{number(min(shown))} to {number(max(shown))}; "
        f"{number(deepest[measure]['value'])} for the largest circuit. The "
        "table below has every number."
    )
    rows = len({c["depth"] for c in found.circuits})
    height = 1.3 + 0.42 * rows
    return Picture(
        measure.replace("_", "-"),
        title,
        reading,
        alt,
        panel_size(len(found.grids), height),
        draw,
        found.tips,
    )


def _cell(value):
    """A number in a small space."""
    if value < 0.0005:
        return "0"
    return f"{value:.3f}" if value < 10 else f"{value:.0f}"


def circuit_map(found):
    """Expressibility against entangling capability, a mark a circuit."""

    def draw(figure, ink):
        panel = figure.subplots()
        for place, name in enumerate(found.names):
            for key, c in found.of(name):
                ex, en = c["expressibility"], c["entangling_capability"]
                x = [max(ex[n], _FLOOR) for n in ("value", "low", "high")]
                colour = ink.series(place)
                panel.plot(
                    x[1:],
                    [en["value"]] * 2,
                    color=colour,
                    linewidth=0.8,
                    alpha=0.55,
                )
                panel.plot(
                    [x[0]],
                    [en["value"]],
                    marker=MARKERS[place % len(MARKERS)],
                    color=colour,
                    markersize=3.5 + 0.6 * min(c["qubits"], 10),
                    markeredgecolor=ink["surface"],
                    linestyle="none",
                    gid=mark(key),
                )
            panel.plot(
                [],
                [],
                marker=MARKERS[place % len(MARKERS)],
                linestyle="none",
                color=ink.series(place),
                label=plain(name, 40),
            )
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
