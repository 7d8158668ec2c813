"""The plot of the benchmark: times over the size of the state, log-log."""

import pathlib

from benchmarks.implementations import IMPLEMENTATIONS
from benchmarks.results import Results

MODES = {"gradient": "forward + gradient", "forward": "forward"}
# Own engines in full lines and warm colours, the others dashed.
STYLES = {
    "batched": {"color": "#c1121f", "marker": "o", "linewidth": 2.2},
    "tfq": {"color": "#7f5539", "marker": "s", "linewidth": 2.2},
    "stock": {"color": "#222222", "marker": "s", "linestyle": "--"},
    "peer": {"marker": "^", "linestyle": "--"},
}
OWN_VARIANTS = ("#c1121f", "#f77f00", "#d81159", "#ffb703")
PEERS = ("#1b6ca8", "#2a9d8f", "#6a4c93", "#7f8c8d", "#8ab17d", "#457b9d")


def draw(results: Results, path: pathlib.Path) -> None:
    """Draws the grid at one depth, if any: a column a batch, a row a mode."""
    points = [
        (key, entry)
        for key, entry in results.cases.items()
        if entry["group"] in ("grid", "large")
    ]
    depths = {entry["depth"] for _, entry in points}
    if not points:
        return
    depth = 2 if 2 in depths else min(depths)
    points = [(key, entry) for key, entry in points if entry["depth"] == depth]
    batches = sorted({entry["batch"] for _, entry in points})
    figure, axes = _panels(len(batches))
    styles = _styles()
    for row, (mode, title) in enumerate(MODES.items()):
        for column, batch in enumerate(batches):
            panel = axes[row][column]
            here = [p for p in points if p[1]["batch"] == batch]
            _panel(panel, results, here, mode, styles)
            panel.set_title(f"{title}, batch {batch:,}", fontsize=10)
    for panel in axes[-1]:
        panel.set_xlabel("qubits (the axis is 2 to their power)")
    for panel in (line[0] for line in axes):
        panel.set_ylabel("ms a call")
    handles = {}
    for panel in figure.axes:
        lines, labels = panel.get_legend_handles_labels()
        handles.update(zip(labels, lines, strict=True))
    order = [row.title for row in IMPLEMENTATIONS.values()]
    labels = sorted(handles, key=order.index)
    figure.legend(
        [handles[label] for label in labels],
        labels,
        loc="outside lower center",
        ncols=min(len(labels), 1 + len(batches)) or 1,
        frameon=False,
    )
    threads = results.content["settings"]["threads"]
    figure.suptitle(f"Ring ansatz of depth {depth}, {threads} threads")
    figure.savefig(path, dpi=120)


def _panels(columns):
    # The object interface: pyplot would ask for a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 + 4 * columns, 9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, columns, squeeze=False, sharey="row")
    return figure, axes


def _styles():
    """Line style of each implementation."""
    styles, peers, variants = {}, iter(PEERS), iter(OWN_VARIANTS)
    for name, row in IMPLEMENTATIONS.items():
        style = dict(STYLES[row.kind])
        if row.kind == "peer":
            style["color"] = next(peers)
        elif row.kind == "batched":
            style["color"] = next(variants)
        styles[name] = style
    return styles


def _panel(panel, results, points, mode, styles):
    from matplotlib.ticker import FuncFormatter, NullLocator

    for name, style in styles.items():
        line = []
        for key, entry in sorted(points, key=lambda p: p[1]["qubits"]):
            median = results.median(key, name, mode)
            if median is not None:
                line.append((2 ** entry["qubits"], median * 1e3))
        if line:
            title = IMPLEMENTATIONS[name].title
            panel.plot(*zip(*line, strict=True), label=title, **style)
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    panel.set_xticks(sorted({2 ** entry["qubits"] for _, entry in points}))
    panel.xaxis.set_major_formatter(
        FuncFormatter(lambda x, _: str(round(x).bit_length() - 1))
    )
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    panel.grid(True, which="major", alpha=0.3)
