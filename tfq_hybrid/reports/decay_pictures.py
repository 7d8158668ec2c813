"""The pictures of a diagnosis: how the gradient variance decays."""

import math

import numpy as np

from tfq_hybrid.estimate import number, plain
from tfq_hybrid.reports.circuits import is_of, panel_size, panels
from tfq_hybrid.reports.document import Picture
from tfq_hybrid.reports.render import DASHES, MARKERS, mark


def decay(found):
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
                points = [
                    (key, c)
                    for key, c in found.of(name)
                    if c["depth"] == depth and c["gradient_variance"]["value"]
                ]
                _points(panel, points, colour, MARKERS[place % len(MARKERS)])
                fit = fits[depth]
                x = np.array([min(fit["qubits"]), max(fit["qubits"])])
                y = 2 ** (fit["intercept"] - fit["rate"] * x)
                panel.plot(x, y, color=colour, linewidth=1.6, zorder=1)
            _label_ends(panel, fits, depths, gap, ink)
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
        panel_size(len(names), 4.2),
        draw,
        found.tips,
    )


def _points(panel, points, colour, marker):
    """Points with their intervals."""
    for key, c in points:
        estimate = c["gradient_variance"]
        x = c["qubits"]
        panel.plot(
            [x, x],
            [max(estimate["low"], 1e-30), estimate["high"]],
            color=colour,
            linewidth=1.2,
        )
        panel.plot(
            [x],
            [estimate["value"]],
            marker=marker,
            color=colour,
            markersize=5.5,
            linestyle="none",
            gid=mark(key),
        )


def _label_ends(panel, fits, depths, gap, ink):
    """The depth at the right end of each line, without overlap."""
    ends = []
    for place, depth in enumerate(depths):
        fit = fits[depth]
        x = max(fit["qubits"])
        ends.append((fit["intercept"] - fit["rate"] * x, place, depth, x))
    ends.sort()
    heights = spread([end[0] for end in ends], gap)
    for height, (_, place, depth, x) in zip(heights, ends, strict=True):
        panel.text(
            x + 0.2,
            2**height,
            f"depth {depth}" if place in (0, len(depths) - 1) else f"{depth}",
            va="center",
            fontsize=8.5,
            color=ink["text"],
        )


def spread(heights, gap):
    """Sorted heights, moved as little as it takes to keep a gap.

    Example:

    >>> spread([0.0, 0.2, 5.0], gap=1.0)
    [-0.4, 0.6, 5.0]
    """
    clusters = []  # [heights]: each is laid out evenly around its mean
    for height in heights:
        clusters.append([height])
        while len(clusters) > 1 and (
            _laid(clusters[-2], gap)[-1] + gap > _laid(clusters[-1], gap)[0]
        ):
            last = clusters.pop()
            clusters[-1] += last
    return [h for cluster in clusters for h in _laid(cluster, gap)]


def _laid(cluster, gap):
    middle = sum(cluster) / len(cluster)
    first = middle - gap * (len(cluster) - 1) / 2
    return [first + gap * place for place in range(len(cluster))]


def rates(found):
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
