"""The picture of the README: a circuit in a model, and what adapters are worth.

    python -m benchmarks.overview

The picture keeps a digest of what it was drawn from, which a test compares.
"""

import hashlib
import json
import pathlib
from typing import Any

import numpy as np

from benchmarks.methods import CIRCUITS, CLASSICAL, REFERENCE
from benchmarks.methods_page import NONE
from tfq_hybrid.circuits import CircuitSpec
from tfq_hybrid.circuits.drawing import draw_circuit, figure_pixels
from tfq_hybrid.reports.render import FILE as INK

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "benchmarks/results/methods.json"
PICTURE = ROOT / "docs/overview.png"
SPEC = CircuitSpec(
    qubits=4, ansatz=("ry", "rz", "cnot"), entanglement="ring", depth=1
)
BLOCKS = ("text", "token embeddings", "attention", "feed-forward", "logits")


def digest() -> str:
    """What the picture depends on: the figures, and this module."""
    content = SOURCE.read_bytes() + pathlib.Path(__file__).read_bytes()
    return hashlib.sha256(content).hexdigest()


def draw(path: pathlib.Path = PICTURE) -> None:
    """Draws the picture."""
    # The object interface: pyplot would ask for a display.
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    circuit = draw_circuit(SPEC.circuit, SPEC.weights, SPEC.operators)
    circuit.set_dpi(220)
    pixels = figure_pixels(circuit)  # its symbols are set as mathematics
    with matplotlib.rc_context(INK.rc):
        figure = Figure(figsize=(12, 4.4), layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
        _model(left, pixels)
        _methods(right, json.loads(SOURCE.read_text("utf-8")))
        figure.savefig(path, dpi=110, metadata={"inputs": digest()})


def _model(axes, circuit):
    """A column of blocks, one of which is the circuit beside it."""
    axes.set(xlim=(0, 10), ylim=(-0.2, 10), title="A circuit in a BERT")
    axes.axis("off")
    for place, name in enumerate(BLOCKS):
        y = 0.4 + 2 * place
        is_circuit = name == "feed-forward"
        colour = INK.series(1) if is_circuit else INK["muted"]
        axes.text(
            1.5,
            y,
            name,
            ha="center",
            va="center",
            bbox={
                "boxstyle": "round,pad=0.45",
                "facecolor": INK["surface"],
                "edgecolor": colour,
                "linewidth": 2.2 if is_circuit else 1.2,
            },
        )
        if place:
            arrow = {"arrowstyle": "-|>", "color": INK["muted"]}
            axes.annotate(
                "", (1.5, y - 0.55), (1.5, y - 1.45), arrowprops=arrow
            )
    box = {"color": INK.series(1), "linewidth": 0.9, "linestyle": ":"}
    for start, end in ((6.05, 2.1), (6.75, 8.9)):
        axes.plot([2.65, 3.5], [start, end], **box)
    axes.plot([3.5, 10, 10, 3.5, 3.5], [2.1, 2.1, 8.9, 8.9, 2.1], **box)
    for y, words in (
        (8.4, "Dense: 128 features to 4, then angles"),
        (2.6, "Dense: 4 expectation values to 128 features"),
    ):
        axes.text(6.75, y, words, ha="center", va="center", fontsize=9)
    inset = axes.inset_axes((3.55, 3.0, 6.4, 5.1), transform=axes.transData)
    inset.imshow(circuit, aspect="equal", interpolation="lanczos")
    inset.axis("off")


def _methods(axes, content: dict[str, Any]):
    """Accuracy over parameters, an interval for each method and size."""
    groups = {"circuits and unitaries": CIRCUITS, "classical": CLASSICAL}
    for index, (label, names) in enumerate(groups.items()):
        cells = [
            (place, cell)
            for found in content["sizes"].values()
            for place, cell in enumerate(_cells_of(found, names))
        ]
        # Beside each other, where their sizes are the same.
        x = [
            cell["parameters"]
            * np.exp(0.055 * place + 0.05 - 0.36 * (index == 0))
            for place, cell in cells
        ]
        accuracies = [cell["accuracy"] for _, cell in cells]
        y, low, high = (
            np.array([each[name] for each in accuracies])
            for name in ("value", "low", "high")
        )
        axes.errorbar(
            x,
            y,
            (y - low, high - y),
            fmt="os"[index],
            markersize=4.5,
            linewidth=0.9,
            color=INK.series(1 - index),
            label=label,
        )
    cells = [found["cells"] for found in content["sizes"].values()]
    [alone] = [each[REFERENCE] for each in cells if REFERENCE in each]
    axes.axhline(
        alone["accuracy"]["value"],
        color=INK["muted"],
        linestyle="--",
        label="the head alone",
    )
    facts = next(iter(content["sizes"].values()))
    axes.set(
        title=f"Adapters in MiniLM on SST-2, {facts['seeds']} seeds, 95 % CI",
        xlabel="trained parameters of the adapter",
        ylabel="test accuracy in %",
        xscale="log",
        ylim=(68, 87),
    )
    ticks = [int(size) for size in content["sizes"]]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.legend(loc="lower left")


def _cells_of(found, names):
    cells = (found["cells"].get(name, NONE) for name in names)
    return [cell for cell in cells if cell != NONE]


if __name__ == "__main__":
    draw()
    print(PICTURE.relative_to(ROOT))
