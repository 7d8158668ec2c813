"""The tables of the benchmark, from its results alone."""

from benchmarks.goals import judge
from benchmarks.implementations import IMPLEMENTATIONS
from benchmarks.results import Results
from tfq_hybrid.reports.document import markdown_table

MIB = 2**20
GROUP_TITLES = {
    "grid": "The grid",
    "large": "Many qubits",
    "fed": "Every value fed per example",
    "memory": "Training memory",
}


def markdown(results: Results) -> str:
    """The report."""
    parts = [
        "# Engines side by side",
        _how(results),
        "## Goals",
        _goals(results),
    ]
    groups = list(dict.fromkeys(e["group"] for e in results.cases.values()))
    for group in groups:
        keys = [k for k, e in results.cases.items() if e["group"] == group]
        parts.append(f"## {GROUP_TITLES.get(group, group)}")
        for mode, title in (
            ("gradient", "Forward + gradient"),
            ("forward", "Forward"),
        ):
            if any(_has(results, key, mode) for key in keys):
                parts += [f"### {title}", _times(results, keys, mode)]
    if results.cases:
        keys = list(results.cases)
        parts += [
            "## First call",
            "Seconds of the first forward + gradient, with tracing and "
            "compilation.",
            _table(results, keys, _first_call),
            "## Peak memory",
            "MiB: the largest resident size of a fresh process after forward "
            "+ gradient; in brackets its growth over the start.",
            _table(results, keys, _peak),
        ]
    if "training_step" in results.content:
        parts += ["## A training step of QFFN-BERT", _training_step(results)]
    parts += ["## Versions", _versions(results)]
    return "\n\n".join(parts) + "\n"


def ratio_text(ratio: dict | None) -> str:
    """A ratio with its spread over the turns.

    Example:

    >>> ratio_text({"median": 12.34, "min": 9.0, "max": 130.4})
    '12.3 (9 to 130)'
    """
    if ratio is None:
        return "–"
    low, high = _short(ratio["min"]), _short(ratio["max"])
    return f"{_short(ratio['median'])} ({low} to {high})"


def _short(value: float) -> str:
    """Three figures, no exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _how(results):
    settings = results.content["settings"]
    environment = results.content["environment"]
    return (
        f"{settings['threads']} threads for everybody on a machine of "
        f"{environment['cores']} cores ({environment.get('processor', '')}). "
        "Times are medians of one call, in milliseconds, over up to "
        f"{settings['rounds']} alternating turns; ratios are taken turn by "
        "turn, with the least and the most. Outputs agreed with a NumPy "
        "reference in float64 to 1e-5, or nothing was timed. An "
        f"implementation had {settings['cap_seconds']:g} s to start, compile "
        f"and call twice, and {settings['memory_gb']:g} GB.\n\n"
        "The gradient is that of the sum of squared outputs, with respect to "
        "inputs and weights. Everything is simulated on the CPU in single "
        "precision."
    )


def _goals(results):
    rows = []
    for row in judge(results):
        measured = row["measured"]
        rows.append(
            [
                row["title"],
                row["goal"],
                ratio_text(measured),
                measured["of"] if measured else "",
                row["verdict"],
                row["bound"],
            ]
        )
    head = ["", "goal", "measured", "of", "", "what bounds it"]
    return markdown_table(head, rows)


def _has(results, key, mode):
    return any(results.figures(key, n, mode) for n in results.done_names(key))


def _names(results, keys):
    names = {name for key in keys for name in results.done_names(key)}
    return [name for name in IMPLEMENTATIONS if name in names]


def _titles(names):
    return [IMPLEMENTATIONS[name].title for name in names]


def _sizes(entry):
    return f"{entry['qubits']}, {entry['depth']}, {entry['batch']:,}"


def _times(results, keys, mode):
    names = _names(results, keys)
    rows, notes = [], []
    for key in keys:
        row = [_sizes(results.cases[key])]
        for name in names:
            median = results.median(key, name, mode)
            row.append("–" if median is None else _short(median * 1e3))
            status = results.figures(key, name, mode).get("status", "ok")
            if status != "ok":
                notes.append(f"- {key}, {name}: {status}")
        own = results.best(key, mode, "batched")
        for kind in ("peer", "stock"):
            other = results.best(key, mode, kind)
            both = own is not None and other is not None
            ratio = results.ratio(key, mode, other, own) if both else None
            row.append(ratio_text(ratio))
            if kind == "peer" and ratio:
                row[-1] += f" {other}"
        rows.append(row)
    head = ["qubits, depth, batch", *_titles(names)]
    head += ["best peer / batched", "TFQ / batched"]
    text = markdown_table(head, rows)
    if notes:
        text += "\n\nNot timed:\n\n" + "\n".join(notes)
    return text


def _table(results, keys, cell):
    """A row a case, a column an implementation."""
    names = _names(results, keys)
    rows = [
        [key, *(cell(results, key, name) for name in names)] for key in keys
    ]
    return markdown_table(["", *_titles(names)], rows)


def _first_call(results, key, name):
    first = results.figures(key, name, "gradient").get("first_seconds")
    return "–" if first is None else f"{first:.2f}"


def _peak(results, key, name):
    grew = results.grew(key, name)
    if grew is None:
        return "–"
    peak = results.figures(key, name, "gradient")["peak_bytes"]
    return f"{peak / MIB:,.0f} ({grew / MIB:,.0f})"


def _training_step(results):
    step = results.content["training_step"]
    rows = []
    for name, figures in step["blocks"].items():
        rows.append(
            [
                name,
                f"{figures['median_ms']:.1f}",
                ratio_text(step["over_batched"].get(name)),
            ]
        )
    return f"{step['about']}\n\n" + markdown_table(
        ["blocks", "ms", "this / quantum, batched"], rows
    )


def _versions(results):
    versions = dict(results.content["environment"])
    for entry in results.cases.values():
        for measured in entry["implementations"].values():
            versions.update(measured.get("versions", {}))
    return markdown_table(["", ""], versions.items())
