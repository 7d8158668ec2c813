"""The pictures of a diagnosis's gradient variances: decay, starts, rates."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import optimize

from tfq_hybrid.diagnostics.gradient_variance import random_gradient_variance
from tfq_hybrid.estimate import number, plain
from tfq_hybrid.reports.diagnosis_pictures import Circuits, panels_size
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import DASHES, MARKERS, Ink, panels, points


def is_of(fit: Mapping[str, Any], name: str) -> bool:
    """Whether a fit is that of an ansatz."""
    return fit.get("ansatz", name) == name


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
            qubits = sorted({c["qubits"] for _, c in found.of(name)})
            _axes(panel, qubits, ink)
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
        f"noise. {HAAR}{_zeros(found)}",
        f"Gradient variance over qubits on a logarithmic axis, with a fitted "
        f"line for each depth. Decay rates lie from {number(min(rates))} to "
        f"{number(max(rates))} halvings for each qubit.",
        panels_size(len(names), 4.2),
        draw,
        found.tips,
    )


def starts(found: Circuits) -> Picture:
    """The gradient variance over qubits at the largest depth, a line a name."""
    deepest = max(c["depth"] for c in found.circuits)
    qubits = sorted({c["qubits"] for c in found.circuits})

    def draw(figure, ink):
        panel = figure.subplots()
        for place, name in enumerate(found.names):
            colour = ink.series(place)
            style = {"color": colour, "marker": MARKERS[place % len(MARKERS)]}
            shift = 0.06 * (place - (len(found.names) - 1) / 2)
            line = []
            for key, c in found.of(name):
                estimate, x = c["gradient_variance"], c["qubits"] + shift
                if c["depth"] != deepest or not estimate["value"]:
                    continue
                ends = [max(estimate["low"], 1e-30), estimate["high"]]
                panel.plot([x, x], ends, color=colour, linewidth=1.2)
                points(panel, [x], [estimate["value"]], key, **style)
                line.append((x, estimate["value"]))
            dash = DASHES[place % len(DASHES)]
            label = plain(name, 40) + ": zero to rounding" * (not line)
            panel.plot(
                *zip(*line, strict=True) if line else ([], []),
                linestyle=dash,
                label=label,
                **style,
            )
        _axes(panel, qubits, ink)
        panel.set_ylabel("variance of the gradient")
        panel.set_xlabel("qubits")
        panel.grid(True, axis="y", linewidth=0.7)
        figure.legend(loc="outside upper left", ncols=min(3, len(found.names)))

    shown = [
        f"{plain(c['ansatz'], 40)} {number(c['gradient_variance']['value'])}"
        for c in found.circuits
        if (c["depth"], c["qubits"]) == (deepest, qubits[-1])
    ]
    return Picture(
        "starts",
        f"Gradient variance side by side, at depth {deepest}",
        "The same variances, one line for each circuit and way to start it, "
        f"with 95 % intervals. {HAAR} A line above it that does not fall "
        "keeps its gradient.",
        f"Gradient variance over qubits at depth {deepest}; at {qubits[-1]} "
        f"qubits: {', '.join(shown[:12])}; Haar "
        f"{number(random_gradient_variance(qubits[-1]))}.",
        (9.0, 4.2),
        draw,
        found.tips,
    )


HAAR = (
    "The dotted line is the variance of a random (Haar) circuit of as many "
    "qubits, which no start should be close to."
)


def _zeros(found: Circuits) -> str:
    """The sentence on the circuits whose gradients are all zero."""
    zero = [
        name
        for name in found.names
        if all(not c["gradient_variance"]["value"] for _, c in found.of(name))
    ]
    names = ", ".join(plain(name, 40) for name in zero)
    return f" Zero to rounding, and not shown: {names}." if zero else ""


def _axes(panel: Any, qubits: list[int], ink: Ink) -> None:
    """Axes over qubits, a logarithmic one, and the Haar value."""
    haar = [random_gradient_variance(n) for n in qubits]
    style = {"color": ink["muted"], "linewidth": 1.2, "linestyle": ":"}
    panel.plot(qubits, haar, label="random (Haar)", zorder=0, **style)
    panel.set_yscale("log", base=2)
    panel.yaxis.set_major_formatter(lambda y, _: f"{y:.3g}")
    panel.set_xticks(qubits)


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
