"""The page of `benchmarks.methods`: cells, differences, and who leads."""

import base64
import itertools
import textwrap
from typing import Any

import numpy as np

from benchmarks.methods import CIRCUITS, CLASSICAL, HEAD, REFERENCE
from tfq_hybrid.comparison.found import FILE, metric_of
from tfq_hybrid.comparison.join import Run
from tfq_hybrid.comparison.statistics import (
    LEVEL,
    mean_interval,
    paired_difference,
)

NONE = "no such size"


def cells_of(folder) -> dict[str, Any]:
    """What the finished comparisons of a folder found, by size."""
    runs = [Run.read(path.parent) for path in folder.glob(f"*/{FILE}")]
    metric = metric_of("classification", "accuracy")
    found = {}
    for run in runs:
        cells: dict[str, Any] = dict.fromkeys(run.content["skipped"], NONE)
        for row in run.rows():
            if row.kind == "train":
                scores = row.scores(metric)
                cells[row.name] = {
                    "parameters": row.cost["parameters"] - HEAD,
                    "rate": row.rate,
                    "accuracy": mean_interval(scores).to_dict(),
                    "right": _packed(scores > 0),
                }
        found[run.folder.name] = {
            "parts": run.content["parts"],
            "seeds": len(run.content["seeds"]),
            "cells": cells,
        }
    return found


def content_of(sizes: dict[str, Any]) -> dict[str, Any]:
    """What is published: the cells, and the differences at each size."""
    sizes = dict(sorted(sizes.items(), key=lambda item: int(item[0])))
    facts = {(*found["parts"], found["seeds"]) for found in sizes.values()}
    if len(facts) != 1:
        raise SystemExit(f"Expected sizes of the same data. Received: {facts}")
    scores = {
        size: {
            name: _unpacked(cell["right"], found)
            for name, cell in found["cells"].items()
            if cell != NONE
        }
        for size, found in sizes.items()
    }
    # The head alone has one size: it is measured once.
    heads = [
        found[REFERENCE] for found in scores.values() if REFERENCE in found
    ]
    for found in scores.values():
        for head in heads[:1]:
            found.setdefault(REFERENCE, head)
    pairs = [
        (size, ours, theirs)
        for size, found in scores.items()
        for ours, theirs in (
            *itertools.product(CIRCUITS, CLASSICAL),
            *itertools.product({**CIRCUITS, **CLASSICAL}, [REFERENCE]),
        )
        if ours in found and theirs in found
    ]
    level = 1 - (1 - LEVEL) / max(1, len(pairs))
    differences = [
        {
            "size": size,
            "ours": ours,
            "theirs": theirs,
            "difference": paired_difference(
                scores[size][ours], scores[size][theirs], level=level
            ).to_dict(),
        }
        for size, ours, theirs in pairs
    ]
    return {
        "about": "Methods of adaptation at equal numbers of parameters; "
        "`right` is which answers are, packed bits of (seeds, examples).",
        "sizes": sizes,
        "differences": differences,
    }


def _packed(right):
    bits = np.packbits(right.astype("uint8").ravel()).tobytes()
    return base64.b64encode(bits).decode("ascii")


def _unpacked(text, found):
    shape = found["seeds"], found["parts"][2]
    bits = np.frombuffer(base64.b64decode(text), "uint8")
    count = shape[0] * shape[1]
    return 100.0 * np.unpackbits(bits, count=count).reshape(shape)


def page(content: dict[str, Any]) -> str:
    """The page in Markdown."""
    sizes = [*content["sizes"]]
    first = content["sizes"][sizes[0]]
    training, validation, test = first["parts"]
    pairs = len(content["differences"])
    lines = [
        "# Methods at equal numbers of parameters",
        "",
        *textwrap.wrap(
            f"SST-2 on MiniLM: {training:,} sentences to train, {validation:,} "
            f"to pick one of three learning rates, {test:,} to test; "
            f"{first['seeds']} seeds, one epoch, adapters in the last two of "
            "six blocks, in the matrices `query`, `value`, `up` and `down` "
            "where the method takes them. Sizes are of the adapters, to 5 %; "
            f"the head's {HEAD} come on top. A method that its own size does "
            "not bring there adapts fewer matrices. Blocks of one qubit are "
            "the same in both first rows. Circuits are simulated.",
            80,
        ),
        "",
        "    python -m benchmarks.methods --data sst2_train.tsv \\",
        "        --test-data sst2_test.tsv --output runs/methods",
        "    python -m benchmarks.methods --output runs/methods \\",
        "        --page docs/methods.md",
        "",
        "Test accuracy in percent, with its 95 % interval, and the parameters.",
        "A dash was not run.",
        "",
        "| | " + " | ".join(f"{int(size):,}" for size in sizes) + " |",
        "|---|" + "---|" * len(sizes),
    ]
    for group, names in (
        ("unitaries and circuits", CIRCUITS),
        ("classical", CLASSICAL),
        ("the head alone", (REFERENCE,)),
    ):
        lines.append(f"| *{group}* |" + " |" * len(sizes))
        for name in names:
            cells = [
                _shown(content["sizes"][s]["cells"].get(name)) for s in sizes
            ]
            if name == REFERENCE:  # measured once
                cells = [max(cells, key=len)] * len(sizes)
            lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "## Who leads", "", *_sentences(content), ""]
    lines += [
        *textwrap.wrap(
            "Differences in points: of the best method of unitaries and "
            "circuits to each classical one, and of every method to the head "
            f"alone. All {pairs} intervals, of every such pair at every size, "
            "hold at once in 95 % of such tables (Bonferroni).",
            80,
        ),
        "",
        "| parameters | method | beside | difference |",
        "|---|---|---|---|",
    ]
    best = {size: _best(content, size)[0] for size in sizes}
    for row in content["differences"]:
        if row["theirs"] == REFERENCE or row["ours"] == best[row["size"]]:
            names = f"{row['ours']} | {row['theirs']}"
            change = _change(row["difference"])
            lines.append(f"| {int(row['size']):,} | {names} | {change} |")
    return "\n".join(lines) + "\n"


def _shown(cell):
    if cell is None or cell == NONE:
        return cell or "–"
    found = cell["accuracy"]
    return (
        f"{found['value']:.1f} ({found['low']:.1f} to {found['high']:.1f}), "
        f"{cell['parameters']:,}"
    )


def _change(found):
    value, low, high = (found[k] for k in ("value", "low", "high"))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"


def _best(content, size):
    """The best of both groups; `None` where there is none."""
    cells = {
        name: cell["accuracy"]["value"]
        for name, cell in content["sizes"][size]["cells"].items()
        if cell != NONE
    }
    return [
        max((n for n in group if n in cells), key=cells.get, default=None)
        for group in (CIRCUITS, CLASSICAL)
    ]


def _leaders(content):
    """Circuits and unitaries that beat every classical one at their size."""
    beaten: dict[tuple, list[bool]] = {}
    for row in content["differences"]:
        if row["theirs"] in CLASSICAL:
            key = row["ours"], row["size"]
            beaten.setdefault(key, []).append(row["difference"]["low"] > 0)
    return [key for key, wins in beaten.items() if all(wins)]


def _sentences(content):
    found = {
        (row["size"], row["ours"], row["theirs"]): row["difference"]
        for row in content["differences"]
    }
    lines = []
    for size in content["sizes"]:
        ours, theirs = _best(content, size)
        if (size, ours, theirs) in found:
            change = _change(found[size, ours, theirs])
            lines += textwrap.wrap(
                f"- At {int(size):,}: {ours} is the best of unitaries and "
                f"circuits, {theirs} the best of the classical ones: {change} "
                "points.",
                80,
                subsequent_indent="  ",
            )
    better = [
        f"{ours} at {int(size):,}"
        for (size, ours, theirs), change in found.items()
        if theirs == REFERENCE and change["low"] > 0
    ]
    named = ", ".join(better) or "none"
    leaders = ", ".join(f"{n} at {int(s):,}" for n, s in _leaders(content))
    verdict = (
        f"Better than every classical method of its size: {leaders}."
        if leaders
        else "No unitary and no circuit is better than every classical method "
        "of its size, with an interval clear of zero."
    )
    return [
        *lines,
        "",
        *textwrap.wrap(verdict, 80),
        *textwrap.wrap(f"Better than the head alone: {named}.", 80),
    ]
